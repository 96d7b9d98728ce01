"""The classifier of pictures that is a local model: any of transformers' image classifiers."""

import asyncio
from collections.abc import Mapping
from io import BytesIO
from typing import Any, Self

import torch
from PIL import Image
from transformers import AutoImageProcessor, AutoModelForImageClassification
from transformers.utils import logging as transformers_logging

from actors.classifiers.base import ClassifierAway
from actors.engine.refusal import CheckpointRefused
from actors.finishing.bare import seen
from actors.settings import PictureSettings, RefusedLabel

_MANY = "multi_label_classification"
"""The problem of a model whose labels do not exclude each other: each has a score of its own."""
_NAMED = 3
_SIDE = 64


class ImageClassifier:
    """A loaded model, and its labels that are refused."""

    def __init__(
        self, name: str, model: Any, processor: Any, refused: Mapping[str, RefusedLabel]
    ) -> None:
        """Takes transformers' model and image processor, which are untyped."""
        self.name = name
        self._model = model.eval()
        self._processor = processor
        self._labels = {int(number): str(label) for number, label in _labels(model).items()}
        self._refused = dict(refused)

    @classmethod
    def load(cls, settings: PictureSettings, device: str = "cpu") -> Self:
        """Loads the model that the settings name.

        Raises CheckpointRefused for one that is no image classifier in safetensors, has no tensors
        for a part of itself or lacks a label that is refused, and for one without a verdict on a
        white picture.
        """
        source = settings.image_classifier
        transformers_logging.disable_progress_bar()
        try:
            # Code of a repository is never run, and a pickle never read.
            model, found = AutoModelForImageClassification.from_pretrained(
                source, use_safetensors=True, output_loading_info=True, dtype=torch.float32
            )
            processor = AutoImageProcessor.from_pretrained(source)
        except (OSError, RuntimeError, ValueError, KeyError) as error:
            why = str(error).strip().partition("\n")[0]
            raise CheckpointRefused(
                f"IMGGEN_IMAGE_CLASSIFIER: {source} is no image classifier in safetensors that "
                f"transformers loads: {why}"
            ) from error
        _check_whole(source, found)
        _check_labels(source, _labels(model).values(), settings.image_classifier_labels)
        cuda = device != "cpu" and torch.cuda.is_available()
        model = model.to("cuda" if cuda else "cpu")
        name, refused = settings.image_classifier_name, settings.image_classifier_labels
        loaded = cls(name, model, processor, refused)
        loaded.warm()
        return loaded

    def warm(self) -> None:
        """Classifies a white picture; raises CheckpointRefused where it gives no verdict."""
        buffer = BytesIO()
        Image.new("RGB", (_SIDE, _SIDE), "white").save(buffer, "PNG")
        try:
            self.classify(buffer.getvalue())
        except ClassifierAway as away:
            raise CheckpointRefused(f"IMGGEN_IMAGE_CLASSIFIER: {self.name}: {away}") from away

    async def check(self) -> None:
        """Passes: a loaded model is there."""

    async def refused_for(self, picture: bytes) -> tuple[str, ...]:
        """Returns the categories of a picture, sorted; raises ClassifierAway."""
        return await asyncio.to_thread(self.classify, picture)

    def classify(self, picture: bytes) -> tuple[str, ...]:
        """Returns the categories whose labels reach their thresholds; blocks.

        Raises ClassifierAway for scores that are not between 0 and 1, and for no picture.
        """
        scores = self.scores(picture)
        wrong = [label for label, score in scores.items() if not 0.0 <= score <= 1.0]
        if wrong:
            raise ClassifierAway(f'the classifier\'s score of "{wrong[0]}" is {scores[wrong[0]]}')
        refused = self._refused.items()
        return tuple(sorted({of.category for name, of in refused if scores[name] >= of.threshold}))

    @torch.inference_mode()
    def scores(self, picture: bytes) -> dict[str, float]:
        """Returns the score of each label; raises ClassifierAway for no picture."""
        try:
            with Image.open(BytesIO(picture)) as image:
                pixels = self._processor(images=seen(image), return_tensors="pt")
        except (OSError, ValueError) as error:
            raise ClassifierAway("the classifier cannot read the picture") from error
        logits = self._model(**pixels.to(self._model.device)).logits[0].float().cpu()
        many = self._model.config.problem_type == _MANY
        chances = logits.sigmoid() if many else logits.softmax(dim=-1)
        return {self._labels[number]: chance for number, chance in enumerate(chances.tolist())}


def _labels(model: Any) -> Mapping[int, str]:
    labels: Mapping[int, str] = model.config.id2label
    return labels


def _check_whole(source: str, found: Mapping[str, Any]) -> None:
    """Raises CheckpointRefused for tensors that transformers would make up."""
    lacking = sorted({*found["missing_keys"], *map(str, found["mismatched_keys"])})
    if lacking:
        more = f" and {len(lacking) - _NAMED} more" if len(lacking) > _NAMED else ""
        raise CheckpointRefused(
            f"IMGGEN_IMAGE_CLASSIFIER: {source} has no {', '.join(lacking[:_NAMED])}{more}, or in "
            "another shape; it is another model's"
        )


def _check_labels(source: str, has: Any, refused: Mapping[str, RefusedLabel]) -> None:
    """Raises CheckpointRefused for labels that the model does not have: they refuse nothing."""
    known = sorted(map(str, has))
    unknown = sorted(set(refused) - set(known))
    if unknown:
        raise CheckpointRefused(
            f'IMGGEN_IMAGE_CLASSIFIER_LABELS: {source} has no label "{unknown[0]}"; it has '
            f"{', '.join(known)}"
        )
