"""Where a client's address and token come from, and tokens that no header can carry."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from imggen import Client, SyncClient
from imggen.errors import BadArgument, ImggenError, NotFound, Unauthenticated
from imggen.testing import FakeService

TOKEN = "a.b-c_d"
NO_TOKENS = ["a\nb", "a b", "", " ", "tök", "a\0b", "a\u2028b", "\ud800", "Bearer a.b.c"]


async def test_the_environment_has_the_address_and_the_token(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with FakeService(token=TOKEN) as fake:
        monkeypatch.setenv("IMGGEN_SERVER", f"{fake.target}\n")
        monkeypatch.setenv("IMGGEN_TOKEN", f"{TOKEN}\n")
        async with Client() as client:
            assert (await client.create_character(name="Mia")).id
        async with Client("127.0.0.1:1", token="other", timeout=0.2) as client:
            with pytest.raises(ImggenError, match=r"127\.0\.0\.1:1"):
                await client.create_character(name="Mia")
        async with Client(token="other") as client:
            with pytest.raises(Unauthenticated):
                await client.create_character(name="Mia")


def test_so_it_has_for_the_synchronous_client(monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeService(token=TOKEN) as fake:
        monkeypatch.setenv("IMGGEN_SERVER", fake.target)
        monkeypatch.setenv("IMGGEN_TOKEN", TOKEN)
        with SyncClient() as client:
            assert client.create_character(name="Mia").id


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMGGEN_SERVER", "")
    monkeypatch.setenv("IMGGEN_TOKEN", "")
    Client()


@pytest.mark.parametrize("name", ["IMGGEN_SERVER", "IMGGEN_TOKEN"])
def test_a_bad_variable_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "a b")
    with pytest.raises(BadArgument, match=name):
        Client()


@pytest.mark.parametrize("target", ["", " ", "a b:1", "a\nb:1", "127.0.0.1:1\0x", "\ud800"])
def test_what_is_no_address_is_refused(target: str) -> None:
    with pytest.raises(BadArgument, match="target"):
        Client(target)


@pytest.mark.parametrize("token", [f"{TOKEN}\n", f"{TOKEN}\r\n", f" {TOKEN} "])
async def test_blanks_around_a_token_are_left_out(token: str) -> None:
    async with FakeService(token=TOKEN) as fake:
        for source in (token, lambda: token):
            async with Client(fake.target, token=source) as client:
                assert (await client.create_character(name="Mia")).id


@pytest.mark.parametrize("token", NO_TOKENS)
async def test_what_no_header_can_carry_is_refused_before_it_is_sent(
    capfd: pytest.CaptureFixture[str], token: str
) -> None:
    with pytest.raises(BadArgument, match="token") as raised:
        Client(token=token)
    async with FakeService() as fake, Client(fake.target, token=lambda: token) as client:
        with pytest.raises(Unauthenticated, match="token: what the function returned") as late:
            await client.create_character(name="Mia")
        assert not fake.received
    assert "a.b.c" not in f"{raised.value} {late.value}"
    assert not capfd.readouterr().err


def raising() -> str:
    raise KeyError("vault")


async def raising_later() -> str:
    raise TimeoutError("vault")


async def cancelled() -> str:
    raise asyncio.CancelledError


async def nothing() -> Any:
    return None


def missing() -> str:
    raise NotFound("no such secret")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (lambda: None, "is not a str, but of the type NoneType"),
        (lambda: b"token", "is not a str, but of the type bytes"),
        (nothing, "is not a str, but of the type NoneType"),
        (raising, "raised KeyError: 'vault'"),
        (raising_later, "raised TimeoutError: vault"),
        (cancelled, "was cancelled"),
        (lambda: raising_later, "but of the type function"),
        (lambda needed: needed, "raised TypeError"),
    ],
)
async def test_a_function_that_returns_no_token_is_an_error_of_the_call(
    source: Callable[[], str | Awaitable[str]], words: str
) -> None:
    async with FakeService() as fake, Client(fake.target, token=source) as client:
        with pytest.raises(Unauthenticated, match="token") as raised:
            await client.create_character(name="Mia")
        with pytest.raises(Unauthenticated):
            await anext(client.watch("68f9b9c8-4f3e-4c2a-8d5a-0f7a1f6f2b11"))
        assert words in str(raised.value)
        assert not fake.received


async def test_an_error_of_the_client_that_a_function_raises_stays_what_it_is() -> None:
    async with FakeService() as fake, Client(fake.target, token=missing) as client:
        with pytest.raises(NotFound, match="no such secret"):
            await client.create_character(name="Mia")
