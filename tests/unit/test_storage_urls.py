"""Signed URLs: each for one object, until its expiry."""

from datetime import UTC, datetime, timedelta
from string import ascii_letters, digits
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.storage.urls import UrlSigner, Verdict

SECRET = "a secret of more than thirty-two characters"
KEY = "user/job/1/0123456789abcdef.png"
EXPIRES_AT = datetime(2100, 1, 1, tzinfo=UTC)
BEFORE = EXPIRES_AT.timestamp() - 1


def parts(url: str) -> tuple[str, str, str]:
    address = urlsplit(url)
    query = parse_qs(address.query, strict_parsing=True)
    return address.path.removeprefix("/media/"), query["expires"][0], query["signature"][0]


@pytest.fixture(name="signer")
def make_signer() -> UrlSigner:
    return UrlSigner(SECRET, "https://pictures.example/")


def test_an_address_holds_key_expiry_and_signature(signer: UrlSigner) -> None:
    url = signer.sign(KEY, EXPIRES_AT)
    assert url.startswith(f"https://pictures.example/media/{KEY}?expires=4102444800&signature=")
    assert parts(url)[:2] == (KEY, "4102444800")
    assert signer.verify(*parts(url), now=BEFORE) is Verdict.VALID


def test_an_address_ends_at_its_expiry(signer: UrlSigner) -> None:
    address = parts(signer.sign(KEY, EXPIRES_AT))
    assert signer.verify(*address, now=BEFORE + 0.999) is Verdict.VALID
    assert signer.verify(*address, now=BEFORE + 1) is Verdict.EXPIRED


@given(place=st.integers(0), other=st.characters())
def test_any_changed_character_is_refused(place: int, other: str) -> None:
    signer = UrlSigner(SECRET, "")
    joined = "\n".join(parts(signer.sign(KEY, EXPIRES_AT)))
    at = place % len(joined)
    changed = f"{joined[:at]}{other}{joined[at + 1 :]}".split("\n")
    if len(changed) != 3 or "\n".join(changed) == joined:
        return
    key, expires, signature = changed
    assert signer.verify(key, expires, signature, now=BEFORE) is Verdict.FORGED


def test_a_signature_has_one_spelling(signer: UrlSigner) -> None:
    """The last of 43 base64 characters holds 4 bits, so four texts decode to the same bytes."""
    key, expires, signature = parts(signer.sign(KEY, EXPIRES_AT))
    spellings = [signature[:-1] + last for last in ascii_letters + digits + "-_"]
    spellings += [f"{signature}=", f" {signature}", signature.upper()]
    accepted = [
        spelling
        for spelling in spellings
        if signer.verify(key, expires, spelling, now=BEFORE) is Verdict.VALID
    ]
    assert accepted == [signature]


@given(st.text(), st.text(), st.text())
def test_made_up_addresses_are_refused(key: str, expires: str, signature: str) -> None:
    assert UrlSigner(SECRET, "").verify(key, expires, signature, now=0) is Verdict.FORGED


def test_characters_cannot_move_between_key_and_expiry(signer: UrlSigner) -> None:
    key, expires, signature = parts(signer.sign(KEY, EXPIRES_AT))
    for moved_key, moved_expires in (
        (expires[-1] + key, expires[:-1]),
        (key[1:], expires + key[0]),
        (f"{expires}\n{key}", ""),
        ("", f"{expires}\n{key}"),
    ):
        assert signer.verify(moved_key, moved_expires, signature, now=0) is Verdict.FORGED


def test_a_server_with_another_secret_refuses_it(signer: UrlSigner) -> None:
    address = parts(signer.sign(KEY, EXPIRES_AT))
    other = UrlSigner(SECRET.upper(), "https://pictures.example")
    assert other.verify(*address, now=BEFORE) is Verdict.FORGED


def test_an_expiry_in_the_past_is_refused(signer: UrlSigner) -> None:
    with pytest.raises(ValueError, match="has passed; use a time after"):
        signer.sign(KEY, datetime.now(UTC) - timedelta(seconds=1))


def test_only_safe_keys_are_signed(signer: UrlSigner) -> None:
    with pytest.raises(ValueError, match="is not a key"):
        signer.sign("../secret.png", EXPIRES_AT)
