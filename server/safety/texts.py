"""Checks of texts: by the gate, and by what operators have allowed since."""

import asyncio
import hashlib
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from server.safety.gate import Refusal, TextGate

MODERATION = "openai-moderation"
"""The name that stands for the rules of OpenAI's moderation."""
LOCAL_CLASSIFIER = "local-classifier"
"""The name that stands for the rules of a model in the worker."""
CLASSIFIERS = (MODERATION, LOCAL_CLASSIFIER)
"""The names that stand for rules which are no list's."""

_LONG = 20_000
"""From how many characters a check runs in a thread: it takes 0.3 ms for a thousand."""


class TextStage(StrEnum):
    """Where a text was checked."""

    ADMISSION = "admission"
    """By the gateway, before anything is held or written."""
    SPEC = "spec"
    """By a worker, before the page is read."""
    SCENE = "scene"
    """By a worker: what was read from the page."""
    PROMPT = "prompt"
    """By a worker: what the model would be told."""


@dataclass(frozen=True, slots=True)
class RefusedText:
    """A refused text as callers and operators are told of it: without the text.

    `is_joined` is whether only several texts of the request together break the rule; the digest
    is then that of all of them.
    """

    field: str
    rule: str
    category: str
    digest: str
    is_joined: bool


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of the texts of a request: why they are refused, if they are.

    `allowed` are rules that they break and an operator has excused.
    """

    refused: RefusedText | None
    allowed: frozenset[str] = frozenset()


class Allowances(Protocol):
    """What operators have allowed."""

    async def allows(self, digest: str, rule: str) -> bool:
        """Returns whether a text with this digest may break a rule."""
        ...


class NothingAllowed:
    """Allowances of nothing, for checks without a store."""

    async def allows(self, digest: str, rule: str) -> bool:
        """Returns False."""
        return False


class TextCheck:
    """Checks the texts of a request by the gate; allowances are read for refused ones only."""

    def __init__(self, gate: TextGate | None) -> None:
        """Without a gate every text passes."""
        self._gate = gate

    @property
    def is_on(self) -> bool:
        """Whether anything is checked."""
        return self._gate is not None

    async def check(
        self,
        fields: Mapping[str, str],
        allowances: Allowances,
        *,
        without: AbstractSet[str] = frozenset(),
    ) -> Checked:
        """Returns whether the texts of a request, by their fields' names, are refused.

        The rules in `without` are not applied.
        """
        rest = {name: text for name, text in fields.items() if text}
        allowed: set[str] = set()
        joined = set(without)
        while (refusal := await self._first(rest, joined)) is not None:
            refused = self._told(refusal, rest)
            if not await allowances.allows(refused.digest, refused.rule):
                return Checked(refused, frozenset(allowed))
            allowed.add(refused.rule)
            if refused.is_joined:
                joined.add(refused.rule)
            else:
                del rest[refused.field]
        return Checked(None, frozenset(allowed))

    async def _first(self, fields: Mapping[str, str], without: AbstractSet[str]) -> Refusal | None:
        if self._gate is None:
            return None
        if sum(map(len, fields.values())) < _LONG:
            return self._gate.check(fields, without)
        return await asyncio.to_thread(self._gate.check, fields, without)

    def _told(self, refusal: Refusal, fields: Mapping[str, str]) -> RefusedText:
        assert self._gate is not None
        text = fields[refusal.field]
        alone = self._gate.check({refusal.field: text})
        is_joined = alone is None or alone.rule != refusal.rule
        digest = digest_of("\n".join(fields.values()) if is_joined else text)
        return RefusedText(refusal.field, refusal.rule, refusal.category, digest, is_joined)


def digest_of(text: str) -> str:
    """Returns the digest by which a text is allowed: its SHA-256, as the service stores it."""
    return hashlib.sha256(text.encode()).hexdigest()
