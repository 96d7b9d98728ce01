"""The clock that callers are told: set by the database, and unmoved by the machine's own."""

import ast
import logging
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import jwt
import pytest
from aiohttp import web

from server.clock import SYSTEM_CLOCK, DatabaseClock, SkewNotice
from server.edge.http import serve_http
from server.errors import Unauthenticated
from server.identity.keys import SharedSecret
from server.identity.tokens import TokenRules, TokenVerifier
from server.storage.folder import FolderStorage
from server.storage.s3 import S3Storage
from server.storage.s3_client import Bucket
from server.storage.urls import UrlSigner
from tests.markdown import ROOT

KEY = "user/job/1/a.png"
HOUR = timedelta(hours=1)
NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
SECRET = "a-secret-of-the-tests-with-enough-bytes"
RULES = TokenRules("imggen-dev", "imggen", ("HS256",), leeway_s=5)


class Machine:
    """The clocks of a machine, which a test moves."""

    def __init__(self) -> None:
        self.wall = NOON.timestamp() + 3600
        self.steady = 500.0

    def clock(self) -> DatabaseClock:
        """Returns a clock on this machine."""
        return DatabaseClock(lambda: self.wall, lambda: self.steady)

    def passes(self, seconds: float) -> None:
        """Lets time pass."""
        self.wall += seconds
        self.steady += seconds


class Later:
    """A clock that is some time ahead of this machine's."""

    def __init__(self, ahead: timedelta) -> None:
        self.ahead = ahead

    def now(self) -> datetime:
        """Returns the time."""
        return datetime.now(UTC) + self.ahead


def test_it_is_the_databases_time_whatever_the_machine_says() -> None:
    machine = Machine()
    clock = machine.clock()
    assert clock.now() == NOON + HOUR
    clock.learn(NOON, 499.5, 500.5)
    assert (clock.now(), clock.skew_s) == (NOON, 3600)
    machine.passes(60)
    machine.wall += 86_400  # a step of NTP, or of a person
    assert (clock.now(), clock.skew_s) == (NOON + timedelta(minutes=1), 3600 + 86_400)


def test_a_slow_answer_moves_nothing_and_a_quick_one_corrects() -> None:
    machine = Machine()
    clock = machine.clock()
    clock.learn(NOON, 500.0, 500.0)
    clock.learn(NOON, 496.0, 500.5)  # it was asked for seconds, and may be as old
    assert clock.now() == NOON
    clock.learn(NOON + timedelta(seconds=2), 499.9, 500.0)  # the database's clock was set
    assert clock.now() == NOON + timedelta(seconds=2)
    clock.learn(NOON - HOUR, 499.0, 500.0)
    assert clock.now() == NOON - HOUR + timedelta(seconds=1)


def test_a_clock_that_is_off_is_told_once_until_it_is_right(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    machine = Machine()
    clock = machine.clock()
    notice = SkewNotice(clock, 5)
    clock.learn(NOON, 500.0, 500.0)
    notice.tell()
    notice.tell()
    machine.wall -= 3601
    notice.tell()
    notice.tell()
    machine.wall -= 9
    notice.tell()
    told = [(one.message, one.__dict__["ahead_s"]) for one in caplog.records]
    assert told == [("clock is off", 3600), ("clock is right", -1), ("clock is off", -10)]


@pytest.mark.parametrize("ahead", [-HOUR, HOUR])
async def test_tokens_end_and_begin_by_the_clock(ahead: timedelta) -> None:
    clock = Later(ahead)
    verifier = TokenVerifier(SharedSecret(SECRET), RULES, clock, remember_s=0)
    for expires, begins, accepted in ((60, -60, True), (-60, -120, False), (120, 60, False)):
        claims = {
            "iss": "imggen-dev", "aud": "imggen", "sub": "mia",
            "exp": clock.now() + timedelta(seconds=expires),
            "nbf": clock.now() + timedelta(seconds=begins),
        }  # fmt: skip
        token = jwt.encode(claims, SECRET)
        if accepted:
            assert (await verifier.verify(token)).subject == "mia"
        else:
            with pytest.raises(Unauthenticated):
                await verifier.verify(token)


async def test_a_token_that_was_accepted_ends_though_the_clock_is_set_back() -> None:
    machine, clock = Machine(), Later(timedelta())
    rules = TokenRules("i", "a", ("HS256",))
    verifier = TokenVerifier(SharedSecret(SECRET), rules, clock, steady=lambda: machine.steady)
    expires = clock.now() + timedelta(seconds=30)
    token = jwt.encode({"iss": "i", "aud": "a", "sub": "mia", "exp": expires}, SECRET)
    await verifier.verify(token)
    clock.ahead = -HOUR
    machine.passes(29)
    await verifier.verify(token)
    clock.ahead = HOUR
    await verifier.verify(token)  # it is remembered
    machine.passes(2)
    with pytest.raises(Unauthenticated):
        await verifier.verify(token)


@pytest.mark.parametrize("ahead", [-HOUR, HOUR])
async def test_urls_of_a_folder_end_and_files_are_dated_by_the_clock(
    tmp_path: Path, ahead: timedelta
) -> None:
    clock = Later(ahead)
    async with FolderStorage(tmp_path, UrlSigner(SECRET, "", clock)) as storage:
        await storage.put(KEY, b"picture", "image/png")
        assert storage.sign(KEY, clock.now() + timedelta(seconds=60))
        with pytest.raises(ValueError, match="has passed"):
            storage.sign(KEY, clock.now() - timedelta(seconds=60))
        [found] = [one async for one in storage.list("", clock.now() + HOUR / 2)]
        assert abs(found.modified - clock.now()) < timedelta(minutes=1)
        assert [one async for one in storage.list("", clock.now() - HOUR / 2)] == []


@asynccontextmanager
async def _asked() -> AsyncIterator[tuple[str, list[str]]]:
    """Yields the address of a server, and the times at which its requests were signed."""
    dates: list[str] = []

    async def serve(request: web.Request) -> web.Response:
        dates.append(request.headers["X-Amz-Date"])
        return web.Response(body=b"picture")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", serve)
    async with serve_http(app, "127.0.0.1", 0) as port:
        yield f"http://127.0.0.1:{port}", dates


@pytest.mark.parametrize("ahead", [-HOUR, HOUR])
async def test_requests_and_urls_of_s3_are_signed_at_the_time_of_the_clock(
    ahead: timedelta,
) -> None:
    clock, session = Later(ahead), boto3.Session("key id", "secret", region_name="us-east-1")
    async with (
        _asked() as (url, dates),
        S3Storage(session, Bucket("pictures", "", url), clock=clock) as storage,
    ):
        assert await storage.get(KEY) == b"picture"
        signed = storage.sign(KEY, clock.now() + HOUR)
    dates += [signed.partition("X-Amz-Date=")[2].partition("&")[0]]
    assert "X-Amz-Expires=3600" in signed
    assert len(dates) == 2
    for date in dates:
        at = datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        assert abs(at - clock.now()) < timedelta(minutes=1)


def _reads(tree: ast.AST) -> Iterator[str]:
    """Yields where a module reads the clock of the machine."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in ("now", "utcnow", "today"):
            if isinstance(node.value, ast.Name) and node.value.id in ("datetime", "date"):
                yield ast.unparse(node)
        elif isinstance(node, ast.Attribute) and node.attr in ("time", "time_ns"):
            if isinstance(node.value, ast.Name) and node.value.id == "time":
                yield ast.unparse(node)
        elif isinstance(node, ast.ImportFrom) and node.module == "time":
            yield from (name.name for name in node.names if name.name in ("time", "time_ns"))


def test_only_the_clock_reads_that_of_the_machine() -> None:
    found = {
        f"{os.path.relpath(file, ROOT)}: {read}"
        for folder in ("server", "actors")
        for file in (ROOT / folder).rglob("*.py")
        for read in _reads(ast.parse(file.read_text()))
    }
    assert found == {"server/clock.py: datetime.now", "server/clock.py: time.time"}
    assert abs(SYSTEM_CLOCK.now() - datetime.now(UTC)) < timedelta(minutes=1)
