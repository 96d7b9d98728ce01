"""The catalogue's file, and an operator's file over it, read as rows."""

import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from server.clock import SYSTEM_CLOCK
from server.routing.hosted_sizes import wrong_size
from server.routing.rows import Row
from server.routing.schema import PRICE_KINDS, TOGETHER, CatalogueTable, keys_of

SHIPPED = Path(__file__).with_name("catalogue.toml")
"""The catalogue that comes with imggen."""

_REPLACED = frozenset({"price", "portraits", "scenes"})
"""The tables of a row that an operator's file replaces whole: half a price is a wrong one."""


class CatalogueInvalid(ValueError):
    """Raised for a file that is no catalogue, with everything that is wrong in it."""

    def __init__(self, file: Path, problems: list[str]) -> None:
        super().__init__(f"{file}: {'; '.join(problems)}")
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Listing:
    """All rows by name, and the score that each label of `min_quality` stands for."""

    rows: Mapping[str, Row]
    floors: Mapping[str, float]


def read_listing(file: Path | None = None, today: date | None = None) -> Listing:
    """Returns the shipped rows, changed by those of an operator's file, and added to.

    A row of the operator that is the successor of a model is so in place of a shipped one. `today`
    is the day (UTC) by the clock if it is None. Raises CatalogueInvalid, or OSError where the file
    cannot be read.
    """
    if file is None:
        return _shipped()
    shipped, given = _tables(SHIPPED), _tables(file)
    tables = _laid_over(_without_drafts(_without_heirs(shipped, given), given), given)
    early = list(_from_the_future(given, today or SYSTEM_CLOCK.now().date()))
    return _listing(file, tables, early)


@cache
def _shipped() -> Listing:
    """Returns the shipped rows: a part of the program, which no process reads twice."""
    return _listing(SHIPPED, _tables(SHIPPED), [])


def _listing(file: Path, tables: dict[str, Any], early: list[str]) -> Listing:
    """Returns the rows of tables; raises CatalogueInvalid, with `early` among its problems."""
    try:
        checked = CatalogueTable.model_validate(tables)
    except ValidationError as error:
        raise CatalogueInvalid(file, [*_problems(error), *early]) from None
    rows = {name: table.row(name) for name, table in checked.models.items()}
    problems = [*early, *_conflicts(rows.values()), *_wrong_sizes(rows.values())]
    if problems:
        raise CatalogueInvalid(file, problems)
    return Listing(MappingProxyType(rows), MappingProxyType(checked.min_quality.model_dump()))


def _tables(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"), parse_float=Decimal)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CatalogueInvalid(file, [f"is not TOML: {error}"]) from None


def _without_heirs(shipped: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Returns the shipped tables without the successions that an operator's rows take over."""
    heirs = [row.get("successor_of") for row in _rows(given).values()]
    taken = [name for names in heirs if isinstance(names, list) for name in names]
    kept = {}
    for name, row in shipped["models"].items():
        own = [one for one in row.get("successor_of", ()) if one not in taken]
        kept[name] = {**row, "successor_of": own}
    return {**shipped, "models": kept}


def _without_drafts(shipped: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Returns the shipped tables without the drafts that an operator's prices do not have.

    A price that was written before there were drafts is still whole: its model has none.
    """
    own = _rows(given)
    kept = {}
    for name, row in shipped["models"].items():
        qualities = dict(row["quality"])
        if not _prices_draft(own.get(name, {}), qualities["draft"]["label"]):
            del qualities["draft"]
        kept[name] = {**row, "quality": qualities}
    return {**shipped, "models": kept}


def _prices_draft(row: dict[str, Any], label: str) -> bool:
    """Returns whether an operator's row leaves a model its draft of that label."""
    price, named = row.get("price"), row.get("quality")
    is_named = isinstance(named, dict) and "draft" in named
    if is_named or not isinstance(price, dict) or price.get("kind") == "free":
        return True
    tables = [price.get("qualities"), price.get("outputs")]
    return any(label in table for table in tables if isinstance(table, dict))


def _from_the_future(given: dict[str, Any], today: date) -> Iterator[str]:
    """Yields the dates of an operator's prices that are yet to come, so that none was read then.

    Tomorrow passes: where the operator is it may have begun, and clocks differ.
    """
    latest = today + timedelta(days=1)
    for name, row in _rows(given).items():
        day = row.get("as_of")
        if isinstance(day, date) and not isinstance(day, datetime) and day > latest:
            yield f"models.{name}.as_of: {day} is after today, {today}; no price was read then"


def _rows(tables: dict[str, Any]) -> dict[str, dict[str, Any]]:
    models = tables.get("models")
    rows = models if isinstance(models, dict) else {}
    return {name: row for name, row in rows.items() if isinstance(row, dict)}


def _laid_over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Returns a table with the keys of another laid over it, and those of their tables."""
    merged = dict(below)
    for key, value in above.items():
        old = below.get(key)
        nested = isinstance(value, dict) and isinstance(old, dict) and key not in _REPLACED
        merged[key] = _laid_over(old, value) if nested and old is not None else value
    return merged


def _problems(error: ValidationError) -> Iterator[str]:
    for found in error.errors():
        # The kind of a price is in the place of each of its errors, but not in the file.
        place = [part for part in found["loc"] if part not in PRICE_KINDS]
        where = ".".join(map(str, place))
        if found["type"] == "extra_forbidden":
            yield f"{where}: is not known here; use one of {', '.join(keys_of(found['loc']))}"
        elif found["type"] == TOGETHER:
            yield from (f"{where}.{problem}" for problem in found["ctx"]["problems"])
        elif found["type"] in ("union_tag_not_found", "union_tag_invalid"):
            yield f"{where}.kind: {_kind(found['input'])}; use one of {', '.join(PRICE_KINDS)}"
        elif found["type"] == "missing":
            yield f"{where}: is missing"
        else:
            said = found["msg"].removeprefix("Value error, ")
            yield f"{where}: {said[:1].lower()}{said[1:]}, not {str(found['input'])[:60]!r}"


def _kind(price: object) -> str:
    """Returns what is wrong with the kind of a price."""
    kind = price.get("kind") if isinstance(price, dict) else None
    return "is missing" if kind is None else f"{str(kind)[:60]!r} is not known"


def _conflicts(rows: Collection[Row]) -> Iterator[str]:
    heirs: dict[str, str] = {}
    for row in rows:
        for name in row.successor_of:
            if name in heirs:
                yield f"models.{row.name}.successor_of: {name} has a successor, {heirs[name]}"
            heirs[name] = row.name
    if (shares := sum(row.canary for row in rows)) > 1:
        yield f"the canary shares of all models add up to {shares:g}; 1 at most"


def _wrong_sizes(rows: Collection[Row]) -> Iterator[str]:
    for row in rows:
        portraits = {shown: drawn.native for shown, drawn in row.portraits.items()}
        for table, sizes in (("portraits", portraits), ("scenes", row.scenes)):
            for shown, own in sizes.items():
                if wrong := wrong_size(row.provider, row.known_as, own):
                    yield f"models.{row.name}.{table}.{shown}: cannot be drawn in {own}: {wrong}"
