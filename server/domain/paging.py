"""Pages of lists, the newest row first; each page starts after the last row of the one before."""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, Self, TypeVar
from uuid import UUID


class Row(Protocol):
    """What lists are sorted by."""

    @property
    def created_at(self) -> datetime:
        """When the row was created."""
        ...

    @property
    def id(self) -> UUID:
        """The row's id, which decides between rows of the same moment."""
        ...


R = TypeVar("R", bound=Row)


@dataclass(frozen=True, slots=True)
class LastRow:
    """The last row of a page; the next page starts after it."""

    created_at: datetime
    id: UUID

    @classmethod
    def of(cls, row: Row) -> Self:
        """Returns the place of a row."""
        return cls(row.created_at, row.id)


@dataclass(frozen=True, slots=True)
class PageRequest:
    """The page that is asked for: `size` rows, at most 100, after the last one before it."""

    size: int
    after: LastRow | None = None


@dataclass(frozen=True, slots=True)
class Listing(Generic[R]):
    """A page of rows, with the place after which the next page starts, if there is one.

    A page may have no rows although there is a next one.
    """

    rows: list[R]
    next: LastRow | None

    @classmethod
    def cut(cls, rows: list[R], size: int) -> "Listing[R]":
        """Returns a page of `size` rows from a query that asked for one row more."""
        return cls(rows, None).first(size)

    def first(self, count: int) -> "Listing[R]":
        """Returns a page of the first rows, at least one of them; the next page has the others."""
        if count >= len(self.rows):
            return self
        shown = self.rows[:count]
        return Listing(shown, LastRow.of(shown[-1]))
