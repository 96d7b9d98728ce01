"""Pages of lists by their size in bytes."""

from collections.abc import Sequence
from typing import TypeVar

from google.protobuf.message import Message

from server.domain.paging import PAGE_BYTES, LastRow, Listing, Row

_AROUND_ROW = 8  # the number of a field and the length of a message, at most
_AROUND_PAGE = 256  # the token of the next page, at most

R = TypeVar("R", bound=Row)
M = TypeVar("M", bound=Message)


def fitting(listing: Listing[R], messages: Sequence[M]) -> tuple[Sequence[M], LastRow | None]:
    """Returns the messages of the rows that fit in one page, and its last row if more follow.

    The first row is always among them.
    """
    left, count = PAGE_BYTES - _AROUND_PAGE, 0
    for message in messages:
        left -= message.ByteSize() + _AROUND_ROW
        if left < 0 and count:
            break
        count += 1
    return messages[:count], listing.first(count).next
