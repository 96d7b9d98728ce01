"""`python -m server allow-text`: an operator lets a refused text pass, or withdraws that."""

import asyncio
import io
from pathlib import Path

import pytest

from server.__main__ import main
from server.safety.texts import digest_of
from server.store import Store

BAD = "What the  fuck.\n"
DIGEST = digest_of("What the fuck.")
RULE = "profanity-words"
BY = ("--by", "ann")


@pytest.fixture(autouse=True)
def _there(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMGGEN_DATABASE_URL", database)


def stdin(text: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(text.encode()))


async def run(*arguments: str) -> int:
    """Runs the command, which has a loop of its own."""
    return await asyncio.to_thread(main, ["allow-text", *arguments])


async def rows(store: Store) -> list[tuple[object, ...]]:
    """Returns what the audit has, but for its times."""
    found = await store.database.fetch(
        "SELECT digest, rule, allowed_by, withdrawn_by, withdrawn_at IS NULL,"
        " allowed_at <= now() FROM allowed_texts ORDER BY allowed_at"
    )
    return [tuple(row) for row in found]


async def test_a_text_is_allowed_from_a_file_and_withdrawn_from_standard_input(
    store: Store,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = tmp_path / "text"
    file.write_text(BAD)
    assert await run(str(file), *BY) == 0
    assert await run(str(file), *BY) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{DIGEST} may break the rule {RULE}",
        f"{DIGEST} was already allowed to break the rule {RULE}",
    ]
    assert await store.allowed_texts.allows(DIGEST, RULE)
    assert await rows(store) == [(DIGEST, RULE, "ann", None, True, True)]
    for said in ("may no longer break", "was not allowed to break"):
        monkeypatch.setattr("sys.stdin", stdin(BAD))
        assert await run("--by", "ben", "--withdraw") == 0
        assert capsys.readouterr().out == f"{DIGEST} {said} the rule {RULE}\n"
    assert not await store.allowed_texts.allows(DIGEST, RULE)
    assert await rows(store) == [(DIGEST, RULE, "ann", "ben", False, True)]


async def test_a_text_is_allowed_by_the_hash_that_its_refusal_named(store: Store) -> None:
    assert await run("--hash", DIGEST, "--rule", RULE, *BY) == 0
    assert await store.allowed_texts.allows(DIGEST, RULE)
    assert not await store.allowed_texts.allows(DIGEST, "hate-words")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--hash", "ab12", "--rule", RULE), "--hash: give the 64 hexadecimal digits"),
        (("--hash", DIGEST, "--rule", "manners"), '--rule: "manners" is not a rule; use one of'),
        ((), "no rule refuses this text by itself"),
    ],
)
async def test_what_no_refusal_named_is_not_allowed(
    store: Store,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    said: str,
) -> None:
    monkeypatch.setattr("sys.stdin", stdin("Mia runs."))
    assert await run(*arguments, *BY) == 1
    assert said in capsys.readouterr().err
    assert await rows(store) == []


async def test_who_decides_is_required(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        await run("--hash", DIGEST, "--rule", RULE)
    assert "--by" in capsys.readouterr().err


async def test_a_text_in_another_encoding_is_refused_with_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "text"
    file.write_bytes("Mia runs.\nZoé waits.\n".encode("cp1252"))
    assert await run(str(file), *BY) == 2
    assert f"{file}:2: is not UTF-8: byte 0xE9; save it as UTF-8" in capsys.readouterr().err
