"""The price of a call of a chat model: the most before it is made, and what it did cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from server.routing.prices import UsageUnclear, whole_micros

_TOKENS_AROUND = 16
"""More than a chat's template puts around a message, and before the answer."""


@dataclass(frozen=True, slots=True)
class ChatPrice:
    """A price for each token, in micros, and the most tokens that an answer may have.

    Cached tokens count as any others: nothing here is long enough to be cached.
    """

    text_in: Decimal
    text_out: Decimal
    most_out: int

    def most_micros(self, messages: Sequence[str]) -> int:
        """Returns the most that a call can cost.

        Each token of a tokenizer that works on bytes, as those of chat models do, has one byte
        or more, so that a text has no more tokens than bytes.
        """
        most_in = sum(len(text.encode()) + _TOKENS_AROUND for text in messages) + _TOKENS_AROUND
        return whole_micros(most_in * self.text_in + self.most_out * self.text_out)

    def cost_micros(self, usage: Mapping[str, int]) -> int:
        """Returns what a call cost by its usage; raises UsageUnclear where that is unclear.

        Some services leave the tokens of the reasoning out of `completion_tokens`, and have them
        in the total alone.
        """
        if not self.text_in and not self.text_out:
            return 0
        sent, answered = usage.get("prompt_tokens", 0), usage.get("completion_tokens", 0)
        if not sent or not answered:
            raise UsageUnclear("the answer's usage has no tokens of the prompt, or of the answer")
        answered = max(answered, usage.get("total_tokens", 0) - sent)
        return whole_micros(sent * self.text_in + answered * self.text_out)
