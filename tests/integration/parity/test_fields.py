"""Every method of the contract, with values of every field, on both sides."""

from pathlib import Path

import pytest

from tests.contract import methods
from tests.integration.parity.comparison import differences
from tests.integration.parity.sides import Seen
from tests.integration.parity.values import make_things, requests_of


@pytest.mark.parametrize("method", methods())
async def test_both_services_say_the_same(database: str, tmp_path: Path, method: str) -> None:
    async def script(seen: Seen) -> None:
        things = await make_things(seen)
        for label, request in requests_of(method, things):
            await seen.call(method, request, label=label)

    found = await differences(database, tmp_path, script)
    assert not found, "\n".join(found)
