"""The training of the storybook checkpoint, at the smallest size with all of its parts."""

import json
import math
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch
from torch import nn

from actors.storybook.grammar import length
from recipe.illustrator.attributes import Character, Framing, Place, Scene, Species, View
from recipe.illustrator.captions import caption
from recipe.illustrator.sampling import FULL, sample_scene
from recipe.training.command import STAGES, main, run
from recipe.training.drawings import draw_pictures, load_latents, load_pictures, scene_of
from recipe.training.export import sample_grid
from recipe.training.labels import IGNORED, all_labels
from recipe.training.loop import Log, Stretch, rate_at, train
from recipe.training.projection import Projection
from recipe.training.settings import SMOKE, Optimisation
from recipe.training.state import Trainee, load_state, save_state
from recipe.training.states import keep_states, load_states
from recipe.training.text import load_towers
from recipe.training.tokenizer import load_tokenizer, multi_token_words
from recipe.training.unet import PlainAttention, new_unet

# The first test waits for every stage: a minute and a half on two cores, several where others work.
pytestmark = pytest.mark.timeout(600)

RECIPE = replace(
    SMOKE,
    text=replace(SMOKE.text, training=Optimisation(steps=2, batch=4, rate=1e-3)),
    vae=replace(
        SMOKE.vae,
        decoder=Optimisation(steps=2, batch=2, rate=1e-3),
        encoder=Optimisation(steps=2, batch=2, rate=1e-3),
    ),
    adapter=replace(SMOKE.adapter, duos=1.0),
    unet=replace(
        SMOKE.unet,
        training=Optimisation(steps=2, batch=2, rate=1e-3),
        domain=FULL,  # pictures of two, from which the adapter learns with region masks
        processes=1,
    ),
    eyes=replace(SMOKE.eyes, training=Optimisation(steps=2, batch=2, rate=1e-3), domain=FULL),
    upscaler=replace(SMOKE.upscaler, training=Optimisation(steps=2, batch=2, rate=1e-3)),
    log_every=1,
)


def stretch_in(folder: Path, limit_s: float = math.inf) -> Stretch:
    folder.mkdir(exist_ok=True)
    return Stretch(folder, Log(folder / "log.jsonl"), limit_s, save_every_s=0.0, log_every=1)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns the folder of a complete training."""
    folder = tmp_path_factory.mktemp("training")
    torch.set_num_threads(1)
    for stage in STAGES:
        if stage != "grid":
            assert run(stage, RECIPE, stretch_in(folder), 1, folder / "checkpoint")
    return folder


def test_every_stage_reports_its_progress(trained: Path) -> None:
    lines = [json.loads(line) for line in (trained / "log.jsonl").read_text().splitlines()]
    assert {line["stage"] for line in lines} >= {
        *("text", "text-probe", "pictures", "decoder", "encoder", "vae-psnr"),
        *("latents", "unet", "unet-held-out", "eyes", "eyes-held-out"),
        *("places", "places-held-out"),
        *("audit", "audit-held-out"),
        *("couples", "image-encoder-held-out", "adapter-held-out", "judge"),
        *("recogniser-held-out", "detector-held-out"),
        *("details", "upscaler", "upscaler-psnr", "upscaler-psnr-decoded"),
    }
    assert all(math.isfinite(line["loss"]) for line in lines if "loss" in line)


def test_the_states_are_small_enough_to_copy(trained: Path) -> None:
    files = list((trained / "state").rglob("*.safetensors"))
    assert {file.parent.name for file in files} == {
        *("text", "decoder", "encoder", "unet", "eyes", "places", "audit", "upscaler"),
        *("image-encoder", "adapter", "recogniser", "detector"),
    }
    assert max(file.stat().st_size for file in files) <= 16 * 1024 * 1024


def test_every_word_of_captions_is_one_token_and_every_caption_fits(trained: Path) -> None:
    tokenizer, chance = load_tokenizer(trained / "tokenizer"), Random(11)
    captions = [caption(sample_scene(chance, FULL), chance) for _ in range(200)]
    assert multi_token_words(tokenizer, captions) == set()
    assert max(len(tokenizer(said).input_ids) for said in captions) <= 77


def test_cached_states_match_the_text_encoders_and_grow_with_the_pictures(trained: Path) -> None:
    towers, data = load_towers(RECIPE, trained), load_latents(trained)
    width, log = RECIPE.text.width, Log(trained / "log.jsonl")
    for file in ("states.npy", "pools.npy", "states.json"):
        (trained / file).unlink(missing_ok=True)
    keep_states(trained, towers, data.first(10), width, log)
    early = np.array(load_states(trained).states)
    keep_states(trained, towers, data, width, log)
    kept = load_states(trained)
    assert np.array_equal(kept.states[:10], early)
    row = len(data.tokens) - 1
    tokens = torch.from_numpy(data.tokens[[row], row % 4].astype(np.int64))
    with torch.no_grad():
        said, pool = towers(tokens)
    assert np.allclose(kept.states[row], said[0].numpy(), atol=0.1)
    assert np.allclose(kept.pools[row], pool[0].numpy(), atol=0.1)


def test_plain_attention_computes_what_the_fused_one_does() -> None:
    torch.manual_seed(0)
    unet, width = new_unet(RECIPE), RECIPE.text.width
    noisy, states = torch.randn(2, 32, 16, 16), torch.randn(2, 77, 2 * width)
    added = {"text_embeds": torch.randn(2, width), "time_ids": torch.full((2, 6), 256.0)}
    found = []
    for plain in (False, True):
        if plain:
            unet.set_attn_processor(PlainAttention())
        with torch.no_grad():
            found.append(unet(noisy, 500, states, added_cond_kwargs=added).sample)
    assert torch.allclose(found[0], found[1], atol=1e-4)


def test_the_length_of_a_prompt_matches_the_tokenizer(trained: Path) -> None:
    tokenizer, chance = load_tokenizer(trained / "tokenizer"), Random(12)
    said = [caption(sample_scene(chance, FULL)) for _ in range(300)]
    assert [len(tokenizer(each).input_ids) for each in said] == list(map(length, said))


def test_the_checkpoint_names_no_path_of_its_machine(trained: Path) -> None:
    settings = [each.read_text() for each in (trained / "checkpoint").rglob("*.json")]
    assert settings
    assert not [each for each in settings if str(trained) in each or "_name_or_path" in each]


def test_the_checkpoint_holds_the_upscaler(trained: Path) -> None:
    shipped = trained / "checkpoint" / "upscaler" / "model.safetensors"
    sums = (trained / "checkpoint" / "checksums.sha256").read_text()
    assert shipped.is_file()
    assert "upscaler/model.safetensors" in sums


def test_drawn_pictures_depend_only_on_their_numbers(trained: Path) -> None:
    pictures, latents = load_pictures(trained), load_latents(trained)
    assert pictures.shape == (RECIPE.vae.pictures, 256, 256, 3)
    assert latents.latents.shape == (RECIPE.unet.latents, 32, 16, 16)
    assert latents.tokens.shape == (RECIPE.unet.latents, 4, 77)
    assert scene_of(1, 5, FULL) == scene_of(1, 5, FULL) != scene_of(1, 6, FULL)


def test_drawing_resumes_where_it_ended(tmp_path: Path) -> None:
    recipe = replace(RECIPE, vae=replace(RECIPE.vae, pictures=130))
    assert not draw_pictures(recipe, stretch_in(tmp_path, limit_s=-1), 1)
    first = np.array(load_pictures(tmp_path)[:64])
    assert first.any()
    assert draw_pictures(recipe, stretch_in(tmp_path), 1)
    assert np.array_equal(load_pictures(tmp_path)[:64], first)
    assert load_pictures(tmp_path)[129].any()
    with pytest.raises(ValueError, match="remove it"):
        draw_pictures(RECIPE, stretch_in(tmp_path), 1)


def test_a_sheet_shows_generated_pictures_above_drawn_ones(trained: Path) -> None:
    sample_grid(RECIPE, trained, trained / "grid.png", count=1, steps=2)
    assert (trained / "grid.png").stat().st_size > 10_000


def test_the_command_runs_a_stage_and_explains_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["tokenizer", "--folder", str(tmp_path), "--recipe", "smoke", "--threads", "2"])
    assert (tmp_path / "tokenizer" / "tokenizer.json").is_file()
    main(["text", "--folder", str(tmp_path), "--recipe", "smoke", "--minutes", "-1"])
    assert "run the same command to continue" in (tmp_path / "log.jsonl").read_text()
    with pytest.raises(SystemExit):
        main(["--help"])
    help_text = capsys.readouterr().out
    assert all(f"  {stage} " in help_text for stage in STAGES)


def test_a_resumed_training_ends_like_an_uninterrupted_one(tmp_path: Path) -> None:
    training = Optimisation(steps=6, batch=1, rate=1e-2, warmup=1)

    def trainee() -> Trainee:
        torch.manual_seed(0)
        return Trainee(nn.Linear(3, 3), training.rate, average=0.9)

    def ran(folder: Path, limits: list[float]) -> Trainee:
        for limit_s in limits:
            model = trainee()

            def loss_of(step: int, model: Trainee = model) -> tuple[torch.Tensor, dict[str, float]]:
                generator = torch.Generator().manual_seed(step)
                return model.network(torch.randn(4, 3, generator=generator)).square().mean(), {}

            finished = train("toy", model, training, loss_of, stretch_in(folder, limit_s))
            assert finished is (limit_s == math.inf)
        return model

    whole = ran(tmp_path / "whole", [math.inf])
    pieces = ran(tmp_path / "pieces", [-1, -1, math.inf])
    assert whole.step == pieces.step == 6
    for one, other in zip(whole.averaged, pieces.averaged, strict=True):
        torch.testing.assert_close(one, other, atol=1e-3, rtol=1e-2)
    pieces.use_average()
    assert torch.equal(pieces.parameters[0], pieces.averaged[0])


def test_a_large_state_is_written_in_pieces(tmp_path: Path) -> None:
    tensors = {str(index): torch.full((2_000_000,), float(index)) for index in range(5)}
    save_state(tmp_path / "state", tensors, step=7)
    assert len(list((tmp_path / "state").glob("*.safetensors"))) == 5
    found = load_state(tmp_path / "state")
    assert found is not None
    assert found[1] == 7
    assert all(torch.equal(found[0][name], tensor) for name, tensor in tensors.items())
    assert load_state(tmp_path / "none") is None


def test_the_rate_rises_then_holds_then_falls() -> None:
    training = Optimisation(steps=1000, batch=1, rate=1.0, warmup=10, decay_from=0.5)
    assert rate_at(training, 0) == pytest.approx(0.1)
    assert rate_at(training, 400) == pytest.approx(1.0)
    assert rate_at(training, 750) == pytest.approx(0.51)
    assert rate_at(training, 999) == pytest.approx(0.02, abs=1e-3)


def test_the_projection_keeps_most_of_a_picture() -> None:
    pictures = np.random.default_rng(0).integers(0, 255, (6, 1, 1, 3), np.uint8)
    plain = np.broadcast_to(pictures, (6, 64, 64, 3)).copy()
    projection = Projection.fit(plain)
    latents = projection.latents(plain)
    assert latents.shape == (6, 32, 4, 4)
    back = (latents.transpose(0, 2, 3, 1) / projection.scale) @ projection.basis.T
    patches = (back + projection.mean).reshape(6, -1, 3).mean(axis=1)
    assert np.abs(patches - (pictures.reshape(6, 3) / 127.5 - 1)).max() < 0.02


def test_hidden_attributes_have_no_label() -> None:
    fox = Character(species=Species.FOX, view=View.BACK)
    scene = Scene((fox,), framing=Framing.FULL_BODY, place=Place.SPACE)
    found = {(label.name, label.slot): label.of(scene) for label in all_labels()}
    hidden = ("hair", "skin", "eyes", "expression", "beard")
    assert all(found[name, 0] == IGNORED for name in hidden)
    assert found["fur", 0] != IGNORED
    assert found["time", None] == found["species", 1] == IGNORED
