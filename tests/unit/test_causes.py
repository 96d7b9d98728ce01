"""What errors of the database mean, by their SQLSTATEs and by their types."""

import socket
import ssl

import asyncpg
import pytest

from server.errors import Unavailable
from server.store.causes import Again, DatabaseAway, Meaning, cause_of
from server.store.database import unavailable_when_away


def error_of(state: str, message: str = "said") -> asyncpg.PostgresError:
    """Returns the error that asyncpg makes of a server's answer."""
    made = asyncpg.PostgresError.new({"C": state, "M": message})
    assert isinstance(made, asyncpg.PostgresError)
    return made


@pytest.mark.parametrize(
    ("state", "meaning"),
    [
        *((state, Meaning.AWAY) for state in ("08006", "08P01", "25006", "25P03", "40003")),
        *((state, Meaning.AWAY) for state in ("53100", "53200", "53300", "57014", "57P01")),
        *((state, Meaning.AWAY) for state in ("57P02", "57P03", "57P04", "57P05", "58030")),
        *((state, Meaning.AGAIN) for state in ("40001", "40P01", "55P03")),
        *((state, Meaning.SETTING) for state in ("28000", "28P01", "3D000", "3F000", "42501")),
        ("42P01", Meaning.SETTING),
        *((state, Meaning.FAULT) for state in ("23505", "42601", "42703", "P0001", "XX000")),
        ("99999", Meaning.FAULT),
    ],
)
def test_a_sqlstate_has_one_meaning(state: str, meaning: Meaning) -> None:
    cause = cause_of(error_of(state))
    assert (cause.meaning, cause.sqlstate, cause.said) == (meaning, state, "said")
    assert cause.words


@pytest.mark.parametrize(
    ("error", "meaning", "words"),
    [
        (ConnectionRefusedError(111, "refused"), Meaning.AWAY, "it refuses connections"),
        (TimeoutError(), Meaning.AWAY, "it did not answer in time"),
        (socket.gaierror(-2, "unknown"), Meaning.AWAY, "its name is not found"),
        (ssl.SSLCertVerificationError("bad"), Meaning.SETTING, "its certificate is not trusted"),
        (asyncpg.InterfaceError("connection is closed"), Meaning.AWAY, "the connection broke"),
        (asyncpg.DataError("$1: 'Mia'"), Meaning.FAULT, "a fault"),
        (
            error_of("08P01", "unsupported startup parameter: jit"),
            Meaning.SETTING,
            "the pooler refuses a setting of the session",
        ),
        (LookupError("x"), Meaning.FAULT, "a fault"),
    ],
)
def test_other_errors_have_one_too(error: Exception, meaning: Meaning, words: str) -> None:
    cause = cause_of(error)
    assert (cause.meaning, cause.words) == (meaning, words)


@pytest.mark.parametrize("state", ["25006", "28P01", "3D000", "53100", "57P01"])
def test_callers_are_told_to_repeat_and_not_why(state: str) -> None:
    with pytest.raises(DatabaseAway) as caught, unavailable_when_away():
        raise error_of(state)
    assert caught.value.retry_after is not None
    assert caught.value.message == "the database is away for the moment; repeat the call"
    assert caught.value.cause.sqlstate == state


def test_what_met_another_statement_is_told_apart() -> None:
    with pytest.raises(Again), unavailable_when_away():
        raise error_of("40001")


def test_an_error_of_another_kind_passes_as_it_is() -> None:
    error = Unavailable("the storage is away")
    with pytest.raises(Unavailable) as caught, unavailable_when_away():
        raise error
    assert caught.value is error


def test_a_fault_passes_without_the_row_that_it_quotes() -> None:
    error = error_of("23505")
    error.detail = "Key (name)=(Mia) already exists."
    with pytest.raises(asyncpg.UniqueViolationError) as caught, unavailable_when_away():
        raise error
    assert caught.value is error
    assert "Mia" not in str(caught.value)


@pytest.mark.parametrize(
    ("said", "lasting"),
    [
        ("pgbouncer cannot connect to server", False),
        ("server login has been failing, try again later (server_login_retry)", False),
        ("no more connections allowed (max_client_conn)", False),
        ("query_wait_timeout", False),
        ("unsupported startup parameter: jit", True),
        ("no such database: imggen", True),
    ],
)
def test_a_pooler_that_waits_for_its_server_is_away(said: str, lasting: bool) -> None:
    error = error_of("08P01", said)
    assert cause_of(error).meaning is (Meaning.SETTING if lasting else Meaning.AWAY)
