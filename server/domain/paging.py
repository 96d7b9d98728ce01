"""Pages of lists, the newest row first; each page starts after the last row of the one before."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

T = TypeVar("T")

PAGE_BYTES = 3 * 2**20
"""A page of a list has at most that many bytes, unless its first row has more."""


@dataclass(frozen=True, slots=True)
class LastRow:
    """The last row of a page; the next page starts after it."""

    created_at: datetime
    id: UUID


@dataclass(frozen=True, slots=True)
class PageRequest:
    """The page that is asked for: `size` rows after the last one of the page before."""

    size: int
    after: LastRow | None = None


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """A page of rows, with the row after which the next page starts, if there is one."""

    rows: list[T]
    next: LastRow | None

    @classmethod
    def cut(cls, rows: list[T], size: int, last_row: Callable[[T], LastRow]) -> "Listing[T]":
        """Returns a page of `size` rows from a query that asked for one row more."""
        more = len(rows) > size
        rows = rows[:size]
        return cls(rows, last_row(rows[-1]) if more else None)
