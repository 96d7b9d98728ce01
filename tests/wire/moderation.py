"""Moderations: what a request may have, and what the answer is.

A text is flagged for the categories that it names: `flag:violence`, `flag:self-harm/intent`. A
picture is flagged as `sexual` where it is red for the most part, whatever else it shows.
"""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageStat

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
    picture: bytes = b""

    def body(self, id: str) -> bytes:
        """Returns the answer: a result for each text, or for the picture."""
        results = [_result(set(_FLAG.findall(text))) for text in self.texts]
        if self.picture:
            results = [_result({"sexual"} if _is_red(self.picture) else set(), "image")]
        return json.dumps({"id": f"modr-{id}", "model": self.model, "results": results}).encode()


def check(fields: Mapping[str, object]) -> Moderation:
    """Returns a request, or raises Refused; of several inputs only texts are known here."""
    for name in fields:
        if name not in ("input", "model"):
            raise refused(f"Unknown parameter: '{name}'.", "unknown_parameter", name)
    texts = fields.get("input")
    if not texts:
        message = "Missing required parameter: 'input'."
        raise refused(message, "missing_required_parameter", "input")
    model = fields.get("model") or MODELS[0]
    if model not in MODELS:
        raise Refused(unknown_model(str(model)))
    match texts:
        case [{"type": "image_url", "image_url": {"url": str() as url}}]:
            if not str(model).startswith("omni-"):
                message = "Invalid type for 'input': this model takes texts alone."
                raise refused(message, "invalid_type", "input")
            return Moderation(str(model), (), _picture(url))
    listed = texts if isinstance(texts, list) else [texts]
    strings = tuple(text for text in listed if isinstance(text, str))
    if len(strings) < len(listed):
        message = "Invalid type for 'input': expected a string or an array of strings."
        raise refused(message, "invalid_type", "input")
    return Moderation(str(model), strings)


def _picture(url: str) -> bytes:
    """Returns the picture of a data URL; raises Refused for what is none."""
    head, _, encoded = url.partition(";base64,")
    try:
        data = base64.b64decode(encoded, validate=True)
        Image.open(BytesIO(data)).verify()
    except (ValueError, OSError) as error:
        raise refused("Invalid image.", "invalid_image_url", "input") from error
    if head not in ("data:image/png", "data:image/jpeg"):
        raise refused("Invalid image.", "invalid_image_url", "input")
    return data


def _is_red(picture: bytes) -> bool:
    with Image.open(BytesIO(picture)) as image:
        red, green, blue = ImageStat.Stat(image.convert("RGB")).mean
    return red > 2 * max(green, blue, 1.0)


def _result(flagged: set[str], kind: str = "text") -> dict[str, object]:
    named = {category: category in flagged for category in CATEGORIES}
    return {
        "flagged": any(named.values()),
        "categories": named,
        "category_scores": {name: 0.9 if is_so else 0.001 for name, is_so in named.items()},
        "category_applied_input_types": {name: [kind] for name in named},
    }
