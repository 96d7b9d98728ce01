"""Starts that a database refuses: one line with its address, its name and the cause."""

import asyncio
import re
import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest

from server.__main__ import main
from server.causes import CannotStart
from server.databases import Address
from server.store.migrate import migrate
from server.store.opening import until_open
from tests.integration.certificates import Authority
from tests.integration.conftest import administer
from tests.integration.tcp_postgres import PASSWORD, TcpPostgres, tcp_postgres, tls_before

GOOD = f"imggen:{quote(PASSWORD, safe='')}"


@pytest.fixture(scope="module")
def server() -> Iterator[TcpPostgres]:
    """Yields a Postgres over TCP, with passwords."""
    with tcp_postgres() as server:
        yield server


@pytest.mark.parametrize(
    ("place", "status", "cause"),
    [
        ("imggen:wrong@127.0.0.1:{port}/imggen", 2, 'authentication failed for user "imggen"'),
        ("nobody:wrong@127.0.0.1:{port}/imggen", 2, 'authentication failed for user "nobody"'),
        ("{good}@127.0.0.1:{port}/nowhere", 2, 'database "nowhere" does not exist'),
        ("{good}@127.0.0.1:{port}/imggen?sslmode=require", 2, "does not speak TLS"),
        ("{good}@127.0.0.1:{port}/imggen?statement_timeout=often", 2, 'value for parameter "state'),
        ("{good}@127.0.0.1:{port}/imggen?schema=public", 2, "unrecognized configuration parameter"),
        ("{good}@127.0.0.1:{port}/imggen?ssl_min_protocol_version=9", 2, "No such TLS version: 9"),
        ("{good}@127.0.0.1:{port}/imggen?sslrootcert=/no/ca", 2, "/no/ca: No such file"),
        ("{good}@/imggen?host={folder}&port={port}", 2, "no pg_hba.conf entry"),
        ("{good}@127.0.0.1:1/imggen", 1, "Connection refused"),
        ("{good}@no.such.invalid:{port}/imggen", 1, "its host is not found"),
        ("{good}@/imggen?host=/no/such&port={port}", 1, "No such file or directory"),
    ],
)
@pytest.mark.parametrize(
    "command", [["migrate"], ["turn-on", "openai"]], ids=lambda command: command[0]
)
def test_the_address_the_database_and_the_cause_are_named(
    server: TcpPostgres,
    place: str,
    status: int,
    cause: str,
    command: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    url = place.format(good=GOOD, port=server.port, folder=server.folder)
    monkeypatch.setenv("IMGGEN_DATABASE_URL", f"postgresql://{url}")

    found = main(command)
    said = capsys.readouterr().err

    assert (found, said.count("\n"), said[:7]) == (status, 1, "error: ")
    assert cause in said
    assert re.search(r'the database "\w+" at (no\.such|127\.0\.0\.1:|the socket /)', said)
    assert "hunter2" not in said


def test_a_url_of_a_hosting_service_is_taken(
    server: TcpPostgres, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(
        "IMGGEN_DATABASE_URL",
        f"postgres://{GOOD}@127.0.0.1:1,127.0.0.1:{server.port}/imggen?channel_binding=prefer"
        "&gssencmode=prefer&keepalives=1&keepalives_idle=30&fallback_application_name=web"
        "&load_balance_hosts=disable&connect_timeout=5&target_session_attrs=read-write",
    )

    assert main(["migrate"]) == 0
    assert "note: channel_binding in IMGGEN_DATABASE_URL has no effect" in capsys.readouterr().err


def test_what_the_environment_adds_is_said(
    server: TcpPostgres, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("IMGGEN_DATABASE_URL", "postgresql://imggen@127.0.0.1/nowhere")
    monkeypatch.setenv("PGPORT", str(server.port))
    monkeypatch.setenv("PGPASSWORD", PASSWORD)

    assert main(["migrate"]) == 2
    said = capsys.readouterr().err
    assert "note: PGPASSWORD of the environment adds to IMGGEN_DATABASE_URL\n" in said
    assert f'"nowhere" at 127.0.0.1:{server.port} (database "nowhere" does not exist)' in said
    assert PASSWORD not in said


def test_errors_and_notes_of_the_direct_url_name_its_setting(
    server: TcpPostgres, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"postgresql://{GOOD}@127.0.0.1:{server.port}/imggen"
    monkeypatch.setenv("IMGGEN_DATABASE_URL", url)
    monkeypatch.setenv("IMGGEN_DATABASE_DIRECT_URL", f"{url}nowhere?keepalives=1")
    for command in (["migrate"], ["migrate", "--wait"]):
        assert main(command) == 2
        [note, error] = capsys.readouterr().err.splitlines()
        assert note == "note: keepalives in IMGGEN_DATABASE_DIRECT_URL has no effect"
        assert error.endswith("correct IMGGEN_DATABASE_DIRECT_URL")

    monkeypatch.setenv("IMGGEN_DATABASE_DIRECT_URL", f"postgresql://{GOOD}@127.0.0.1:1/imggen")
    assert main(["migrate"]) == 1
    assert "start Postgres or set IMGGEN_DATABASE_DIRECT_URL" in capsys.readouterr().err


def test_a_direct_url_of_another_database_is_refused_by_both_settings(
    server: TcpPostgres, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asyncio.run(administer(server.admin, "CREATE DATABASE other OWNER imggen TEMPLATE template0"))
    url = f"postgresql://{GOOD}@127.0.0.1:{server.port}/"
    monkeypatch.setenv("IMGGEN_DATABASE_URL", f"{url}imggen")
    monkeypatch.setenv("IMGGEN_DATABASE_DIRECT_URL", f"{url}other")
    assert main(["migrate"]) == 2
    at = f"at 127.0.0.1:{server.port}"
    assert capsys.readouterr().err == (
        f'error: IMGGEN_DATABASE_DIRECT_URL leads to the database "other" {at}, and '
        f'IMGGEN_DATABASE_URL to another database, the database "imggen" {at}; give both the same'
        " one\n"
    )
    with pytest.raises(CannotStart, match="give both the same one") as refused:
        asyncio.run(until_open(Address(f"{url}imggen", "auto", f"{url}other")))
    assert refused.value.lasting
    asyncio.run(until_open(Address(f"{url}imggen", "auto", f"{url}imggen")))


@pytest.mark.parametrize(("name", "encoding"), [("ascii", "SQL_ASCII"), ("latin", "LATIN1")])
def test_a_database_that_cannot_hold_all_texts_is_refused_with_the_command_for_another(
    server: TcpPostgres,
    name: str,
    encoding: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    url = f"postgresql://{GOOD}@127.0.0.1:{server.port}/"
    monkeypatch.setenv("IMGGEN_DATABASE_URL", url + name)
    for command in (["migrate"], ["migrate", "--wait"], ["turn-on", "openai"]):
        assert main(command) == 2
    [first, *others] = capsys.readouterr().err.splitlines()
    assert others == [first] * 2
    with pytest.raises(CannotStart, match=f"its encoding is {encoding}"):
        asyncio.run(until_open(url + name))

    statement = first.partition("with ")[2].partition(", and name")[0]
    asyncio.run(administer(server.admin, f"{statement} OWNER imggen"))
    assert asyncio.run(migrate(f"{url}{name}_utf8"))


@pytest.mark.parametrize(
    ("host", "authority", "cause"),
    [
        ("127.0.0.1", "other", "its certificate is not accepted: unable to get local issuer"),
        ("127.0.0.1", "expired", "its certificate is not accepted: certificate has expired"),
        ("127.0.0.2", "own", "certificate is not accepted: IP address mismatch"),
        ("127.0.0.1", "", "root.crt"),
    ],
)
async def test_a_certificate_that_is_not_accepted_ends_the_start(
    server: TcpPostgres, tmp_path: Path, host: str, authority: str, cause: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("HOME", str(tmp_path))
    own = Authority("own")
    files = {"own": own.pem, "expired": own.pem, "other": Authority("other").pem}
    pair = own.sign("postgres", until=timedelta(days=-1 if authority == "expired" else 1))
    trusted = tmp_path / "authority.crt"
    trusted.write_bytes(files.get(authority, b""))
    named = f"&sslrootcert={trusted}" if authority else ""
    async with tls_before(server.port, pair, tmp_path) as port:
        url = f"postgresql://{GOOD}@{host}:{port}/imggen?sslmode=verify-full{named}"
        with pytest.raises(CannotStart) as refused:
            await until_open(url)

    assert cause in str(refused.value)
    assert refused.value.lasting


async def test_a_trusted_certificate_is_taken(server: TcpPostgres, tmp_path: Path) -> None:
    own = Authority("own")
    trusted = tmp_path / "authority.crt"
    trusted.write_bytes(own.pem)
    async with tls_before(server.port, own.sign("postgres"), tmp_path) as port:
        url = f"postgresql://{GOOD}@127.0.0.1:{port}/imggen?sslmode=verify-full"
        await until_open(f"{url}&sslrootcert={trusted}")


async def test_a_database_that_is_away_is_waited_for(
    server: TcpPostgres, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"postgresql://{GOOD}@127.0.0.1:{port}/imggen?sslmode=require&keepalives=1"
    waiting = asyncio.create_task(until_open(url))
    async with asyncio.timeout(30):
        while "waiting for the database" not in caplog.messages:
            await asyncio.sleep(0.02)
        async with tls_before(server.port, Authority("own").sign("pg"), tmp_path, port):
            await waiting

    [waited] = [one for one in caplog.records if one.message == "waiting for the database"]
    assert f'"imggen" at 127.0.0.1:{port} (Connection refused)' in vars(waited)["error"]
    [without] = [one for one in caplog.records if "without effect" in one.message]
    assert vars(without)["parameters"] == ["keepalives"]


async def test_waiting_ends_with_the_cause() -> None:
    with pytest.raises(CannotStart, match="Connection refused") as given_up:
        await until_open("postgresql://127.0.0.1:1/imggen", wait_s=0)
    assert not given_up.value.lasting
