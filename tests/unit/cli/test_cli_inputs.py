"""Files that the command reads: taken in any form of Unicode, or refused with the line."""

import os
import threading
from pathlib import Path

import pytest

from imggen.testing import FakeService
from tests.unit.cli.conftest import Command

TALE = """title: Zoé
style: anime
characters:
  - name: 美亜
pages:
  - text: 美亜 finds a map.
"""
START = "title: T\nstyle: anime\npages: [{text: x}]\n"


@pytest.fixture
def tale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "tale.yaml"


@pytest.mark.parametrize(
    "encoding",
    [
        *("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"),
    ],
)
def test_any_unicode_is_read(command: Command, tale: Path, encoding: str) -> None:
    tale.write_bytes(TALE.replace("\n", "\r\n").encode(encoding))
    story = command.json("story", str(tale), "--no-wait")["story"]
    assert (story["title"], story["pages"][0]["text"]) == ("Zoé", "美亜 finds a map.")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (TALE[:11].encode("cp1252"), ':1: is not UTF-8: byte 0xE9 after "Zo"; save it as UTF-8'),
        ("title: T\nstyle: é".encode("cp1252"), ':2: is not UTF-8: byte 0xE9 after "style:"'),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", ":1: is a PNG picture"),
        (b"title: \0\0\1\2", ":1: has a zero byte"),
        (b"\xff\xfet\0i", ":1: is not UTF-16-LE: byte 0x69"),
        (b"", ":1: is empty"),
        (b"# only a comment\n", ":1: is empty"),
        (b"title: a\x07b", ":1: has the character U+0007"),
        (b"title: T\nstyle:\n\tanime", ":3: is not YAML: "),
        (b"title: Mia: a tale", "put a text with a colon in quotes"),
        (b'title: "\\ud83d"', r":1: is not YAML: \ud83d is half a character"),
        (b'a: "\\UFFFFFFFF"', ":1: has an escape that stands for no character"),
        (b"title: " + b"[" * 100_000, "more than 20 levels are nested"),
        (b"[" * 100_000, "more than 20 levels are nested"),
        (b"- " * 5_000, "more than 20 levels are nested"),
        (b"title: *map", "put a text that starts with * in quotes"),
        (START.encode() + b"---\ntitle: U", "put one story into a file"),
        (b"? [a]\n: b", '"a sequence" is not a field'),
        (b"x" * (9 * 2**20), "has more than 8 MiB"),
    ],
)
def test_what_is_no_story_is_refused_with_its_line(
    command: Command, tale: Path, fake: FakeService, data: bytes, said: str
) -> None:
    tale.write_bytes(data)
    command("story", str(tale), code=2)
    assert command.err.startswith(str(tale))
    assert said in command.err
    assert len(command.err) < 1000


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("characters: [{name: Null}]", 'put it in quotes: "Null"'),
        ("options: {metadata: {order: null}}", "options.metadata.order: null means nothing"),
        ("options: {metadata: {order: }}", "options.metadata.order: is empty"),
        ("characters: [{name: ~}]", 'put it in quotes: "~"'),
        ("characters: [{name: M, features: [null]}]", 'put it in quotes: "null"'),
        ("characters: [{name: M, age: 99999999999}]", "is not a whole number from 0 to 150"),
        (f"characters: [{{name: M, age: {'9' * 5000}}}]", "is not a whole number from 0 to 150"),
        ("options: {images_per_page: 5}", "options.images_per_page: must be 0 to 4"),
        ("options: {priority: x}", '"x" is not a whole number from 1 to 3'),
        ("options: {metadata: {a: b, a: c}}", '"a" is given twice'),
        ("options: {metadata: {[a]: b, [c]: d}}", '"a sequence" is given twice'),
    ],
)
def test_a_value_that_does_not_fit_is_named_with_its_line(
    command: Command, tale: Path, fake: FakeService, line: str, said: str
) -> None:
    tale.write_text(START + line)
    command("story", str(tale), code=2)
    assert command.err.startswith(f"{tale}:4: ")
    assert said in command.err
    assert fake.requests("CreateCharacter") == []


def test_words_that_yaml_reads_as_something_else_are_names(command: Command, tale: Path) -> None:
    names = ["No", "1e3", "2024-01-01", "0x1F", "on", "07"]
    listed = ", ".join(f"{{name: {name}}}" for name in names)
    tale.write_text(
        f"{START}characters: [{listed}, {{name: 'Null'}}, {{name: \"\\ud83e\\udd8a\"}}]"
    )
    command("story", str(tale), "--no-wait")
    out = command.json("characters", "list")["characters"]
    assert [one["name"] for one in reversed(out)] == [*names, "Null", "🦊"]


def test_aliases_that_stand_for_too_much_are_refused(command: Command, tale: Path) -> None:
    many = ", ".join(["a"] * 20_000)
    people = "".join(f"  - {{name: M{place}, features: *f}}\n" for place in range(200))
    tale.write_text(f"{START}characters:\n  - {{name: M, features: &f [{many}]}}\n{people}")
    command("story", str(tale), code=2)
    assert "stands for too much; write out what its aliases repeat" in command.err
    shared = "characters: [{name: M, clothing: &c a red coat}, {name: L, clothing: *c}]"
    tale.write_text(START + shared)
    command("story", str(tale), "--no-wait")


def test_many_errors_are_counted(command: Command, tale: Path) -> None:
    tale.write_text(START + "".join(f"x{place}: 1\n" for place in range(80)))
    command("story", str(tale), code=2)
    assert len(command.err.splitlines()) == 51
    assert command.err.endswith("30 more\n")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no pipes in folders")
def test_a_pipe_is_read_if_somebody_writes_to_it(command: Command, tale: Path) -> None:
    os.mkfifo(tale)
    command("story", str(tale), code=2)
    assert ":1: is empty" in command.err
    ends = os.pipe()
    writer = threading.Thread(target=_write, args=(ends[1], TALE))
    writer.start()
    command("story", f"/dev/fd/{ends[0]}", "--no-wait")
    writer.join()
    os.close(ends[0])


def test_folders_and_missing_files_are_refused(command: Command, tale: Path) -> None:
    for path in (tale.parent, tale):
        command("story", str(path), code=2)
        assert str(path) in command.err


def test_certificates_that_are_none_are_refused(command: Command, tale: Path) -> None:
    for data in (b"", b"no certificate", b"\x30\x82\x01", b"\xff" * 100):
        tale.write_bytes(data)
        command("styles", "--ca", str(tale), code=2)
        assert f"{tale} holds no CA certificates in PEM" in command.err


def _write(end: int, text: str) -> None:
    with os.fdopen(end, "wb") as pipe:
        pipe.write(text.encode())


@pytest.mark.parametrize(
    "unset", ["options:", "options:\n  # quality: hd", "options: {metadata: }"]
)
def test_options_that_are_all_commented_out_are_unset(
    command: Command, tale: Path, unset: str
) -> None:
    tale.write_text(f"{TALE}{unset}\n", "utf-8")
    command("story", str(tale), "--quote")


def test_a_quote_says_of_a_priority_that_it_is_for_admins(command: Command, tale: Path) -> None:
    for priority, said in ((3, False), (9, True)):
        tale.write_text(f"{TALE}options: {{priority: {priority}}}\n", "utf-8")
        command("story", str(tale), "--quote")
        assert (f"options.priority {priority} is taken from" in command.err) is said
    command("story", str(tale), "--no-wait", code=2)
    assert "options.priority" in command.err
