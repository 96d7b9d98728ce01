"""Keys: only those that are safe as a path, in a URL and as an S3 key."""

from pathlib import PurePosixPath
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.storage import content_type_of, object_key
from server.storage.keys import MAX_LENGTH, attempt_of, check_key, check_prefix, check_put

USER = UUID("5b1f2d3c-0000-4000-8000-000000000001")
JOB = UUID("5b1f2d3c-0000-4000-8000-000000000002")

BAD_KEYS = [
    "",
    ".png",
    "/user/a.png",
    "user//a.png",
    "user/a.png/",
    "../a.png",
    "user/../a.png",
    "user/./a.png",
    ".incoming/a.png",
    "user/.a.png",
    "user\\a.png",
    "user/a b.png",
    "user/a%2e.png",
    "user/\u00e4.png",
    "user/a\n.png",
    "user/a.png\n",
    "user/a\x00.png",
    "user/a.png?x=1",
    "user/a",
    "user/a.PNG",
    "user/a.svg",
    "user/a.png.gz",
    "a" * MAX_LENGTH + ".png",
]


@pytest.mark.parametrize("key", BAD_KEYS)
def test_an_unsafe_key_is_refused_with_the_right_form(key: str) -> None:
    with pytest.raises(ValueError, match=r"is not a key; use parts of letters"):
        check_key(key)


def test_a_key_names_owner_job_attempt_and_content() -> None:
    key = object_key(USER, JOB, 2, b"", "image/jpeg")
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert key == f"{USER}/{JOB}/2/{empty}.jpg"
    assert content_type_of(key) == "image/jpeg"


def test_the_key_of_a_render_s_record_names_its_attempt() -> None:
    key = object_key(USER, JOB, 3, b"record", "application/octet-stream")
    assert key.endswith(".safetensors")
    assert attempt_of(key) == (JOB, 3)


def test_a_content_type_that_is_not_stored_has_no_key() -> None:
    with pytest.raises(ValueError, match='"text/html" is not stored; use one of image/png'):
        object_key(USER, JOB, 1, b"", "text/html")


def test_a_content_type_that_differs_from_the_key_is_refused() -> None:
    check_put("user/a.png", "image/png")
    with pytest.raises(ValueError, match=r'does not fit the key user/a\.png; use "image/png"'):
        check_put("user/a.png", "image/jpeg")


@pytest.mark.parametrize("prefix", ["", "user/", "user/job/"])
def test_a_prefix_is_whole_parts(prefix: str) -> None:
    check_prefix(prefix)


@pytest.mark.parametrize("prefix", ["user", "/", "/user/", "../", "user//", ".incoming/", "u\n/"])
def test_another_prefix_is_refused(prefix: str) -> None:
    with pytest.raises(ValueError, match="is not a prefix"):
        check_prefix(prefix)


@given(st.text(alphabet="ab./\\\n%-_", max_size=20).map(lambda text: f"{text}.png"))
def test_an_accepted_key_stays_inside_and_means_one_path(key: str) -> None:
    try:
        check_key(key)
    except ValueError:
        return
    path = PurePosixPath("root", key)
    assert path.as_posix() == f"root/{key}"
    assert not any(part.startswith(".") for part in path.parts)
