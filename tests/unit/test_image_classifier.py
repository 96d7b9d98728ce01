"""A local classifier of pictures: a tiny checkpoint of the architecture of public ones."""

import json
import sys
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from pydantic import ValidationError
from safetensors.torch import load_file, save_file
from transformers import ViTForImageClassification, ViTImageProcessor

from actors.classifiers.base import ClassifierAway, PictureClassifier
from actors.classifiers.images import ImageClassifier
from actors.engine.refusal import CheckpointRefused
from actors.finishing.bare import as_png
from actors.settings import PictureSettings
from tests.unit.tiny_vit import SIDE, checkpoint


def settings(folder: Path | str, **labels: tuple[str, float]) -> PictureSettings:
    """Returns settings that refuse labels from their scores on."""
    refused = {
        name: {"category": category, "threshold": score}
        for name, (category, score) in (labels or {"nsfw": ("sexual", 0.5)}).items()
    }
    return PictureSettings.model_validate(
        {
            "image_safety": "local",
            "image_classifier": str(folder),
            "image_classifier_labels": refused,
        }
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Returns the folder of a model that takes bright pictures for `nsfw`, and dark ones not."""
    return checkpoint(tmp_path / "tiny-nsfw")


def picture(colour: str, image_format: str = "PNG") -> bytes:
    """Returns a picture of one colour."""
    buffer = BytesIO()
    Image.new("RGB", (96, 64), colour).save(buffer, image_format)
    return buffer.getvalue()


async def test_a_picture_is_refused_for_the_categories_of_its_labels(folder: Path) -> None:
    loaded: PictureClassifier = ImageClassifier.load(settings(folder))
    await loaded.check()
    assert loaded.name == "tiny-nsfw"
    assert await loaded.refused_for(picture("white")) == ("sexual",)
    assert await loaded.refused_for(picture("white", "JPEG")) == ("sexual",)
    assert await loaded.refused_for(picture("black")) == ()


async def test_a_score_below_its_threshold_passes(folder: Path) -> None:
    score = ImageClassifier.load(settings(folder)).scores(picture("white"))["nsfw"]
    assert 0.9 < score < 1.0
    strict = ImageClassifier.load(settings(folder, nsfw=("sexual", score)))
    lax = ImageClassifier.load(settings(folder, nsfw=("sexual", min(1.0, score + 1e-6))))
    assert await strict.refused_for(picture("white")) == ("sexual",)
    assert await lax.refused_for(picture("white")) == ()


async def test_labels_that_do_not_exclude_each_other_have_scores_of_their_own(
    tmp_path: Path,
) -> None:
    many = "multi_label_classification"
    made = checkpoint(tmp_path, ("gore", "nsfw", "guns"), problem_type=many)
    told = settings(made, gore=("violence", 0.4), nsfw=("sexual", 0.4), guns=("weapons", 0.6))
    assert await ImageClassifier.load(told).refused_for(picture("white")) == ("sexual", "violence")


def test_a_label_that_the_model_does_not_have_is_refused_by_name(folder: Path) -> None:
    with pytest.raises(CheckpointRefused) as raised:
        ImageClassifier.load(settings(folder, nsfw=("sexual", 0.5), porn=("sexual", 0.5)))
    told = str(raised.value)
    assert told.startswith("IMGGEN_IMAGE_CLASSIFIER_LABELS:")
    assert 'has no label "porn"; it has normal, nsfw' in told


def test_a_model_without_its_head_is_refused(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    del weights["classifier.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(CheckpointRefused, match=r"has no classifier\.weight"):
        ImageClassifier.load(settings(folder))


def test_a_head_of_another_size_is_refused(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    weights["classifier.weight"] = torch.zeros(5, 16)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(CheckpointRefused, match="IMGGEN_IMAGE_CLASSIFIER: "):
        ImageClassifier.load(settings(folder))


def test_a_pickle_is_refused(folder: Path) -> None:
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    with pytest.raises(CheckpointRefused, match="no image classifier in safetensors"):
        ImageClassifier.load(settings(folder))


@pytest.mark.parametrize("lost", ["config.json", "preprocessor_config.json"])
def test_a_folder_without_a_file_is_refused(folder: Path, lost: str) -> None:
    (folder / lost).unlink()
    with pytest.raises(CheckpointRefused, match="IMGGEN_IMAGE_CLASSIFIER: "):
        ImageClassifier.load(settings(folder))


def test_a_folder_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointRefused, match="nowhere"):
        ImageClassifier.load(settings(tmp_path / "nowhere"))


def test_a_model_whose_scores_are_no_numbers_is_refused(folder: Path) -> None:
    _poison(folder)
    with pytest.raises(CheckpointRefused, match="is nan"):
        ImageClassifier.load(settings(folder))


@pytest.mark.parametrize("left", [0, 100, 2_000])
def test_weights_that_are_cut_off_are_refused(folder: Path, left: int) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:left])
    with pytest.raises(CheckpointRefused, match="no image classifier in safetensors"):
        ImageClassifier.load(settings(folder))


def test_a_model_of_a_library_that_is_not_installed_is_refused(folder: Path) -> None:
    _change(folder, "config.json", model_type="timm_wrapper")
    with pytest.raises(CheckpointRefused, match="timm"):
        ImageClassifier.load(settings(folder))


def test_a_model_with_two_labels_of_one_name_is_refused(tmp_path: Path) -> None:
    # Of their two scores only one would count.
    made = checkpoint(tmp_path, ("nsfw", "nsfw", "normal"))
    with pytest.raises(CheckpointRefused, match='two of its labels are "nsfw"'):
        ImageClassifier.load(settings(made))


def test_a_regression_is_refused(folder: Path) -> None:
    _change(folder, "config.json", problem_type="regression")
    with pytest.raises(CheckpointRefused, match="it is a regression"):
        ImageClassifier.load(settings(folder))


async def test_the_only_label_of_a_model_has_a_score_of_its_own(tmp_path: Path) -> None:
    # A softmax over one label is 1 for every picture.
    made = checkpoint(tmp_path, ("nsfw",))
    weights = load_file(made / "model.safetensors")
    loaded = ImageClassifier.load(settings(made))
    assert weights["classifier.weight"].shape[0] == 1
    assert await loaded.refused_for(picture("white")) == ("sexual",)
    assert await loaded.refused_for(picture("black")) == ()


@pytest.mark.parametrize(
    "cutting",
    [
        {"image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": 40}},
        {"image_processor_type": "DeiTImageProcessor", "size": {"height": 64, "width": 64}},
    ],
    ids=["sides", "margins"],
)
async def test_the_whole_of_a_picture_is_looked_at_where_a_model_cuts_its_middle_out(
    folder: Path, cutting: dict[str, Any]
) -> None:
    crop = {"height": SIDE, "width": SIDE}
    _change(folder, "preprocessor_config.json", do_center_crop=True, crop_size=crop, **cutting)
    loaded = ImageClassifier.load(settings(folder))
    dark = Image.new("RGB", (480, 160), "black")
    base = loaded.scores(as_png(dark))["nsfw"]
    dark.paste("white", (0, 0, 24, 160))
    assert loaded.scores(as_png(dark))["nsfw"] > base


def test_a_model_that_does_not_look_at_the_whole_of_a_picture_is_refused(folder: Path) -> None:
    _change(
        folder,
        "preprocessor_config.json",
        image_processor_type="ConvNextImageProcessor",
        size={"shortest_edge": SIDE},
    )
    with pytest.raises(CheckpointRefused, match="does not look at the edges"):
        ImageClassifier.load(settings(folder))


@pytest.mark.parametrize(
    ("file", "automatic"),
    [
        ("config.json", {"AutoConfig": "evil.Evil", "AutoModelForImageClassification": "evil.E"}),
        ("preprocessor_config.json", {"AutoImageProcessor": "evil.Evil"}),
    ],
)
def test_code_of_a_repository_is_not_run_whatever_is_typed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, file: str, automatic: dict[str, str]
) -> None:
    ran = folder / "ran"
    (folder / "evil.py").write_text(f"from pathlib import Path\nPath({str(ran)!r}).touch()\n")
    _change(folder, file, auto_map=automatic, model_type="evil", image_processor_type="Evil")
    monkeypatch.setattr(sys, "stdin", StringIO("y\n" * 9))
    with pytest.raises(CheckpointRefused):
        ImageClassifier.load(settings(folder))
    assert not ran.exists()


async def test_a_model_that_fails_is_no_pass(folder: Path) -> None:
    loaded = ImageClassifier.load(settings(folder))
    model: Any = ViTForImageClassification.from_pretrained(folder)
    processor: Any = ViTImageProcessor(size={"height": 8, "width": 8})
    refused = settings(folder).image_classifier_labels
    failing: PictureClassifier = ImageClassifier(loaded.name, model, processor, refused)
    with pytest.raises(ClassifierAway, match="cannot look at the picture"):
        await failing.refused_for(picture("black"))


async def test_a_score_that_is_no_number_is_no_pass(folder: Path) -> None:
    _poison(folder)
    model: Any = ViTForImageClassification.from_pretrained(folder)
    processor: Any = ViTImageProcessor.from_pretrained(folder)
    told = settings(folder)
    loaded = ImageClassifier("broken", model, processor, told.image_classifier_labels)
    with pytest.raises(ClassifierAway, match="is nan"):
        await loaded.refused_for(picture("black"))


async def test_bytes_that_are_no_picture_are_no_pass(folder: Path) -> None:
    loaded = ImageClassifier.load(settings(folder))
    with pytest.raises(ClassifierAway):
        await loaded.refused_for(b"no picture")


def test_a_local_classifier_needs_a_model_and_labels() -> None:
    local = {"image_safety": "local"}
    both = "IMGGEN_IMAGE_CLASSIFIER, IMGGEN_IMAGE_CLASSIFIER_LABELS: not set"
    with pytest.raises(ValidationError, match=both):
        PictureSettings.model_validate(local)
    with pytest.raises(ValidationError, match="IMGGEN_IMAGE_CLASSIFIER_LABELS: not set"):
        PictureSettings.model_validate(local | {"image_classifier": "owner/model"})
    with pytest.raises(ValidationError):
        settings("owner/model", nsfw=("sexual", 1.5))


def test_a_classifier_that_nothing_would_ask_is_refused() -> None:
    labels = {"nsfw": {"category": "sexual", "threshold": 0.5}}
    for setting in ({"image_classifier": "owner/model"}, {"image_classifier_labels": labels}):
        with pytest.raises(ValidationError, match="set, but IMGGEN_IMAGE_SAFETY is not"):
            PictureSettings.model_validate(setting)
        for said in ("none", "openai"):
            meant = PictureSettings.model_validate({**setting, "image_safety": said})
            assert meant.image_safety == said


def _change(folder: Path, file: str, **changes: object) -> None:
    told = json.loads((folder / file).read_text())
    (folder / file).write_text(json.dumps({**told, **changes}))


def _poison(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    weights["classifier.bias"][0] = torch.nan
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
