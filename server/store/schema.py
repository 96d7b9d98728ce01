"""The schema as a file to read: a dump of a migrated database, in a readable order."""

import re
from collections import defaultdict
from importlib.resources import files
from pathlib import Path

from server.store.migrate import names

SCHEMA = Path(__file__).with_name("schema.sql")

_HEAD = """\
-- The schema of a migrated database. Written by `make schema` from the migrations, which are
-- what is applied; do not edit it.
"""

_ENTRY = re.compile(r"^--\n-- Name: (.+); Type: (.+); Schema: .*\n--\n", re.MULTILINE)
_NOISE = re.compile(r"^(SET .*;|\\.*|--( PostgreSQL .*)?)\n", re.MULTILINE)
_TABLE = re.compile(r"\b(?:TABLE(?: ONLY)?|ON(?: ONLY| TABLE| COLUMN)?) (\w+)")
_CONSTRAINT = re.compile(r"ADD (CONSTRAINT .*);")
_IDENTITY = re.compile(r"ALTER COLUMN (\w+) ADD (GENERATED .* AS IDENTITY)")
_OF_A_TABLE = ("TABLE", "CONSTRAINT", "FK CONSTRAINT", "SEQUENCE", "INDEX", "TRIGGER", "COMMENT")


def readable(dump: str) -> str:
    """Returns a dump of the schema with each table and all that belongs to it in one place.

    Types come first, then tables in the order in which migrations create them, then functions.
    """
    tables: dict[str, list[tuple[str, str]]] = defaultdict(list)
    before, after = [], []
    _, *parts = _ENTRY.split(dump)
    for kind, text in zip(parts[1::3], parts[2::3], strict=True):
        statement = _NOISE.sub("", text).replace("public.", "").replace("\t", "    ").strip()
        if kind == "FUNCTION":
            after.append(statement)
        elif kind in _OF_A_TABLE and (table := _TABLE.search(statement)):
            tables[table[1]].append((kind, statement))
        else:
            before.append(statement)
    order = [*_created(), *sorted(tables)]
    ordered = (_table(tables.pop(name)) for name in order if name in tables)
    return "\n".join([_HEAD, *(f"{text}\n" for text in (*before, *ordered, *after))])


def _created() -> list[str]:
    folder = files(__package__) / "migrations"
    text = "\n".join((folder / name).read_text() for name in names())
    return re.findall(r"^CREATE (?:UNLOGGED )?TABLE (\w+)", text, re.MULTILINE)


def _table(parts: list[tuple[str, str]]) -> str:
    """Returns a table with its constraints and identities inside, and the rest below."""
    [table] = [statement for kind, statement in parts if kind == "TABLE"]
    rest = []
    for kind, statement in parts:
        if kind in ("CONSTRAINT", "FK CONSTRAINT") and (found := _CONSTRAINT.search(statement)):
            table = table.replace("\n)", f",\n    {found[1]}\n)", 1)
        elif kind == "SEQUENCE" and (found := _IDENTITY.search(statement)):
            table = re.sub(rf"(\n    {found[1]} [^\n,]*)", rf"\1 {found[2]}", table, count=1)
        elif kind != "TABLE":
            rest.append(statement)
    return "\n".join([table, *rest])
