"""Every column of the schema has a statement that names it, or a comment on its future use."""

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

import server.store
from server.store.schema import SCHEMA

TABLE = re.compile(r"^CREATE (?:UNLOGGED )?TABLE (\w+) \(\n(.*?)\n\)", re.DOTALL | re.MULTILINE)
COLUMN = re.compile(r"^    (?!CONSTRAINT)(\w+) ", re.MULTILINE)
FUNCTION = re.compile(r"^CREATE FUNCTION (\w+)\(.*?^[^\n]*\$\$;", re.DOTALL | re.MULTILINE)
TRIGGER = re.compile(r"^CREATE .*TRIGGER .* ON (\w+) .*EXECUTE FUNCTION (\w+)\(", re.MULTILINE)
VERB = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE|COPY)\b")
WORD = re.compile(r"\w+")

FOR_PEOPLE = {
    "allowed_texts.allowed_at",
    "character_references.created_at",
    "ledger.at",
    "ledger.id",
    "migrations.applied_at",
    "retries.created_at",
    "users.created_at",
}
"""Columns that the database fills by their defaults, for people who read the tables."""


def test_a_column_that_no_statement_of_its_table_names_says_what_will_fill_it() -> None:
    assert dead_columns(SCHEMA.read_text()) == []


@pytest.mark.parametrize("name", ["unused", "payload", "step"])
def test_an_added_column_that_nothing_uses_is_dead_whatever_its_name(name: str) -> None:
    schema = SCHEMA.read_text()
    changed = schema.replace(
        "CREATE TABLE stories (\n", f"CREATE TABLE stories (\n    {name} text,\n"
    )
    assert changed != schema
    assert dead_columns(changed) == [f"stories.{name}"]


def dead_columns(schema: str) -> list[str]:
    """Returns the columns that share no statement with their table, and have no comment.

    A comment on a table speaks for its columns only while no statement names the table.
    """
    statements = [set(WORD.findall(one)) for one in (*functions(schema), *store_statements())]
    commented = set(re.findall(r"COMMENT ON \w+ ([\w.]+) IS", schema))
    dead = []
    for table, body in TABLE.findall(schema):
        named = set[str]().union(*(words for words in statements if table in words))
        if named or table not in commented:
            dead += [
                f"{table}.{column}"
                for column in COLUMN.findall(body)
                if column not in named and f"{table}.{column}" not in commented | FOR_PEOPLE
            ]
    return dead


def functions(schema: str) -> Iterator[str]:
    """Yields the functions of the schema, each with the tables whose triggers call it."""
    triggers = TRIGGER.findall(schema)
    for function in FUNCTION.finditer(schema):
        tables = [table for table, called in triggers if called == function[1]]
        yield " ".join([*tables, function[0]])


def store_statements() -> Iterator[str]:
    """Yields the SQL of the store's modules."""
    for path in sorted(Path(server.store.__file__).parent.glob("*.py")):
        module = import_module(f"server.store.{path.stem}".removesuffix(".__init__"))
        for node in ast.walk(ast.parse(path.read_text())):
            text = text_of(node, module)
            if VERB.search(text):
                yield text
            match node:  # as `Source.newest` puts it together
                case ast.Call(func=ast.Name("Source"), args=[ast.Constant(str(table)), *_]):
                    yield f"SELECT created_at FROM {table}"


def text_of(node: ast.AST, module: ModuleType) -> str:
    """Returns the text of a string with the constants that it names, alone or joined."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(text_of(part, module) for part in parts)
        case (
            ast.FormattedValue(value=ast.Name(id=name))
            | ast.FormattedValue(value=ast.Call(args=[ast.Name(id=name)]))
        ):
            return str(getattr(module, name, ""))
        case _:
            return ""
