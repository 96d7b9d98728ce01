"""Pages of lists: the newest first, each page going on behind the last row of the one before."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Cursor:
    """Is the last row that a list has shown."""

    created_at: datetime
    id: UUID


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Asks for `size` rows behind a cursor."""

    size: int
    after: Cursor | None = None


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """Is a page of rows, with the cursor of the next page where there is one."""

    rows: list[T]
    next: Cursor | None

    @classmethod
    def cut(cls, rows: list[T], size: int, cursor: Callable[[T], Cursor]) -> "Listing[T]":
        """Makes a page of `size` rows out of a query that asked for one row more."""
        more = len(rows) > size
        rows = rows[:size]
        return cls(rows, cursor(rows[-1]) if more else None)
