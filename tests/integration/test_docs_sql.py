"""The statements in the docs run on the schema as it is."""

import pytest

from server.store import Store
from tests.markdown import blocks, name_of, pages

STATEMENTS = [
    pytest.param(block.text, id=f"{name_of(page)}:{block.line}")
    for page in pages()
    for block in blocks(page.read_text())
    if block.language == "sql"
]


@pytest.mark.parametrize("statement", STATEMENTS)
async def test_a_statement_of_the_docs_runs(store: Store, statement: str) -> None:
    await store.database.fetch(statement)
