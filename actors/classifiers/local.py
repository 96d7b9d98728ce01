"""The classifier that is a model in the worker, by labels and thresholds of its operator."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from actors.classifiers.base import ClassifierAway
from actors.classifiers.sequences import ScoreBroken, SequenceModel
from actors.engine.refusal import CheckpointRefused
from actors.settings import RefusedLabel
from server.safety.texts import LOCAL_CLASSIFIER


class LocalClassifier:
    """Refuses a text as the category of each label whose score reaches its threshold."""

    name = LOCAL_CLASSIFIER

    def __init__(
        self, model: SequenceModel, labels: Mapping[str, RefusedLabel], thread: ThreadPoolExecutor
    ) -> None:
        """Takes a thread in which texts are read one after the other: tokenizers cannot share."""
        self._model = model
        self._labels = dict(labels)
        self._thread = thread

    async def refused_for(self, text: str) -> tuple[str, ...]:
        """Returns the categories, sorted; raises ClassifierAway for a score that is no number."""
        loop = asyncio.get_running_loop()
        try:
            scores = await loop.run_in_executor(self._thread, self._model.scores, text)
        except (ScoreBroken, RuntimeError) as error:
            # PyTorch raises RuntimeError, as where memory is short.
            raise ClassifierAway(f"the local classifier failed ({error})") from error
        named = self._labels.items()
        return tuple(sorted({to.category for name, to in named if scores[name] >= to.threshold}))


@asynccontextmanager
async def open_local(
    source: str, labels: Mapping[str, RefusedLabel]
) -> AsyncIterator[LocalClassifier]:
    """Yields a classifier whose model is loaded here.

    Raises CheckpointRefused for a model that cannot be, or does not have the labels.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="classifier") as thread:
        loop = asyncio.get_running_loop()
        model = await loop.run_in_executor(thread, SequenceModel.load, source)
        if unknown := sorted(labels.keys() - model.labels.keys()):
            raise CheckpointRefused(
                f'IMGGEN_TEXT_CLASSIFIER_LABELS: "{unknown[0]}" is not a label of {source}; use '
                f"one of {', '.join(sorted(model.labels))}"
            )
        yield LocalClassifier(model, labels, thread)
