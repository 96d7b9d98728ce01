"""Pages of lists by their size in bytes."""

from collections.abc import Sequence
from typing import TypeVar

from google.protobuf.message import Message

from imggen.rules import paging as rules
from server.domain.paging import LastRow, Listing, Row

R = TypeVar("R", bound=Row)
M = TypeVar("M", bound=Message)


def fitting(listing: Listing[R], messages: Sequence[M]) -> tuple[Sequence[M], LastRow | None]:
    """Returns the messages of the rows that fit in one page, and its last row if more follow.

    The first row is always among them.
    """
    count = rules.fitting(messages)
    return messages[:count], listing.first(count).next
