"""`python -m server turn-on`: an operator ends what a failure turned off."""

import asyncio

import pytest

from server.__main__ import main
from server.store import Store


@pytest.fixture(autouse=True)
def _there(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMGGEN_DATABASE_URL", database)


async def run(*arguments: str) -> int:
    """Runs the command, which has a loop of its own."""
    return await asyncio.to_thread(main, ["turn-on", *arguments])


async def test_what_is_off_is_turned_on_once(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    await store.health.turn_off("openai", "gpt-image-2", "model_gone")
    assert await run("openai", "gpt-image-2") == 0
    assert capsys.readouterr().out == "openai gpt-image-2: its failures are forgotten\n"
    assert await run("openai", "gpt-image-2") == 0
    assert "was not off" in capsys.readouterr().out


async def test_a_name_that_is_unknown_is_an_error_with_those_that_are_known(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run("nope") == 2
    assert capsys.readouterr().err == (
        'error: "nope" is not a provider; use one of local, openai, fake\n'
    )
    assert await run("local", "gpt-image-2") == 2
    assert '"gpt-image-2" is not a model of local; use one of storybook, sdxl' in (
        capsys.readouterr().err
    )


async def test_what_the_catalogue_has_no_more_is_turned_on(store: Store) -> None:
    await store.health.turn_off("gone", "", "account_stopped")
    assert await run("gone") == 0
