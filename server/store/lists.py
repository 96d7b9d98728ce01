"""Pages of lists: each filter finds its rows by an index, in the order of the list.

A list with one filter reads the rows of its page. With several, it reads the newest candidates of
each filter, goes through those of the filter that finds the fewest, and leaves out what the other
filters refuse. Where candidates run out before the page is full, the page ends, and the next one
starts after the last candidate: so that no page costs more than its candidates.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from imggen.rules.paging import MAX_SIZE
from server.domain.paging import LastRow, Listing, PageRequest, Row
from server.store.database import Executor, Record

CANDIDATES = 500
"""How many rows of a filter a page goes through at most, where there are other filters."""

MOST_ROWS = MAX_SIZE + 1
"""The rows of the largest page and one more; in the statement itself, for the planner to see."""

_ORDER = "ORDER BY created_at DESC, id DESC"

R = TypeVar("R", bound=Row)


class Arguments:
    """The arguments of a statement that is put together."""

    def __init__(self) -> None:
        self.values: list[object] = []

    def add(self, value: object, kind: str) -> str:
        """Adds an argument of an SQL type; returns its place in the statement."""
        self.values.append(value)
        return f"${len(self.values)}::{kind}"


@dataclass(frozen=True, slots=True)
class Source:
    """The rows of a filter, by an index that has them in the order of the list.

    `each` names values of the index's first columns, of which there may be several; their rows are
    merged.
    """

    table: str
    where: str
    id: str = "id"
    each: str = ""

    def newest(self, after: str, most: int) -> str:
        """Returns a query for the first rows after a place."""
        place = f" AND (created_at, {self.id}) < {after}" if after else ""
        rows = (
            f"SELECT created_at, {self.id} AS id FROM {self.table} WHERE {self.where}{place}"
            f" ORDER BY created_at DESC, {self.id} DESC LIMIT {most}"
        )
        if not self.each:
            return rows
        return (
            f"SELECT one.* FROM {self.each} CROSS JOIN LATERAL ({rows}) AS one"
            f" {_ORDER} LIMIT {most}"
        )


@dataclass(frozen=True, slots=True)
class Filters:
    """The filters of a list: their sources, and what all of them together ask of a row.

    `matches` is a scalar query for the row `candidate.id`, so that no planner makes a join of it;
    it is empty where the only source has no other rows.
    """

    sources: Sequence[Source]
    matches: str = ""


async def fetch_page(
    database: Executor,
    rows: str,
    filters: Filters,
    arguments: Arguments,
    page: PageRequest,
    read: Callable[[Record], R],
) -> Listing[R]:
    """Returns a page of a list; `rows` is a query for whole rows by their `id`."""
    after = place_after(arguments, page)
    size = arguments.add(page.size + 1, "bigint")
    found = await database.fetch(
        f"SELECT page.*, listed.matches, listed.last FROM ({_listed(filters, after, size)})"
        f" AS listed JOIN ({rows}) AS page ON page.id = listed.id"
        " ORDER BY listed.created_at DESC, listed.id DESC",
        *arguments.values,
    )
    matching = [read(row) for row in found if row["matches"]]
    if len(matching) <= page.size and found and found[-1]["last"]:
        return Listing(matching, LastRow(found[-1]["created_at"], found[-1]["id"]))
    return Listing.cut(matching, page.size)


def place_after(arguments: Arguments, page: PageRequest) -> str:
    """Adds the place after which a page starts; returns it, empty for the first page."""
    if page.after is None:
        return ""
    at = arguments.add(page.after.created_at, "timestamptz")
    return f"({at}, {arguments.add(page.after.id, 'uuid')})"


def _listed(filters: Filters, after: str, size: str) -> str:
    """Returns a query for the rows of a page, and `last` for the last candidate.

    That one is a row of the page only if it matches.
    """
    if not filters.matches:
        [source] = filters.sources
        return (
            f"SELECT *, true AS matches, false AS last FROM ({source.newest(after, MOST_ROWS)})"
            f" AS one {_ORDER} LIMIT {size}"
        )
    candidates = " UNION ALL ".join(
        f"SELECT {number} AS source, one.* FROM ({source.newest(after, CANDIDATES)}) AS one"
        for number, source in enumerate(filters.sources)
    )
    return f"""
      WITH found AS MATERIALIZED ({candidates}), fewest AS MATERIALIZED (
        SELECT source FROM generate_series(0, {len(filters.sources) - 1}) AS source
        LEFT JOIN found USING (source)
        GROUP BY source ORDER BY count(id), min(created_at) LIMIT 1
      )
      SELECT created_at, id, matches, place = {CANDIDATES} AS last FROM (
        SELECT candidate.*, ({filters.matches}) AS matches FROM (
          SELECT created_at, id, row_number() OVER ({_ORDER}) AS place
          FROM found JOIN fewest USING (source)
        ) AS candidate {_ORDER} OFFSET 0  -- none is looked at after the page is full
      ) AS looked WHERE matches OR place = {CANDIDATES} {_ORDER} LIMIT {size}
    """
