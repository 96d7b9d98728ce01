"""Training that goes on from a checkpoint: its folder, and the colour of eyes."""

import shutil
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import UNet2DConditionModel
from safetensors.torch import load_file

from actors.storybook import CHECKPOINT
from recipe.illustrator import Illustrator
from recipe.illustrator.attributes import Character, Eyes, Framing, Scene
from recipe.illustrator.sampling import PAIRED
from recipe.training.command import main
from recipe.training.drawings import draw_pictures, load_latents
from recipe.training.export import export
from recipe.training.eyes import Directions, draw_eyes, train_eyes, with_other_eyes
from recipe.training.loop import Log, Stretch
from recipe.training.settings import LAPTOP, SMOKE, Optimisation
from recipe.training.start import start_from
from recipe.training.text import load_towers
from recipe.training.unet import Anchor, Examples, square_error

RECIPE = replace(
    SMOKE,
    text=LAPTOP.text,
    eyes=replace(
        SMOKE.eyes,
        latents=16,
        training=Optimisation(steps=2, batch=2, rate=1e-4, warmup=1),
        domain=replace(PAIRED, framings=(0, 0, 0, 1, 0)),
    ),
    save_every_s=0.0,
)
PAIR = Scene(
    (Character(eyes=Eyes.BLUE), Character(eyes=Eyes.BROWN)),
    framing=Framing.FULL_BODY,
)


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns a folder that begins with the shipped checkpoint, with its pictures drawn."""
    folder = tmp_path_factory.mktemp("further")
    start_from(CHECKPOINT, folder)
    assert draw_pictures(RECIPE, stretch_in(folder), 1)
    (folder / "eyes").mkdir()
    assert draw_eyes(RECIPE, stretch_in(folder), 1)
    return folder


def stretch_in(folder: Path) -> Stretch:
    return Stretch(folder, Log(folder / "log.jsonl"), save_every_s=0.0, log_every=1)


def weights(part: Path) -> dict[str, torch.Tensor]:
    (file,) = part.glob("*.safetensors")
    return load_file(file)


def test_a_folder_begins_with_a_checkpoint_and_exports_the_same(
    begun: Path, tmp_path: Path
) -> None:
    assert {each.dtype for each in weights(begun / "unet").values()} == {torch.float32}
    assert {each.dtype for each in load_towers(RECIPE, begun).parameters()} == {torch.float32}
    export(begun, tmp_path)
    sums = [
        (folder / "checksums.sha256").read_text().splitlines() for folder in (tmp_path, CHECKPOINT)
    ]
    exported, shipped = ({line for line in each if ".safetensors" in line} for each in sums)
    assert exported == shipped


def test_what_a_folder_has_is_kept(begun: Path, tmp_path: Path) -> None:
    (tmp_path / "unet").mkdir()
    start_from(CHECKPOINT, tmp_path)
    assert list((tmp_path / "unet").iterdir()) == []
    assert (tmp_path / "vae" / "config.json").is_file()


def test_the_command_starts_from_a_checkpoint(tmp_path: Path) -> None:
    start = ["--start", str(CHECKPOINT), "--recipe", "smoke"]
    main(["tokenizer", "--folder", str(tmp_path), *start])
    assert (tmp_path / "image_encoder" / "preprocessor_config.json").is_file()
    assert (tmp_path / "judge" / "config.json").is_file()


def test_other_eyes_change_nothing_but_the_eyes() -> None:
    other = with_other_eyes(PAIR, Random(1))
    for before, after in zip(PAIR.characters, other.characters, strict=True):
        assert before.eyes is not after.eyes
        assert replace(after, eyes=before.eyes) == before
    illustrator = Illustrator()
    drawings = illustrator.draw(PAIR), illustrator.draw(other)
    changed = (drawings[0].image != drawings[1].image).any(axis=2)
    assert 0 < changed.mean() < 0.02
    for mask in drawings[0].masks:
        assert (changed & mask).any()


def test_errors_towards_other_eyes_weigh_more_than_others(begun: Path) -> None:
    drawn, rows = begun / "eyes", np.arange(4)
    pictures = np.array(load_latents(drawn).latents[rows], np.float32)
    towards = torch.from_numpy(np.load(drawn / "others.npy")[rows] - pictures)
    elsewhere = towards.roll(8, dims=2)
    directions = Directions(drawn)
    measured = directions.error(weight=0.5)
    plain = square_error(towards, rows)
    assert (measured(towards, rows) > 10 * plain).all()
    assert torch.allclose(measured(elsewhere, rows), plain, rtol=0.01)
    assert torch.allclose(directions.astray(towards, rows), torch.ones(4), rtol=0.01)


def test_a_departure_costs_where_no_eyes_are(begun: Path) -> None:
    drawn, rows = begun / "eyes", np.arange(4)
    pictures = np.array(load_latents(drawn).latents[rows], np.float32)
    towards = torch.from_numpy(np.load(drawn / "others.npy")[rows] - pictures)
    elsewhere = towards.roll(8, dims=2)
    cost = Directions(drawn).elsewhere(weight=2.0)
    assert (cost(towards, rows) < 0.05 * square_error(towards, rows)).all()
    assert torch.allclose(cost(elsewhere, rows), 2 * square_error(elsewhere, rows), rtol=0.01)


def test_a_step_counts_how_far_the_unet_departs_from_its_anchor(begun: Path) -> None:
    unet: Any = UNet2DConditionModel  # untyped in diffusers 0.42
    network, other = (unet.from_pretrained(begun / "unet").requires_grad_(False) for _ in range(2))
    other.conv_out.bias += 0.5

    def loss(anchor: Anchor | None) -> float:
        recipe = replace(
            RECIPE, unet=replace(RECIPE.unet, training=RECIPE.eyes.training, kept=False)
        )
        examples = Examples(recipe, begun, begun / "eyes", kept_back=4, anchor=anchor)
        return float(examples.loss(network)(0)[0])

    plain = loss(None)
    assert loss(Anchor(network, square_error)) == pytest.approx(plain)
    assert loss(Anchor(other, square_error)) == pytest.approx(plain + 0.25, rel=0.02)


def test_only_the_named_weights_are_trained(begun: Path, tmp_path: Path) -> None:
    folder = tmp_path / "training"
    shutil.copytree(begun, folder)
    captions = ("attn2.to_k", "attn2.to_v")
    recipe = replace(RECIPE, eyes=replace(RECIPE.eyes, trained=captions, kept=1.0))
    ended = Stretch(folder, Log(folder / "log.jsonl"), limit_s=-1)
    assert not train_eyes(recipe, ended, 1)
    assert train_eyes(recipe, stretch_in(folder), 1)
    before, after = weights(begun / "unet"), weights(folder / "unet")
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed == {name for name in before if any(part in name for part in captions)}
    kept = weights(folder / "eyes" / "unet")
    assert all(torch.equal(before[name], kept[name]) for name in before)


def test_the_unet_trains_further_and_goes_on_where_it_ended(begun: Path, tmp_path: Path) -> None:
    folder = tmp_path / "training"
    shutil.copytree(begun, folder)
    ended = Stretch(folder, Log(folder / "log.jsonl"), limit_s=-1)
    assert not train_eyes(RECIPE, ended, 1)
    once = weights(folder / "unet")
    assert train_eyes(RECIPE, stretch_in(folder), 1)
    twice = weights(folder / "unet")
    begin = weights(begun / "unet")
    name = "conv_out.weight"
    assert 0 < (twice[name] - begin[name]).abs().max() < 0.01
    assert not torch.equal(once[name], twice[name])
