"""The classifier of pictures that is a local model: any of transformers' image classifiers."""

import asyncio
from collections.abc import Mapping
from typing import Any, Self

import torch
from PIL import Image
from transformers import AutoImageProcessor, AutoModelForImageClassification
from transformers.utils import logging as transformers_logging

from actors.classifiers.base import ClassifierAway
from actors.classifiers.models import UNLOADABLE, first_line, labels_of, scores_of
from actors.engine.refusal import CheckpointRefused
from actors.finishing.bare import as_png
from actors.finishing.forms import PictureRefused, open_picture
from actors.pictures.seen import seen
from actors.settings import PictureSettings, RefusedLabel

_NAMED = 3
_WIDE, _HIGH = 96, 64
_EDGE = 32
"""The part of a picture's side that is its edge, where a processor may cut."""


class ImageClassifier:
    """A loaded model, and its labels that are refused."""

    def __init__(
        self, name: str, model: Any, processor: Any, refused: Mapping[str, RefusedLabel]
    ) -> None:
        """Takes transformers' model and image processor, which are untyped."""
        self.name = name
        self._model = model.eval()
        self._processor = _uncut(processor)
        self._labels = labels_of(model.config, name)
        self._refused = dict(refused)

    @classmethod
    def load(cls, settings: PictureSettings, device: str = "cpu") -> Self:
        """Loads the model that the settings name.

        Raises CheckpointRefused for one that is no image classifier in safetensors, has no tensors
        for a part of itself or lacks a label that is refused, and for one that gives no verdict on
        a picture or does not look at the whole of it.
        """
        source = settings.image_classifier
        model, processor = _loaded(source)
        _check_labels(source, labels_of(model.config, source), settings.image_classifier_labels)
        cuda = device != "cpu" and torch.cuda.is_available()
        model = model.to("cuda" if cuda else "cpu")
        name, refused = settings.image_classifier_name, settings.image_classifier_labels
        loaded = cls(name, model, processor, refused)
        loaded.try_out()
        return loaded

    def try_out(self) -> None:
        """Classifies a white picture, and looks whether its edges are seen.

        Raises CheckpointRefused.
        """
        white = Image.new("RGB", (_WIDE, _HIGH), "white")
        try:
            self.classify(as_png(white))
        except ClassifierAway as away:
            raise CheckpointRefused(f"IMGGEN_IMAGE_CLASSIFIER: {self.name}: {away}") from away
        whole = self._pixels(white)["pixel_values"]
        for edge in _edges():
            marked = white.copy()
            marked.paste("black", edge)
            if torch.equal(self._pixels(marked)["pixel_values"], whole):
                raise CheckpointRefused(
                    f"IMGGEN_IMAGE_CLASSIFIER: {self.name} does not look at the edges of a "
                    "picture; its preprocessor_config.json must cut nothing off"
                )

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
            pixels = self._pixels(seen(open_picture(picture)))
            logits = self._model(**pixels.to(self._model.device)).logits[0].float().cpu()
        except (PictureRefused, *UNLOADABLE) as error:
            # PyTorch raises RuntimeError, as where memory is short.
            why = first_line(error)
            raise ClassifierAway(f"the classifier cannot look at the picture ({why})") from error
        found = scores_of(logits, self._model.config)
        return {label: found[number] for label, number in self._labels.items()}

    def _pixels(self, picture: Image.Image) -> Any:
        return self._processor(images=picture, return_tensors="pt")


def _loaded(source: str) -> tuple[Any, Any]:
    """Returns the model and its image processor; raises CheckpointRefused."""
    transformers_logging.disable_progress_bar()
    try:
        # Code of a repository is never run, and a pickle never read.
        model, found = AutoModelForImageClassification.from_pretrained(
            source,
            use_safetensors=True,
            output_loading_info=True,
            dtype=torch.float32,
            trust_remote_code=False,
        )
        processor = AutoImageProcessor.from_pretrained(source, trust_remote_code=False)
    except UNLOADABLE as error:
        raise CheckpointRefused(
            f"IMGGEN_IMAGE_CLASSIFIER: {source} is no image classifier in safetensors that "
            f"transformers loads: {first_line(error)}"
        ) from error
    _check_whole(source, found)
    return model, processor


def _uncut(processor: Any) -> Any:
    """Returns a processor that makes a picture as small as the part that it would cut out."""
    if getattr(processor, "do_center_crop", False):
        processor.do_center_crop = False
        processor.size = processor.crop_size
    return processor


def _edges() -> tuple[tuple[int, int, int, int], ...]:
    """Returns the boxes of the left, the right, the upper and the lower edge of a picture."""
    side, end = _WIDE // _EDGE, _HIGH // _EDGE
    return (
        (0, 0, side, _HIGH),
        (_WIDE - side, 0, _WIDE, _HIGH),
        (0, 0, _WIDE, end),
        (0, _HIGH - end, _WIDE, _HIGH),
    )


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
