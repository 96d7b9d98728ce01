"""Scripts of calls that depend on each other, on both sides."""

from pathlib import Path

import pytest

from tests.integration.parity.comparison import differences
from tests.integration.parity.scripts import SCRIPTS


@pytest.mark.parametrize("name", SCRIPTS)
async def test_both_services_say_the_same(database: str, tmp_path: Path, name: str) -> None:
    found = await differences(database, tmp_path, SCRIPTS[name])
    assert not found, "\n".join(found)
