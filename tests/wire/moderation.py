"""Moderations: what a request may have, and what the answer is.

A text is flagged for the categories that it names: `flag:violence`, `flag:self-harm/intent`.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from tests.wire.errors import Refused, refused, unknown_model

MODELS = (
    *("omni-moderation-latest", "omni-moderation-2024-09-26"),
    *("text-moderation-latest", "text-moderation-stable"),
)
"""The models that moderate, the default first."""

CATEGORIES = (
    *("harassment", "harassment/threatening", "hate", "hate/threatening"),
    *("illicit", "illicit/violent"),
    *("self-harm", "self-harm/instructions", "self-harm/intent"),
    *("sexual", "sexual/minors", "violence", "violence/graphic"),
)

_FLAG = re.compile(r"flag:([a-z/-]+)")


@dataclass(frozen=True, slots=True)
class Moderation:
    """A request that the contract allows."""

    model: str
    texts: tuple[str, ...]

    def body(self, id: str) -> bytes:
        """Returns the answer: a result for each text."""
        results = [_result(set(_FLAG.findall(text))) for text in self.texts]
        return json.dumps({"id": f"modr-{id}", "model": self.model, "results": results}).encode()


def check(fields: Mapping[str, object]) -> Moderation:
    """Returns a request, or raises Refused; pictures are not among its inputs here."""
    for name in fields:
        if name not in ("input", "model"):
            raise refused(f"Unknown parameter: '{name}'.", "unknown_parameter", name)
    texts = fields.get("input")
    if not texts:
        message = "Missing required parameter: 'input'."
        raise refused(message, "missing_required_parameter", "input")
    listed = texts if isinstance(texts, list) else [texts]
    strings = tuple(text for text in listed if isinstance(text, str))
    if len(strings) < len(listed):
        message = "Invalid type for 'input': expected a string or an array of strings."
        raise refused(message, "invalid_type", "input")
    model = fields.get("model") or MODELS[0]
    if model not in MODELS:
        raise Refused(unknown_model(str(model)))
    return Moderation(str(model), strings)


def _result(flagged: set[str]) -> dict[str, object]:
    named = {category: category in flagged for category in CATEGORIES}
    return {
        "flagged": any(named.values()),
        "categories": named,
        "category_scores": {name: 0.9 if is_so else 0.001 for name, is_so in named.items()},
        "category_applied_input_types": {name: ["text"] for name in named},
    }
