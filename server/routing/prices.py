"""Prices: the most that a call can cost before it is made, and what it did cost afterwards.

Amounts are whole millionths of a US dollar ("micros"), rounded up, so that no cost is booked as
less than it is.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from fractions import Fraction
from typing import Protocol

from server.domain.models import Size

_LONG = Fraction(3, 4)
"""The ratio of the sides of pictures that are clearly longer than a square: 4:3."""


@dataclass(frozen=True, slots=True)
class PricedCall:
    """What the price of a call depends on.

    `quality` is the provider's own label. `references` are pictures sent along, `partials`
    unfinished pictures sent back.
    """

    size: Size
    quality: str
    references: int = 0
    partials: int = 0


@dataclass(frozen=True, slots=True)
class Usage:
    """The tokens that a provider counted for a call, of which `cached` ones cost less.

    The cached ones are part of `text_in` and `image_in`; of `cached` it is not told of which.
    """

    text_in: int
    image_in: int
    image_out: int
    text_out: int = 0
    text_cached: int = 0
    image_cached: int = 0
    cached: int = 0


class UsageUnclear(ValueError):
    """Raised for a usage from which no cost can be computed; the call is booked at its hold."""


class Price(Protocol):
    """What calls of a model cost."""

    def most_micros(self, call: PricedCall) -> int:
        """Returns the most that a call can cost: its hold.

        Raises LookupError where no price is known; a model without a price draws nothing.
        """
        ...

    def cost_micros(self, call: PricedCall, usage: Usage | None) -> int:
        """Returns what a call cost by the usage that its provider reported.

        Raises UsageUnclear where that cannot be computed.
        """
        ...


@dataclass(frozen=True, slots=True)
class FreePrice:
    """The price of models that no invoice names: those on the cluster's own machines."""

    def most_micros(self, call: PricedCall) -> int:
        """Returns 0."""
        return 0

    def cost_micros(self, call: PricedCall, usage: Usage | None) -> int:
        """Returns 0."""
        return 0


@dataclass(frozen=True, slots=True)
class PicturePrice:
    """A price for each picture, by quality; `sizes` has the sizes whose price differs.

    Every reference adds `reference`, in micros.
    """

    qualities: Mapping[str, int]
    sizes: Mapping[tuple[str, str], int]
    reference: int = 0

    def most_micros(self, call: PricedCall) -> int:
        """Returns the price of the picture; raises LookupError for a quality without one."""
        price = self.sizes.get((call.quality, str(call.size)))
        if price is None:
            price = self.qualities[call.quality]
        return price + call.references * self.reference

    def cost_micros(self, call: PricedCall, usage: Usage | None) -> int:
        """Returns the same price: the provider reports no usage that would change it."""
        return self.most_micros(call)


@dataclass(frozen=True, slots=True)
class TokenPrice:
    """A price for each token, in micros, and the most tokens that a call can take.

    `outputs` are the tokens of a picture by quality and size. A size that is not listed is held at
    a listed square: the smallest one with as many pixels, since squares take the most of all
    pictures of an area. One with more pixels than every square is held at the largest, and so many
    times its tokens as it has pixels more, as tokens grow slower than pixels do; a picture of 4:3
    or longer at three quarters of that, but not below the square. One larger than all that is
    listed has no price.
    """

    text_in: Decimal
    image_in: Decimal
    image_out: Decimal
    text_cached: Decimal
    image_cached: Decimal
    text_out: Decimal
    outputs: Mapping[str, Mapping[str, int]]
    reference_tokens: int
    partial_tokens: int
    prompt_tokens: int

    def most_micros(self, call: PricedCall) -> int:
        """Returns the price of the longest prompt, all references, partials and the picture.

        Raises LookupError for a quality or a size whose tokens are not known.
        """
        tokens = self._output(call) + call.partials * self.partial_tokens
        return whole_micros(
            self.prompt_tokens * self.text_in
            + call.references * self.reference_tokens * self.image_in
            + tokens * max(self.image_out, self.text_out)
        )

    def cost_micros(self, call: PricedCall, usage: Usage | None) -> int:
        """Returns the price of the reported tokens; raises UsageUnclear where they cannot be.

        A picture that took no tokens was not counted; cached tokens beyond those sent were
        counted wrongly. Those of a kind that is not told count as the kind that saves less.
        """
        if usage is None:
            raise UsageUnclear("the provider reported no usage")
        counts = (
            *(usage.text_in, usage.image_in, usage.image_out),
            *(usage.text_out, usage.text_cached, usage.image_cached, usage.cached),
        )
        if any(count < 0 for count in counts) or usage.image_out == 0:
            raise UsageUnclear(
                "the provider's usage has no tokens for the picture, or negative ones"
            )
        text, images = usage.text_in - usage.text_cached, usage.image_in - usage.image_cached
        if text < 0 or images < 0 or usage.cached > text + images:
            raise UsageUnclear("the provider's usage has more cached tokens than tokens")
        return whole_micros(
            usage.text_in * self.text_in
            + usage.image_in * self.image_in
            + usage.image_out * self.image_out
            + usage.text_out * self.text_out
            - self._saved(usage, text, images)
        )

    def _saved(self, usage: Usage, text: int, images: int) -> Decimal:
        """Returns what the cached tokens save; so many `text` and `images` ones may be others."""
        each = self.text_in - self.text_cached, self.image_in - self.image_cached
        (less, many), (more, _) = sorted(zip(each, (text, images), strict=True))
        first = min(usage.cached, many)
        told = usage.text_cached * each[0] + usage.image_cached * each[1]
        return told + first * less + (usage.cached - first) * more

    def _output(self, call: PricedCall) -> int:
        listed, pixels = self.outputs[call.quality], _pixels(call.size)
        if (tokens := listed.get(str(call.size))) is not None:
            return tokens
        known = [(_size(text), tokens) for text, tokens in listed.items()]
        squares = sorted((_pixels(size), tokens) for size, tokens in known if _ratio(size) == 1)
        if not squares or pixels > max(_pixels(size) for size, _ in known):
            raise LookupError(f"no price is known for pictures of {call.size}")
        for most, tokens in squares:
            if pixels <= most:
                return tokens
        largest, tokens = squares[-1]
        times = Fraction(pixels, largest) * (_LONG if _ratio(call.size) <= _LONG else 1)
        return math.ceil(tokens * max(times, Fraction(1)))


def _size(text: str) -> Size:
    width, _, height = text.partition("x")
    return Size(int(width), int(height))


def _pixels(size: Size) -> int:
    return size.width * size.height


def _ratio(size: Size) -> Fraction:
    """Returns the shorter side over the longer one."""
    return Fraction(min(size.width, size.height), max(size.width, size.height))


def whole_micros(micros: Decimal) -> int:
    """Returns an amount rounded up."""
    return int(micros.to_integral_value(ROUND_CEILING))
