"""The gateway starts with the settings that `cluster/compose.yaml` gives it, and no other."""

from pathlib import Path

import pytest

from tests.compose import secrets, services
from tests.gateway_start import here, start_and_stop
from tests.integration.swift import Swift


def settings() -> dict[str, str]:
    """Returns the gateway's environment."""
    found = services(secrets())["gateway"]["environment"]
    return {name: str(value) for name, value in found.items()}


async def test_the_gateway_starts_with_its_settings(
    database: str, swift: Swift, tmp_path: Path
) -> None:
    status, lines = await start_and_stop(here(settings(), database, swift), tmp_path)

    assert status == 0, lines
    events = [line["event"] for line in lines]
    # Pictures are unchecked on purpose.
    assert [event for event in events if event in ("listening", "pictures not checked")] == [
        "pictures not checked",
        "listening",
    ]


@pytest.mark.parametrize(
    "name", ["IMGGEN_JWT_SECRET", "IMGGEN_SERVE_UNCHECKED_PICTURES", "IMGGEN_STORAGE_URL"]
)
async def test_it_does_not_start_without_one_of_them(
    name: str, database: str, swift: Swift, tmp_path: Path
) -> None:
    environment = here(settings(), database, swift)
    del environment[name]
    status, lines = await start_and_stop(environment, tmp_path)

    assert status == 2
    assert any(name in line["event"] for line in lines)
