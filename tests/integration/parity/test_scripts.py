"""Scripts of calls that depend on each other, on both sides."""

from pathlib import Path

import pytest

from tests.integration.parity import drawing_scripts, library_scripts
from tests.integration.parity.comparison import Script, differences

SCRIPTS = (*library_scripts.SCRIPTS, *drawing_scripts.SCRIPTS)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.__name__)
async def test_both_services_say_the_same(database: str, tmp_path: Path, script: Script) -> None:
    found = await differences(database, tmp_path, script)
    assert not found, "\n".join(found)
