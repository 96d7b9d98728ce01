"""The texts of jobs: checked again by workers, as they are and as a model would be told."""

import asyncio
import logging
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace

from actors.providers.base import Content, Provider
from imggen.rules.safety import refusal_of
from imggen.v1.errors_pb2 import ErrorReason
from server.domain.jobs import Claim
from server.domain.scenes import Scene
from server.domain.styles import Style
from server.domain.texts import texts_of_scene, texts_of_spec
from server.errors import FailedPrecondition
from server.safety.texts import Allowances, TextCheck, TextStage

_log = logging.getLogger(__name__)


class ContentRefused(FailedPrecondition):
    """Raised for content that a check refused, or a prompt or a picture that a provider did."""

    def __init__(self, message: str) -> None:
        super().__init__(message, ErrorReason.ERROR_REASON_CONTENT_POLICY)


class JobTexts:
    """Checks what a job says before anything is paid for it; raises ContentRefused.

    A rule that a text of the job was allowed to break is not applied to what is made of the text:
    `allowed` are those rules.
    """

    def __init__(self, check: TextCheck, allowances: Allowances) -> None:
        self._check = check
        self._allowances = allowances

    async def spec(self, claim: Claim) -> frozenset[str]:
        """Checks the texts of a job, and returns the rules that they may break."""
        return await self._checked(claim, TextStage.SPEC, texts_of_spec(claim.spec), frozenset())

    async def scene(self, claim: Claim, scene: Scene, allowed: AbstractSet[str]) -> None:
        """Checks what was read from a page, by whichever extractor."""
        await self._checked(claim, TextStage.SCENE, texts_of_scene(scene), allowed)

    async def prompt(
        self, claim: Claim, content: Content, provider: Provider, allowed: AbstractSet[str]
    ) -> None:
        """Checks what a provider would tell its model, without the operator's words for a style.

        Raises the errors of the provider's dialect, too.
        """
        if not self._check.is_on:
            return
        style = _unsaid(content.spec.style)
        unstyled = replace(content, spec=replace(content.spec, style=style))
        # As a long page is told: heartbeats must not wait for it.
        compiled = await asyncio.to_thread(provider.told, unstyled)
        await self._checked(claim, TextStage.PROMPT, {"prompt": compiled.prompt}, allowed)

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
        about = {"category": refused.category, "rule": refused.rule, "digest": refused.digest}
        job = {
            "job_id": str(claim.job_id),
            "user_id": str(claim.user_id),
            "attempt": claim.attempt,
        }
        _log.warning("text refused", extra={"stage": stage, "field": refused.field, **about, **job})
        why = refusal_of(**about, is_joined=refused.is_joined)
        raise ContentRefused(f"checked at the {stage} stage, {refused.field} {why}")


def _unsaid(style: Style) -> Style:
    """Returns a style without its words: those of its negative prompt would be refused."""
    return replace(style, prompt_template="", description="", negative_prompt="")
