"""Every column of the schema has a statement that names it, or a comment on its future use."""

import re
from pathlib import Path

import server.store
from server.store.schema import SCHEMA

TABLE = re.compile(r"^CREATE (?:UNLOGGED )?TABLE (\w+) \(\n(.*?)\n\)", re.DOTALL | re.MULTILINE)
COLUMN = re.compile(r"^    (?!CONSTRAINT)(\w+) ", re.MULTILINE)


def test_a_column_that_no_statement_names_says_what_will_fill_it() -> None:
    schema = SCHEMA.read_text()
    modules = Path(server.store.__file__).parent.glob("*.py")
    functions = schema[schema.index("CREATE FUNCTION") :]
    statements = "\n".join([functions, *(module.read_text() for module in modules)])
    words = set(re.findall(r"\w+", statements))
    commented = set(re.findall(r"COMMENT ON \w+ ([\w.]+) IS", schema))
    dead = [
        f"{table}.{column}"
        for table, body in TABLE.findall(schema)
        for column in COLUMN.findall(body)
        if not {table, column} <= words and not {table, f"{table}.{column}"} & commented
    ]
    assert dead == []
