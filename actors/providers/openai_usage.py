"""The usage that OpenAI's images API reports, what it leaves unsaid, and what a call cost."""

from collections.abc import Mapping
from typing import Any

from server.routing.prices import Price, PricedCall, Usage, UsageUnclear

_MOST_TOKENS = 100_000_000
"""More than any picture takes: a larger number is an error, and would overflow the ledger."""


def cost_of(price: Price, call: PricedCall, reported: object) -> tuple[int, str]:
    """Returns what a call cost, and why that is only its hold; empty where it is exact."""
    usage, unclear = None, ""
    try:
        usage = read_usage(reported)
    except UsageUnclear as error:
        unclear = str(error)
    try:
        # A price by the picture needs no usage.
        return price.cost_micros(call, usage), ""
    except UsageUnclear as error:
        return price.most_micros(call), unclear or str(error)


def read_usage(reported: object) -> Usage:
    """Returns the tokens of a call; raises UsageUnclear where they are not told.

    Tokens that no detail explains count as those of pictures, which cost more than text: the
    end of a stream may come without the details of its output. Cached tokens are told as a sum, in
    the details of the input, or in details of their own, by kind.
    """
    if not isinstance(reported, Mapping):
        raise UsageUnclear("the answer has no usage")
    inputs, outputs = _details(reported, "input"), _details(reported, "output")
    text_in, image_in = _tokens(inputs, "text_tokens"), _tokens(inputs, "image_tokens")
    text_out, image_out = _tokens(outputs, "text_tokens"), _tokens(outputs, "image_tokens")
    cached = _details(inputs, "cached")
    text_cached, image_cached = _tokens(cached, "text_tokens"), _tokens(cached, "image_tokens")
    for side, details in (("input", inputs), ("output", outputs)):
        if reported.get(f"{side}_tokens") is None and not details:
            raise UsageUnclear(f"the answer's usage has no {side} tokens")
    return Usage(
        text_in=text_in,
        image_in=max(image_in, _tokens(reported, "input_tokens") - text_in),
        image_out=max(image_out, _tokens(reported, "output_tokens") - text_out),
        text_out=text_out,
        text_cached=text_cached,
        image_cached=image_cached,
        cached=max(0, _tokens(inputs, "cached_tokens") - text_cached - image_cached),
    )


def flat_usage(reported: object) -> dict[str, int]:
    """Returns the numbers of a usage by their names: `input_tokens_details.text_tokens`."""
    if not isinstance(reported, Mapping):
        return {}
    numbers = {name: value for name, value in reported.items() if _is_count(value)}
    for side, details in reported.items():
        numbers |= {f"{side}.{name}": value for name, value in flat_usage(details).items()}
    return numbers


def _details(reported: Mapping[str, Any], side: str) -> Mapping[str, Any]:
    details = reported.get(f"{side}_tokens_details")
    if not details:
        return {}
    if not isinstance(details, Mapping):
        raise UsageUnclear(f"the usage's {side} details are no object")
    return details


def _tokens(counts: Mapping[str, Any], name: str) -> int:
    value = counts.get(name)
    if value is None:
        return 0
    if not _is_count(value):
        raise UsageUnclear(f"the usage's {name} are no number of tokens")
    return int(value)


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value <= _MOST_TOKENS
