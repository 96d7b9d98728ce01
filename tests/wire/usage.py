"""Token usage of a picture, and what it costs by the published rates."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from tests.wire.models import Family, Model

PARTIAL_TOKENS = 100
"""Output tokens of a partial picture that was sent."""

REFERENCE_TOKENS = 1000
"""Input tokens of a picture in the request."""

_LONG_EDGE = {"low": 16, "medium": 24, "high": 48, "xhigh": 64, "max": 96}
_LONG_EDGE_OF_2 = {"low": 16, "medium": 48, "high": 96}

# By price, of a square of 1024 pixels, over the rate of an output token.
_OLD_SQUARES = {
    Family.GPT_1_5: {"low": 281, "medium": 1062, "high": 4156},
    Family.MINI_1: {"low": 625, "medium": 1375, "high": 4500},
}


class UsageFault(StrEnum):
    """The way in which a usage is not what the contract promises."""

    MISSING = "missing"
    NULL = "null"
    NAN = "nan"
    NEGATIVE = "negative"
    STRINGS = "strings"
    ZERO = "zero"
    HUGE = "huge"  # far more than the request can cost
    NO_DETAILS = "no_details"  # totals only
    EMPTY_OUTPUT_DETAILS = "empty_output_details"
    OUTPUT_DETAILS = "output_details"  # on a stream, too, where the contract has none


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of a request and its answer."""

    text: int
    images: int
    output: int

    def json(self, *, output_details: bool) -> dict[str, object]:
        """Returns the object that an answer carries."""
        counted: dict[str, object] = {
            "input_tokens": self.text + self.images,
            "input_tokens_details": {"text_tokens": self.text, "image_tokens": self.images},
            "output_tokens": self.output,
            "total_tokens": self.text + self.images + self.output,
        }
        if output_details:
            details = {"image_tokens": self.output, "text_tokens": 0}
            counted["output_tokens_details"] = details
        return counted

    @property
    def cost_micros(self) -> int:
        """The cost in micro-dollars at $5, $8 and $30 a million tokens of text, pictures, output.

        These are the rates of gpt-image-2, 2.5 and 2.6.
        """
        return self.text * 5 + self.images * 8 + self.output * 30


def usage_of(
    model: Model, prompt: str, size: tuple[int, int], quality: str, *, pictures: int = 0, n: int = 1
) -> Usage:
    """Returns the usage of an answer with `n` pictures, before any partial one.

    The retired model has none: its pictures have a price.
    """
    if model.family is Family.DALLE_3:
        return Usage(0, 0, 0)
    text = max(1, -(-len(prompt) // 4))
    return Usage(text, pictures * REFERENCE_TOKENS, n * output_tokens(model, size, quality))


def output_tokens(model: Model, size: tuple[int, int], quality: str) -> int:
    """Returns the output tokens of one picture; all published prices are met exactly."""
    if squares := _OLD_SQUARES.get(model.family):
        return round(squares[quality] * size[0] * size[1] / 1024**2)
    edges = _LONG_EDGE_OF_2 if model.family is Family.GPT_2 else _LONG_EDGE
    long = edges[quality]
    short = int(long * min(size) / max(size) + 0.5)
    pixels = size[0] * size[1]
    return -(-long * short * (2_000_000 + pixels) // 4_000_000)


def faulty(usage: Usage, fault: UsageFault | None, *, streamed: bool) -> Mapping[str, object]:
    """Returns the part of an answer that carries its usage, as the fault has it."""
    if fault is UsageFault.MISSING:
        return {}
    if fault is UsageFault.NULL:
        return {"usage": None}
    if fault is UsageFault.OUTPUT_DETAILS:
        return {"usage": usage.json(output_details=True)}
    if fault is UsageFault.EMPTY_OUTPUT_DETAILS:
        return {"usage": usage.json(output_details=False) | {"output_tokens_details": {}}}
    if fault is UsageFault.NO_DETAILS:
        totals = usage.json(output_details=False)
        del totals["input_tokens_details"]
        return {"usage": totals}
    if fault is UsageFault.ZERO:
        return {"usage": Usage(0, 0, 0).json(output_details=not streamed)}
    if fault is UsageFault.HUGE:
        huge = Usage(usage.text, usage.images, usage.output * 100)
        return {"usage": huge.json(output_details=not streamed)}
    counted = usage.json(output_details=not streamed)
    return {"usage": counted if fault is None else spoiled(counted, fault)}


def spoiled(counted: Mapping[str, object], fault: UsageFault) -> dict[str, object]:
    """Replaces every number, in the details, too."""
    return {
        name: spoiled(value, fault) if isinstance(value, Mapping) else _number(value, fault)
        for name, value in counted.items()
    }


def _number(value: object, fault: UsageFault) -> object:
    if fault is UsageFault.NAN:
        return float("nan")
    if fault is UsageFault.NEGATIVE:
        return -int(str(value)) - 1
    return f"{value} tokens"
