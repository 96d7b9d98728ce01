"""Picture checks: what was drawn is looked at before anything of it can be fetched."""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Protocol

from actors.classifiers.base import ClassifierAway, PictureClassifier
from actors.providers.base import NO_RECORDS, RenderRecords
from actors.worker.fields import fields_of
from actors.worker.patience import CHECK_PAUSES_S
from actors.worker.reporting import Reporter
from actors.worker.texts import ContentRefused, Unchecked
from server.domain.jobs import Claim
from server.domain.states import Stage
from server.traces import Kind, child

STAGE = "picture"
"""The stage that a refusal names, beside those of texts."""

_log = logging.getLogger(__name__)


class PictureNotAllowed(ContentRefused):
    """Raised for a picture that the classifier refused; another seed may draw another one.

    `sha256` is that of the model's picture, and the categories are sorted.
    """

    def __init__(self, classifier: str, sha256: str, categories: Sequence[str]) -> None:
        self.sha256 = sha256
        self.categories = ", ".join(categories)
        super().__init__(
            f"checked at the {STAGE} stage, the picture was refused for {self.categories} "
            f"({classifier}); change what it shows"
        )


class RefusedPictures(Protocol):
    """Counts refused pictures."""

    def count(self, classifier: str, category: str) -> None:
        """Counts a picture that was refused; one with several categories counts in each."""
        ...


class JobPictures:
    """Has pictures looked at by a classifier; without one none is, and all pass."""

    def __init__(
        self,
        classifier: PictureClassifier | None = None,
        refusals: RefusedPictures | None = None,
        pauses_s: Sequence[float] = CHECK_PAUSES_S,
    ) -> None:
        """Takes the pauses before each retry of a check while the classifier is away."""
        self._classifier = classifier
        self._refusals = refusals
        self._pauses_s = pauses_s

    @property
    def checked_by(self) -> str:
        """The classifier that looks at all pictures; empty for none."""
        return self._classifier.name if self._classifier else ""

    async def ready(self) -> None:
        """Raises Unchecked while the classifier is away: nothing may be drawn, let alone paid."""
        if self._classifier is None:
            return
        try:
            await self._classifier.check()
        except ClassifierAway as away:
            raise Unchecked(f"no picture can be checked: {away}") from away

    async def check(self, claim: Claim, drawn: bytes, stored: Iterable[bytes]) -> None:
        """Has what is to be stored of a model's picture looked at; `drawn` is as the model gave it.

        Raises PictureNotAllowed, and Unchecked where the classifier stays away for all pauses.
        """
        for picture in stored:
            categories = await self._patiently(claim, picture)
            if categories:
                digest = hashlib.sha256(drawn).hexdigest()
                raise self._refused(claim, digest, categories)

    @asynccontextmanager
    async def previewing(
        self, claim: Claim, reporter: Reporter, records: RenderRecords = NO_RECORDS
    ) -> AsyncIterator["Previews"]:
        """Yields the progress of a render, whose previews are looked at until the block ends."""
        previews = Previews(claim, reporter, self._classifier, records)
        task = asyncio.create_task(previews.run(), name=f"previews {claim.job_id}")
        try:
            yield previews
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _patiently(self, claim: Claim, picture: bytes) -> tuple[str, ...]:
        """Returns what a picture is refused for: it is made, and may have been paid."""
        if self._classifier is None:
            return ()
        for pause in self._pauses_s:
            try:
                return await self._look(self._classifier, picture)
            except ClassifierAway as away:
                _log.warning("picture waits", extra={**_drawn(claim), "error": str(away)})
            await asyncio.sleep(pause)
        try:
            return await self._look(self._classifier, picture)
        except ClassifierAway as away:
            raise Unchecked(f"the picture is not checked, and was not kept: {away}") from away

    async def _look(self, classifier: PictureClassifier, picture: bytes) -> tuple[str, ...]:
        with child("classify picture", Kind.CLIENT, {"imggen.classifier": classifier.name}):
            return await classifier.refused_for(picture)

    def _refused(self, claim: Claim, digest: str, categories: tuple[str, ...]) -> PictureNotAllowed:
        """Returns the error for a refused picture, once it is counted and logged."""
        refused = PictureNotAllowed(self.checked_by, digest, categories)
        if self._refusals is not None:
            for category in categories:
                self._refusals.count(self.checked_by, category)
        about = {"category": refused.categories, "classifier": self.checked_by, "digest": digest}
        _log.warning("picture refused", extra={"stage": STAGE, **about, **_drawn(claim)})
        return refused


class Previews:
    """The progress of a render: its steps are reported at once, its previews after a check.

    One is checked at a time, the newest; one that is refused, or whose classifier is away, is
    withheld. Without a classifier they are reported with their steps.
    """

    def __init__(
        self,
        claim: Claim,
        reporter: Reporter,
        classifier: PictureClassifier | None,
        records: RenderRecords = NO_RECORDS,
    ) -> None:
        self.records = records
        self._claim = claim
        self._reporter = reporter
        self._classifier = classifier
        self._newest: bytes | None = None
        self._news = asyncio.Event()

    @property
    def watched(self) -> asyncio.Event:
        """Set once a watcher has asked for previews."""
        return self._reporter.seen

    def step(self, step: int, steps: int, preview: bytes | None = None) -> None:
        """Reports a step of the render, soon and without waiting."""
        if preview is None or self._classifier is None:
            self._reporter.say(Stage.RENDERING, step, steps, preview)
            return
        self._reporter.say(Stage.RENDERING, step, steps)
        self._newest = preview
        self._news.set()

    async def run(self) -> None:
        """Checks previews, and shows those that pass, until it is cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            preview, self._newest = self._newest, None
            if preview is not None and self._classifier is not None:
                await self._show(preview, self._classifier)

    async def _show(self, preview: bytes, classifier: PictureClassifier) -> None:
        try:
            why = ", ".join(await classifier.refused_for(preview))
        except ClassifierAway as away:
            why = str(away)
        if why:
            _log.info("preview withheld", extra={**_drawn(self._claim), "why": why})
        else:
            self._reporter.show(preview, classifier.name)


def _drawn(claim: Claim) -> dict[str, object]:
    return {**fields_of(claim), "model": claim.spec.model}
