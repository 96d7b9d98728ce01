"""A sequence classifier that transformers loads: its checks, its windows, its scores."""

import math
from pathlib import Path
from typing import Any, Self

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer
from transformers.utils import logging as transformers_logging

from actors.classifiers.models import UNLOADABLE, labels_of, scores_of
from actors.engine.refusal import CheckpointRefused
from actors.engine.weights import read_tensors, variant_of

_LONGEST, _SHORTEST = 512, 8
"""The tokens of a window: the most, where a model could read more, since its time grows with the
square, and the fewest that leave room for its own marks."""
_SHARED = 4
"""One part in this many of a window is read again with the next, so that no phrase is cut apart."""


class ScoreBroken(Exception):
    """Raised for scores that are no numbers."""


class SequenceModel:
    """A model that gives each of its labels a score from 0 to 1, for texts of any length."""

    def __init__(self, model: Any, tokenizer: Any, source: str) -> None:
        """Takes transformers' model and tokenizer, and what they were loaded from."""
        self.labels = labels_of(model.config, source)
        self.window = _window(model.config, tokenizer)
        """How many tokens are read at once."""
        self._model = model
        self._tokenizer = tokenizer

    @classmethod
    def load(cls, source: str) -> Self:
        """Loads a folder or a repository of the hub, and reads a whole window with it; blocks.

        Raises CheckpointRefused, and names what is missing or does not fit.
        """
        folder = Path(source)
        # A repository of the hub is never an absolute path: a missing folder gets its own error.
        local = folder.is_dir() or folder.is_absolute()
        variant = _check_folder(folder) if local else ""
        model = _model(source, variant)
        words = model.get_input_embeddings().num_embeddings
        loaded = cls(model, _tokenizer(source, words), source)
        loaded._try_out(source)
        return loaded

    def scores(self, text: str) -> dict[str, float]:
        """Returns the highest score of each label over the windows of a text; blocks.

        Raises ScoreBroken.
        """
        found = [self._scored(window) for window in self.windows(text)]
        return {label: max(scores[at] for scores in found) for label, at in self.labels.items()}

    def windows(self, text: str) -> list[list[int]]:
        """Returns the tokens of a text in windows that share some, with the model's own marks."""
        encoded = self._tokenizer(
            text,
            truncation=True,
            max_length=self.window,
            stride=self.window // _SHARED,
            return_overflowing_tokens=True,
        )
        windows: list[list[int]] = encoded["input_ids"]
        return windows

    @torch.inference_mode()
    def _scored(self, window: list[int]) -> list[float]:
        tokens = torch.tensor([window])
        logits = self._model(input_ids=tokens, attention_mask=torch.ones_like(tokens)).logits[0]
        if not torch.isfinite(logits).all():
            raise ScoreBroken("a score is no number")
        return scores_of(logits, self._model.config)

    def _try_out(self, source: str) -> None:
        try:
            self.scores("a " * self.window)
        except (IndexError, RuntimeError, TypeError, ValueError) as error:
            told = f"{source}: its model does not read {self.window} tokens ({error})"
            raise CheckpointRefused(told) from error
        except ScoreBroken as error:
            raise CheckpointRefused(f"{source}: {error}; its weights are damaged") from error


def _check_folder(folder: Path) -> str:
    """Returns the variant of the weights in a folder, whose headers it checks."""
    if not (folder / "config.json").is_file():
        raise CheckpointRefused(
            f"{folder}: no config.json; IMGGEN_TEXT_CLASSIFIER_MODEL must name a folder with a "
            "sequence classifier, or a repository of the hub"
        )
    # transformers reads a folder without one as a language in which every word is unknown.
    if not (folder / "tokenizer.json").is_file():
        raise CheckpointRefused(f"{folder}: no tokenizer.json; a fast tokenizer must be there")
    variant = variant_of(folder, ("",))
    read_tensors(folder, variant)
    return variant


def _model(source: str, variant: str) -> Any:
    kind: Any = AutoModelForSequenceClassification
    # It draws on stderr while it loads, where a service has its log.
    transformers_logging.disable_progress_bar()
    try:
        model, found = kind.from_pretrained(
            source,
            dtype=torch.float32,
            variant=variant or None,
            use_safetensors=True,
            output_loading_info=True,
            trust_remote_code=False,
        )
    except UNLOADABLE as error:
        raise CheckpointRefused(f"{source}: its model is not loaded ({error})") from error
    # transformers makes them up, and only warns.
    if lacking := sorted(found["missing_keys"]):
        raise CheckpointRefused(
            f"{source}: its weights lack {lacking[0]}; it must be a model for sequence "
            "classification, as it was trained"
        )
    return model.eval()


def _tokenizer(source: str, words: int) -> Any:
    """Returns the tokenizer of a model that knows so many words."""
    kind: Any = AutoTokenizer
    try:
        tokenizer = kind.from_pretrained(source, trust_remote_code=False)
    except UNLOADABLE as error:
        raise CheckpointRefused(f"{source}: its tokenizer is not loaded ({error})") from error
    # The others do not say what they cut off.
    if not tokenizer.is_fast:
        raise CheckpointRefused(f"{source}: no fast tokenizer; it must have a tokenizer.json")
    # A model may have room for more, but not for most of them.
    if not words / 2 < len(tokenizer) <= words:
        raise CheckpointRefused(
            f"{source}: its tokenizer has {len(tokenizer)} words and its model {words}; they must "
            "be of one model"
        )
    return tokenizer


def _window(config: Any, tokenizer: Any) -> int:
    limits = (tokenizer.model_max_length, getattr(config, "max_position_embeddings", math.inf))
    window = int(min(_LONGEST, *limits))
    if window < _SHORTEST:
        raise CheckpointRefused(f"its model reads {window} tokens; {_SHORTEST} are the fewest")
    return window
