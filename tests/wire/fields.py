"""The contract of each field of a request; a check raises Refused."""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from tests.wire.errors import refused
from tests.wire.models import Model

Check = Callable[[str, object, Model], None]

MOST_PROMPT = 32_000
_SIZE = re.compile(r"([1-9][0-9]{0,4})x([1-9][0-9]{0,4})")
_FEWEST_PIXELS = 655_360
_LONGEST, _SHORTEST = 3840, 2160


def text(name: str, value: object, _model: Model) -> None:
    """Allows any text."""
    if not isinstance(value, str):
        raise _wrong_type(name, value, "a string")


def prompt(name: str, value: object, model: Model) -> None:
    """Allows a text of 1 to 32,000 characters."""
    text(name, value, model)
    if not str(value).strip():
        raise refused(f"Invalid '{name}': it is empty.", "invalid_value", name)
    if len(str(value)) > MOST_PROMPT:
        raise refused(
            f"Invalid '{name}': string too long. Expected a string with maximum length"
            f" {MOST_PROMPT}, but got a string with length {len(str(value))} instead.",
            "string_above_max_length",
            name,
        )


def one_of(*allowed: str) -> Check:
    """Allows some words."""

    def check(name: str, value: object, _model: Model) -> None:
        if value not in allowed:
            raise _not_among(name, value, allowed)

    return check


def whole(least: int, most: int) -> Check:
    """Allows the whole numbers of a range."""

    def check(name: str, value: object, _model: Model) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            raise _wrong_type(name, value, "an integer")
        if value < least:
            code, bound = "integer_below_min_value", f">= {least}"
        elif value > most:
            code, bound = "integer_above_max_value", f"<= {most}"
        else:
            return
        message = f"Invalid '{name}': expected a value {bound}, but got {value} instead."
        raise refused(message, code, name)

    return check


def switch(name: str, value: object, _model: Model) -> None:
    """Allows true and false."""
    if not isinstance(value, bool):
        raise _wrong_type(name, value, "a boolean")


def quality(name: str, value: object, model: Model) -> None:
    """Allows auto and the labels of the model."""
    allowed = ("auto", *model.qualities)
    if value not in allowed:
        raise _not_among(name, value, allowed)


def size(name: str, value: object, model: Model) -> None:
    """Allows auto, and the model's list or the sizes within its limits."""
    if value == "auto":
        return
    if not model.any_size:
        if value not in model.sizes:
            raise _not_among(name, value, ("auto", *model.sizes))
        return
    found = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if not found:
        message = f"Invalid size {value!r}: expected 'auto' or WIDTHxHEIGHT."
        raise refused(message, "invalid_value", name)
    if problem := _problem(int(found[1]), int(found[2])):
        raise refused(f"Invalid size '{value}'. {problem}", "invalid_value", name)


def _problem(width: int, height: int) -> str:
    long, short = max(width, height), min(width, height)
    if width % 16 or height % 16:
        return "Width and height must both be divisible by 16."
    if long > 3 * short:
        return "The aspect ratio must be between 1:3 and 3:1."
    if long > _LONGEST or short > _SHORTEST:
        return f"The maximum supported resolution is {_LONGEST}x{_SHORTEST}."
    if width * height < _FEWEST_PIXELS:
        return f"It must have {_FEWEST_PIXELS} to {_LONGEST * _SHORTEST} pixels."
    return ""


def complexity(name: str, value: object, model: Model) -> None:
    """Allows a few words, on the models that plan."""
    if not model.complexity:
        raise _unsupported(name, model)
    one_of("low", "medium", "high")(name, value, model)


def fidelity(name: str, value: object, model: Model) -> None:
    """Allows the model's words; the newer models have none."""
    if not model.fidelities:
        raise _unsupported(name, model)
    one_of(*model.fidelities)(name, value, model)


_OLD = MappingProxyType(
    {
        "prompt": prompt,
        "model": text,
        "size": size,
        "quality": quality,
        "safety_identifier": text,
    }
)

GENERATION: Mapping[str, Check] = MappingProxyType(
    {
        **_OLD,
        "n": whole(1, 10),
        "background": one_of("transparent", "opaque", "auto"),
        "output_format": one_of("png", "jpeg", "webp"),
        "output_compression": whole(0, 100),
        "moderation": one_of("auto", "low"),
        "complexity": complexity,
        "stream": switch,
        "partial_images": whole(0, 3),
    }
)
"""The fields of a generation."""

EDIT: Mapping[str, Check] = MappingProxyType(
    {name: check for name, check in GENERATION.items() if name != "moderation"}
    | {"input_fidelity": fidelity}
)
"""The fields of an edit, but for its pictures."""

DALLE_3_GENERATION: Mapping[str, Check] = MappingProxyType(
    {
        **_OLD,
        "n": whole(1, 1),
        "response_format": one_of("url", "b64_json"),
        "style": one_of("vivid", "natural"),
        "user": text,
    }
)
"""The fields of a generation by the retired model, where it is still served."""


def _wrong_type(name: str, value: object, wanted: str) -> Exception:
    message = f"Invalid type for '{name}': expected {wanted}, but got {value!r} instead."
    return refused(message, "invalid_type", name)


def _not_among(name: str, value: object, allowed: tuple[str, ...]) -> Exception:
    words = ", ".join(f"'{word}'" for word in allowed)
    message = f"Invalid value: {value!r}. Supported values are: {words}."
    return refused(message, "invalid_value", name)


def _unsupported(name: str, model: Model) -> Exception:
    message = f"The model '{model.id}' does not support the '{name}' parameter."
    return refused(message, "unsupported_parameter", name)
