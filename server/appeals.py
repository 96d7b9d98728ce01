"""Appeals: an operator allows a text that the gate refuses, or withdraws that."""

import re
from dataclasses import dataclass

from imggen.rules.cleaning import clean
from server.databases import Address
from server.safety.gate import TextGate
from server.safety.texts import CLASSIFIERS, digest_of
from server.store import open_store

_DIGEST = re.compile("[0-9a-f]{64}")


class CannotAppeal(RuntimeError):
    """Raised for an appeal that names no refused text; the message says what would be right."""


@dataclass(frozen=True, slots=True)
class Appeal:
    """A text, by its digest, and the rule that it breaks."""

    digest: str
    rule: str


def appeal_of_text(gate: TextGate, text: str) -> Appeal:
    """Returns the appeal for a text, as the service stores it; raises CannotAppeal."""
    text = clean(text)
    refusal = gate.check({"text": text})
    if refusal is None:
        raise CannotAppeal(
            "no rule refuses this text by itself; use --hash and --rule of a refusal"
        )
    return Appeal(digest_of(text), refusal.rule)


def appeal_of_digest(gate: TextGate, digest: str, rule: str) -> Appeal:
    """Returns the appeal for a refusal, by what it named; raises CannotAppeal."""
    if not _DIGEST.fullmatch(digest):
        raise CannotAppeal("--hash: give the 64 hexadecimal digits that the refusal named")
    rules = (*gate.rules, *CLASSIFIERS)
    if rule not in rules:
        raise CannotAppeal(f'--rule: "{rule}" is not a rule; use one of {", ".join(rules)}')
    return Appeal(digest, rule)


async def allow(where: str | Address, appeal: Appeal, who: str) -> str:
    """Allows a text, and returns what has changed, as a sentence."""
    async with open_store(where, max_connections=1) as store:
        new = await store.allowed_texts.allow(appeal.digest, appeal.rule, who)
    may = "may break" if new else "was already allowed to break"
    return f"{appeal.digest} {may} the rule {appeal.rule}"


async def withdraw(where: str | Address, appeal: Appeal, who: str) -> str:
    """Withdraws what was allowed, and returns what has changed, as a sentence."""
    async with open_store(where, max_connections=1) as store:
        gone = await store.allowed_texts.withdraw(appeal.digest, appeal.rule, who)
    may = "may no longer break" if gone else "was not allowed to break"
    return f"{appeal.digest} {may} the rule {appeal.rule}"
