"""The texts of jobs: checked again by workers, as they are and as a model would be told."""

import asyncio
import logging
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Protocol

from actors.classifiers.base import ClassifierAway, TextClassifier
from actors.providers.base import Content, Provider
from imggen.rules.safety import refusal_of
from imggen.v1.errors_pb2 import ErrorReason
from server.domain.jobs import Claim
from server.domain.scenes import Scene
from server.domain.styles import Style
from server.domain.texts import names_of_cast, texts_of_scene, texts_of_spec
from server.errors import FailedPrecondition, Unavailable
from server.safety.texts import Allowances, RefusedText, TextCheck, TextStage, digest_of
from server.traces import Kind, child

_log = logging.getLogger(__name__)


class ContentRefused(FailedPrecondition):
    """Raised for content that a check refused, or a prompt or a picture that a provider did."""

    def __init__(self, message: str) -> None:
        super().__init__(message, ErrorReason.ERROR_REASON_CONTENT_POLICY)


class Unchecked(Unavailable):
    """Raised where a classifier of texts or pictures gave no verdict: the job waits for it."""

    def __init__(self, message: str) -> None:
        super().__init__(message, ErrorReason.ERROR_REASON_CHECK_UNAVAILABLE)


class Refusals(Protocol):
    """Counts refused texts."""

    def count(self, stage: TextStage, category: str, rule: str) -> None:
        """Counts a text that was refused; one with several categories counts in each."""
        ...


class JobTexts:
    """Checks what a job says before anything is paid for it: by the lists, then by a classifier.

    Raises ContentRefused, and Unchecked where the classifier is away.

    A rule that a text of the job was allowed to break is not applied to what is made of the text:
    `allowed` are those rules.
    """

    def __init__(
        self,
        check: TextCheck,
        allowances: Allowances,
        refusals: Refusals,
        classifier: TextClassifier | None = None,
    ) -> None:
        self._check = check
        self._allowances = allowances
        self._refusals = refusals
        self._classifier = classifier

    async def spec(self, claim: Claim) -> frozenset[str]:
        """Checks the texts of a job, and returns the rules that they may break."""
        texts = texts_of_spec(claim.spec)
        allowed = await self._checked(claim, TextStage.SPEC, texts, frozenset())
        whole = "\n".join(filter(None, texts.values()))
        return allowed | await self._classified(claim, TextStage.SPEC, "the whole text", whole)

    async def scene(self, claim: Claim, scene: Scene, allowed: AbstractSet[str]) -> None:
        """Checks what was read from a page, by whichever extractor."""
        fields = {**texts_of_scene(scene), **names_of_cast(claim.spec.cast)}
        await self._checked(claim, TextStage.SCENE, fields, allowed)

    async def prompt(
        self, claim: Claim, content: Content, provider: Provider, allowed: AbstractSet[str]
    ) -> None:
        """Checks what a provider would tell its model, without the operator's words for a style.

        Raises the errors of the provider's dialect, too.
        """
        if not self._check.is_on and self._classifier is None:
            return
        style = _unsaid(content.spec.style)
        unstyled = replace(content, spec=replace(content.spec, style=style))
        # As a long page is told: heartbeats must not wait for it.
        compiled = await asyncio.to_thread(provider.told, unstyled)
        said = compiled.prompt
        # The characters are people wherever the prompt names them.
        names = names_of_cast(content.cast)
        await self._checked(claim, TextStage.PROMPT, {"prompt": said, **names}, allowed)
        if self._classifier is None or self._classifier.name not in allowed:
            await self._classified(claim, TextStage.PROMPT, "prompt", said)

    async def _checked(
        self,
        claim: Claim,
        stage: TextStage,
        fields: Mapping[str, str],
        without: AbstractSet[str],
    ) -> frozenset[str]:
        checked = await self._check.check(fields, self._allowances, without=without)
        refused = checked.refused
        if refused is None:
            return checked.allowed
        raise self._refused(claim, stage, refused)

    async def _classified(
        self, claim: Claim, stage: TextStage, field: str, text: str
    ) -> frozenset[str]:
        """Returns the classifier's name where it refuses a text that an operator has allowed."""
        if self._classifier is None or not text:
            return frozenset()
        rule = self._classifier.name
        try:
            with child("classify text", Kind.CLIENT, {"imggen.classifier": rule}):
                categories = await self._classifier.refused_for(text)
        except ClassifierAway as away:
            raise Unchecked(f"the texts are not checked yet: {away}") from away
        if not categories:
            return frozenset()
        digest = digest_of(text)
        if await self._allowances.allows(digest, rule):
            return frozenset([rule])
        refused = RefusedText(field, rule, ", ".join(categories), digest, is_joined=False)
        raise self._refused(claim, stage, refused)

    def _refused(self, claim: Claim, stage: TextStage, refused: RefusedText) -> ContentRefused:
        """Returns the error for a refused text, once it is counted and logged."""
        for category in refused.category.split(", "):
            self._refusals.count(stage, category, refused.rule)
        about = {"category": refused.category, "rule": refused.rule, "digest": refused.digest}
        job = {"job_id": str(claim.job_id), "user_id": str(claim.user_id), "attempt": claim.attempt}
        _log.warning("text refused", extra={"stage": stage, "field": refused.field, **about, **job})
        why = refusal_of(**about, is_joined=refused.is_joined)
        return ContentRefused(f"checked at the {stage} stage, {refused.field} {why}")


def _unsaid(style: Style) -> Style:
    """Returns a style without its words: those of its negative prompt would be refused."""
    return replace(style, prompt_template="", description="", negative_prompt="")
