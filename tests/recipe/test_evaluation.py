"""The evaluation: its arithmetic, its reading of pictures, and its report of missing parts."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionXLPipeline

from actors.storybook import CHECKPOINT
from recipe.evaluation.attributes import COAT, attribute_section, drawn_section, shares
from recipe.evaluation.audit import NUMBER, Audit, targets, truth
from recipe.evaluation.command import main
from recipe.evaluation.fidelity import load_upscaler, psnr, through_vae
from recipe.evaluation.grids import write_grid
from recipe.evaluation.plain import plain_section
from recipe.evaluation.report import Figure, Report, Section, Share
from recipe.evaluation.sampling import generate, held_out, load_pipeline
from recipe.illustrator.attributes import Character, Framing, Hair, Scene, Species
from recipe.illustrator.sampling import FULL, PORTRAITS
from recipe.training.labels import IGNORED

WIDTHS = (8, 8, 16)
GIRL, FOX = Character(hair=Hair.RED), Character(species=Species.FOX)
TWO = Scene((GIRL, FOX), framing=Framing.FULL_BODY)


class PerfectAudit(Audit):
    """An audit that returns the truth of given scenes."""

    def __init__(self, scenes: list[Scene]) -> None:
        super().__init__(WIDTHS)
        self._scenes = scenes

    def read(self, images: Any, numbers: Any) -> Any:
        found = [truth(scene) for scene in self._scenes]
        everything = {name: values[0] for name, values in self.characters.items()}
        return (
            [whole for whole, _ in found],
            [[everything | character for character in cast] for _, cast in found],
        )


@pytest.fixture(scope="module")
def pipeline() -> Any:
    torch.set_num_threads(1)
    return load_pipeline(CHECKPOINT, StableDiffusionXLPipeline)


def test_a_target_is_met_missed_or_not_measured() -> None:
    assert Figure("a", 90, "%", 90).verdict == "met"
    assert Figure("a", 89.9, "%", 90).verdict == "MISSED"
    assert Figure("a", 4.1, "s", 4, at_most=True).verdict == "MISSED"
    assert Figure("a", 3.9, "s", 4, at_most=True).verdict == "met"
    assert Figure("a", None, "%", 90, missing="no judge").verdict == "NOT MEASURED"
    assert not Figure("a", None, "%", 90, missing="no judge").met
    assert Figure("a", 1, "%").met


def test_a_report_names_missed_targets_and_is_met_without_them() -> None:
    good = Section("good", (Figure("speed", 1, "s", 4, at_most=True),))
    bad = Section("bad", (Figure("place", 80, "%", 90), Figure("scarf", 10, "%")))
    report = Report("here", "a machine", "styled", (good, bad))
    assert [figure.name for figure in report.missed] == ["place"]
    assert "1 targets are not met: place" in report.text()
    assert "Highest rung with all targets met: styled." in report.text()
    found = json.loads(json.dumps(report.json()))
    assert found["met"] is False
    assert found["sections"][1]["figures"][0]["verdict"] == "MISSED"
    assert Report("here", "a machine", "full", (good,)).json()["met"] is True


def test_shares_are_added_and_an_empty_one_is_zero_percent() -> None:
    assert Share(1, 2) + Share(3, 4) == Share(4, 6)
    assert str(Share(3, 4)) == "75.0 % of 4"
    assert Share(0, 0).percent == 0


def test_only_visible_attributes_are_counted() -> None:
    scenes = [TWO, Scene((FOX,))]
    found = shares(PerfectAudit(scenes), np.zeros((2, 4, 4, 3), np.uint8), scenes)
    assert found[COAT] == Share(3, 3)
    assert found["hair"] == Share(1, 1)
    assert found["fur"] == Share(2, 2)
    assert found[NUMBER] == Share(2, 2)
    assert "time" not in found  # a plain background looks the same all day


def test_a_wrong_reading_lowers_the_share() -> None:
    shown = [TWO]
    expected = [Scene((Character(hair=Hair.BLUE), FOX), framing=Framing.FULL_BODY)]
    found = shares(PerfectAudit(shown), np.zeros((1, 4, 4, 3), np.uint8), expected)
    assert found[COAT] == Share(1, 2)
    assert found["species"] == Share(2, 2)
    section = attribute_section("Rung", found, found, found)
    missed = {figure.name for figure in section.figures if not figure.met}
    assert missed == {"hair or fur colour"}
    assert {figure.name for figure in drawn_section(found).figures if not figure.met} == {
        "drawn: hair or fur colour"
    }


def test_without_an_audit_nothing_is_measured() -> None:
    for section in (attribute_section("Rung", {}, {}, {}), drawn_section({})):
        assert len(section.figures) == 6
        assert {figure.verdict for figure in section.figures} == {"NOT MEASURED"}
        assert not section.met


def test_the_targets_of_hidden_attributes_are_ignored() -> None:
    whole, slots = targets([TWO])
    assert whole[NUMBER].tolist() == [1]
    assert slots["hair"][0].tolist() == [IGNORED, 3, *[IGNORED] * 4]
    assert (slots["fur"][0] != IGNORED).tolist() == [False, False, True, False, False, False]


def test_a_saved_audit_reads_the_same(tmp_path: Path) -> None:
    torch.manual_seed(3)
    audit = Audit(WIDTHS).eval()
    audit.save(tmp_path / "audit.safetensors")
    loaded = Audit.load(tmp_path / "audit.safetensors")
    images = np.random.default_rng(0).integers(0, 255, (3, 256, 256, 3), np.uint8)
    whole, casts = loaded.read(images, [1, 2, 3])
    assert whole == audit.read(images, [1, 2, 3])[0]
    assert [len(cast) for cast in casts] == [1, 2, 3]
    assert set(whole[0]) == {*audit.pictures}


def test_an_audit_of_other_attributes_is_refused(tmp_path: Path) -> None:
    audit = Audit(WIDTHS)
    audit.pictures = {**audit.pictures, "style": ("oil",)}
    audit.save(tmp_path / "audit.safetensors")
    with pytest.raises(ValueError, match="train it again"):
        Audit.load(tmp_path / "audit.safetensors")


def test_psnr_is_that_of_the_formula() -> None:
    black = np.zeros((2, 8, 8, 3), np.uint8)
    assert psnr(black + np.uint8(51), black) == pytest.approx(13.979, abs=1e-3)
    assert psnr(black, black) == 100


def test_held_out_scenes_are_the_same_each_time_and_of_their_domain() -> None:
    assert held_out(FULL, 6) == held_out(FULL, 6)
    assert all(each.scene.framing is Framing.CLOSE_UP for each in held_out(PORTRAITS, 6))


def test_a_picture_does_not_depend_on_its_batch(pipeline: Any) -> None:
    captions = ["cartoon style, portrait of a girl", "watercolor style, portrait of a boy"]
    together = generate(pipeline, captions, [4, 5], steps=2)
    alone = generate(pipeline, captions[1:], [5], steps=2)
    assert np.abs(together[1].astype(int) - alone[0]).max() <= 2
    assert np.abs(together[0].astype(int) - together[1]).max() > 2
    assert through_vae(pipeline, together).shape == together.shape


def test_missing_parts_of_a_checkpoint_are_missed_targets(tmp_path: Path) -> None:
    figures = {figure.name: figure for figure in plain_section(CHECKPOINT).figures}
    assert figures["StableDiffusionXLPipeline"].met
    assert figures["StableDiffusionXLImg2ImgPipeline"].met
    assert figures["load_lora_weights"].met
    absent = plain_section(tmp_path).figures
    assert not any(figure.met for figure in absent)
    assert load_upscaler(tmp_path / "model.safetensors") is None


def test_a_grid_shows_rows_below_each_other(tmp_path: Path) -> None:
    rows = [np.zeros((3, 16, 16, 3), np.uint8), np.full((3, 16, 16, 3), 200, np.uint8)]
    write_grid(tmp_path / "grid.png", rows, columns=2)
    assert (tmp_path / "grid.png").stat().st_size > 50


def test_the_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "--rung" in capsys.readouterr().out


def test_likeness_alone_has_a_report_of_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint, out = tmp_path / "empty", tmp_path / "out"
    checkpoint.mkdir()
    assert main(["--only-likeness", "--checkpoint", str(checkpoint), "--out", str(out)]) == 1
    assert "pairs: words and references" in capsys.readouterr().out
    found = json.loads((out / "likeness.json").read_text("utf-8"))
    assert [section["title"].split(": ")[1] for section in found["sections"]] == [
        "portraits in new places",
        "each of two in one picture",
    ]
    assert not (out / "report.txt").exists()
