"""Training that goes on from a checkpoint with places that have no characters."""

import shutil
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from actors.storybook import CHECKPOINT
from recipe.illustrator import Illustrator
from recipe.illustrator.attributes import Place, Style
from recipe.illustrator.captions import caption
from recipe.illustrator.sampling import PAIRED, sample_place
from recipe.training.drawings import draw_pictures, load_latents
from recipe.training.loop import Log, Stretch
from recipe.training.places import (
    draw_places,
    is_empty,
    only_empty,
    only_peopled,
    said_of,
    scene_shown,
    train_places,
)
from recipe.training.projection import Projection
from recipe.training.settings import LAPTOP, SMOKE, Optimisation
from recipe.training.start import start_from
from recipe.training.unet import square_error

CAPTIONS = ("attn2.to_k", "attn2.to_v")
RECIPE = replace(
    SMOKE,
    text=LAPTOP.text,
    places=replace(
        SMOKE.places,
        latents=16,
        training=Optimisation(steps=2, batch=2, rate=1e-4, warmup=1),
        domain=PAIRED,
        trained=CAPTIONS,
    ),
)


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns a folder that begins with the shipped checkpoint, with its places drawn."""
    folder = tmp_path_factory.mktemp("places")
    start_from(CHECKPOINT, folder)
    assert draw_pictures(RECIPE, stretch_in(folder), 1)
    (folder / "places").mkdir()
    assert draw_places(RECIPE, stretch_in(folder), 1)
    return folder


def stretch_in(folder: Path, limit_s: float = 600) -> Stretch:
    return Stretch(folder, Log(folder / "log.jsonl"), limit_s, save_every_s=0.0, log_every=1)


def weights(part: Path) -> dict[str, torch.Tensor]:
    (file,) = part.glob("*.safetensors")
    return load_file(file)


def test_some_scenes_are_empty_and_the_others_have_characters() -> None:
    shown = [scene_shown(1, number, PAIRED) for number in range(30)]
    assert [not scene.characters for scene in shown] == [is_empty(each) for each in range(30)]
    assert 5 < sum(is_empty(each) for each in range(30)) < 20
    assert shown == [scene_shown(1, number, PAIRED) for number in range(30)]


def test_empty_places_are_of_every_kind() -> None:
    shown = [sample_place(Random(each), tuple(Style)) for each in range(200)]
    assert {scene.place for scene in shown} == set(Place)
    assert {scene.style for scene in shown} == set(Style)
    assert all(scene.place.outdoors or scene.weather == "dry" for scene in shown)


def test_captions_of_characters_are_whole_or_brief_and_those_of_places_are_whole() -> None:
    empty, other = (scene_shown(1, number, PAIRED) for number in (0, 1))
    said = {said_of(other, Random(each)) for each in range(20)}
    assert {"wearing" in each for each in said} == {True, False}
    assert said_of(empty, Random(3)) == caption(empty, Random(3))


def test_an_empty_place_counts_by_its_picture_and_others_by_what_was_before() -> None:
    rows, wrong = np.array([0, 1, 2, 3]), torch.ones(4, 32, 16, 16)
    assert only_empty(square_error)(wrong, rows).tolist() == [1, 0, 0, 1]
    assert only_peopled(square_error)(wrong, rows).tolist() == [0, 1, 1, 0]


def test_the_latents_of_empty_places_are_those_of_their_backgrounds(begun: Path) -> None:
    data = load_latents(begun / "places")
    projection = Projection.load(begun / "projection.safetensors")
    scene = scene_shown(30_000 + RECIPE.seed, 3, PAIRED)
    drawn = projection.latents(Illustrator().draw(scene).image[None])
    assert np.allclose(data.latents[3], drawn[0], atol=0.01)


def test_only_the_named_weights_learn_and_training_goes_on(begun: Path, tmp_path: Path) -> None:
    folder = tmp_path / "training"
    shutil.copytree(begun, folder)
    assert not train_places(RECIPE, stretch_in(folder, limit_s=-1), 1)
    assert train_places(RECIPE, stretch_in(folder), 1)
    before, after = weights(begun / "unet"), weights(folder / "unet")
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed == {name for name in before if any(part in name for part in CAPTIONS)}
    kept = weights(folder / "places" / "unet")
    assert all(torch.equal(before[name], kept[name]) for name in before)
