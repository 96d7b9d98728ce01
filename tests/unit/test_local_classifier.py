"""A model in the worker as a classifier: windows, thresholds, and what is refused at the start."""

import json
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError

from actors.classifiers.base import ClassifierAway, TextClassifier
from actors.classifiers.choice import open_classifier
from actors.classifiers.sequences import SequenceModel
from actors.engine.refusal import CheckpointRefused
from actors.settings import ClassifierSettings
from server.safety.texts import CLASSIFIERS
from tests.unit.tiny_classifier import (
    POSITIONS,
    save_tiny_classifier,
    tiny_classifier,
    tiny_tokenizer,
)

REFUSES = {
    "threat": {"category": "violence", "threshold": 0.9},
    "insult": {"category": "hate", "threshold": 0.9},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Returns a folder with the tiny classifier."""
    save_tiny_classifier(tmp_path / "model")
    return tmp_path / "model"


@asynccontextmanager
async def classifier(
    folder: Path, labels: Mapping[str, Any] = REFUSES
) -> AsyncIterator[TextClassifier]:
    """Yields the classifier of a worker whose settings name the folder."""
    settings = ClassifierSettings.model_validate(
        {
            "text_classifier": "local",
            "text_classifier_model": str(folder),
            "text_classifier_labels": labels,
        }
    )
    async with open_classifier(settings) as opened:
        assert opened is not None
        yield opened


async def test_a_text_is_refused_for_the_labels_that_reach_their_thresholds(folder: Path) -> None:
    async with classifier(folder) as local:
        assert local.name in CLASSIFIERS
        assert await local.refused_for("A sea.") == ()
        assert await local.refused_for("A Volcano.") == ("violence",)
        assert await local.refused_for("A turnip and a volcano.") == ("hate", "violence")
    low = {"calm": {"category": "calm", "threshold": 0.88}}
    high = {"calm": {"category": "calm", "threshold": 0.89}}
    for labels, refused in ((low, ("calm",)), (high, ())):
        async with classifier(folder, labels) as local:
            assert await local.refused_for("A sea.") == refused


async def test_a_long_text_is_read_to_its_end(folder: Path) -> None:
    async with classifier(folder) as local:
        for place in range(0, 100, 7):
            words = ["sea"] * 100
            words[place] = "volcano"
            assert await local.refused_for(" ".join(words)) == ("violence",), place
        assert await local.refused_for("sea " * 5_000 + "turnip") == ("hate",)


def test_windows_share_tokens_and_leave_none_out(folder: Path) -> None:
    model = SequenceModel.load(str(folder))
    windows = [window[1:-1] for window in model.windows("mia a sea . " * 50)]
    assert model.window == POSITIONS
    shared = POSITIONS // 4
    for before, after in pairwise(windows):
        assert before[-shared:] == after[:shared]
    read = windows[0] + [token for window in windows[1:] for token in window[shared:]]
    assert read == tiny_tokenizer()("mia a sea . " * 50)["input_ids"][1:-1]


async def test_labels_that_exclude_each_other_share_one(tmp_path: Path) -> None:
    save_tiny_classifier(tmp_path, problem_type="single_label_classification")
    scores = SequenceModel.load(str(tmp_path)).scores("A volcano.")
    assert sum(scores.values()) == pytest.approx(1)
    async with classifier(tmp_path) as local:
        assert await local.refused_for("A volcano.") == ("violence",)


async def test_a_score_that_is_no_number_is_no_verdict(folder: Path) -> None:
    async with classifier(folder) as local:
        # It breaks with the one text, not at the start.
        model: Any = local._model._model  # type: ignore[attr-defined]
        with torch.no_grad():
            model.bert.embeddings.word_embeddings.weight[-1] = float("nan")
        assert await local.refused_for("A volcano.") == ("violence",)
        for text in ("A turnip.", "sea " * 200 + "turnip", "volcano " * 200 + "turnip"):
            with pytest.raises(ClassifierAway, match="a score is no number"):
                await local.refused_for(text)


def _without(name: str) -> Any:
    return lambda folder: (folder / name).unlink()


def _pickled(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    torch.save(tiny_classifier().state_dict(), folder / "pytorch_model.bin")


def _cut_off(folder: Path) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])


def _untrained(folder: Path) -> None:
    tiny_classifier().bert.save_pretrained(folder)


def _broken(folder: Path) -> None:
    model = tiny_classifier()
    with torch.no_grad():
        model.classifier.bias.fill_(float("nan"))
    model.save_pretrained(folder)


def _twins(folder: Path) -> None:
    named = {0: "threat", 1: "insult", 2: "insult"}
    tiny_classifier(id2label=named).save_pretrained(folder)


def _regression(folder: Path) -> None:
    tiny_classifier(problem_type="regression").save_pretrained(folder)


def _of_another(folder: Path) -> None:
    file = folder / "tokenizer.json"
    tokenizer = json.loads(file.read_text())
    words = tokenizer["model"]["vocab"]
    words |= {f"word{at}": len(words) + at for at in range(5)}
    file.write_text(json.dumps(tokenizer))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (shutil.rmtree, "no config.json; IMGGEN_TEXT_CLASSIFIER_MODEL must name a folder"),
        (_without("config.json"), "no config.json"),
        (_without("tokenizer.json"), "no tokenizer.json; a fast tokenizer must be there"),
        (_without("model.safetensors"), "weights must be safetensors, found none"),
        (_pickled, r"weights must be safetensors, found pytorch_model\.bin"),
        (_cut_off, "it is cut off or damaged"),
        (_untrained, r"its weights lack classifier\.bias"),
        (_broken, "a score is no number; its weights are damaged"),
        (_twins, 'two of its labels are "insult"; they must differ'),
        (_regression, "it is a regression; it must have labels with scores"),
        (_of_another, "its tokenizer has 16 words and its model 11"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
async def test_a_model_that_cannot_be_trusted_is_refused_at_the_start(
    folder: Path, damage: Any, said: str
) -> None:
    damage(folder)
    with pytest.raises(CheckpointRefused, match=said) as refused:
        async with classifier(folder):
            pass
    assert str(folder) in str(refused.value)


async def test_labels_that_the_model_does_not_have_are_refused_by_name(folder: Path) -> None:
    with pytest.raises(CheckpointRefused) as refused:
        async with classifier(folder, {"toxic": REFUSES["threat"]}):
            pass
    assert str(refused.value) == (
        f'IMGGEN_TEXT_CLASSIFIER_LABELS: "toxic" is not a label of {folder}; use one of calm, '
        "insult, threat"
    )


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "IMGGEN_TEXT_CLASSIFIER_MODEL, IMGGEN_TEXT_CLASSIFIER_LABELS: not set"),
        ({"text_classifier_model": "m"}, "IMGGEN_TEXT_CLASSIFIER_LABELS: not set"),
        ({"text_classifier_labels": REFUSES}, "IMGGEN_TEXT_CLASSIFIER_MODEL: not set"),
        (
            {"text_classifier_labels": {"threat": {"category": "violence", "threshold": 0}}},
            "text_classifier_labels.threat.threshold",
        ),
        (
            {"text_classifier_labels": {"threat": {"category": "Violence!", "threshold": 0.5}}},
            "text_classifier_labels.threat.category",
        ),
    ],
)
def test_settings_that_name_no_model_or_labels_are_refused(
    settings: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        ClassifierSettings.model_validate({"text_classifier": "local", **settings})
    assert said in str(refused.value)


def test_labels_are_read_from_the_environment_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMGGEN_TEXT_CLASSIFIER", "none")
    monkeypatch.setenv("IMGGEN_TEXT_CLASSIFIER_LABELS", json.dumps(REFUSES))
    labels = ClassifierSettings().text_classifier_labels
    assert {name: label.model_dump() for name, label in labels.items()} == REFUSES


def test_a_classifier_that_nothing_would_ask_is_refused() -> None:
    model = {"text_classifier_model": "owner/model"}
    for setting in (model, {"text_classifier_labels": REFUSES}):
        with pytest.raises(ValidationError, match="set, but IMGGEN_TEXT_CLASSIFIER is not"):
            ClassifierSettings.model_validate(setting)
    meant = ClassifierSettings.model_validate({**model, "text_classifier": "none"})
    assert meant.text_classifier == "none"
