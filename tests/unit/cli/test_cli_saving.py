"""Where the command saves pictures: looked at first, and never over the files of others."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

from imggen import SyncClient
from imggen.cli.pictures_folder import Pictures
from imggen.testing import FakeService
from tests.small_disk import fill, remount, small_disk
from tests.unit.cli.conftest import Command
from tests.unit.cli.test_cli_consoles import ENCODINGS, process

TALE = """
title: {title}
style: anime
characters: [{{name: {name}}}]
pages:
  - {{text: One., characters: [{name}]}}
  - {{text: Two., characters: [{name}]}}
"""


@pytest.fixture
def tale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return write(tmp_path / "tale.yaml")


def write(path: Path, title: str = "The Map", name: str = "Mia") -> Path:
    path.write_text(TALE.format(title=title, name=name), "utf-8")
    return path


def test_long_names_in_any_script_are_saved(command: Command, tale: Path) -> None:
    write(tale, "物" * 100, "ひ" * 90)
    command("story", str(tale))
    [folder] = [path for path in tale.parent.iterdir() if path.is_dir()]
    assert folder.name == "物" * 40
    assert len(list(folder.glob("*.jpg"))) == 3


@pytest.mark.skipif(sys.platform != "linux", reason="only there a locale says how names are kept")
def test_names_that_the_locale_does_not_have_are_saved_in_ascii_or_by_their_ids(
    fake: FakeService, tale: Path
) -> None:
    write(tale, "Zoé 物", "花子")
    done = process("story", "tale.yaml", more=ENCODINGS["C"])
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False), done.stderr
    names = sorted(path.name for path in (tale.parent / "zoe").glob("*.jpg"))
    assert names[1:] == ["page-1.jpg", "page-2.jpg"]
    UUID(names[0].removesuffix(".jpg"))
    batch = done.stdout.split()[1].decode()
    again = process("batch", "download", batch, "-o", "again", more=ENCODINGS["C"])
    assert (again.returncode, again.stderr) == (0, b"")
    assert sorted(path.name for path in (tale.parent / "again").glob("*.jpg")) == names


def test_a_name_that_no_file_can_have_is_said_and_stops_no_other(
    client: SyncClient, mia: str, tmp_path: Path
) -> None:
    image = client.wait(client.generate_portrait(mia, style="anime"))
    saving = Pictures(tmp_path / "pictures", "display")
    assert saving.save(client, image.id, "a\0b.jpg") is None
    assert saving.save(client, image.id, "a\ud800b.jpg") is None
    assert saving.save(client, image.id, "ab.jpg") == tmp_path / "pictures" / "ab.jpg"
    assert [line.count("was not saved: ") for line in saving.failed] == [1, 1]


def test_a_picture_that_is_a_png_gets_its_ending(
    client: SyncClient, mia: str, tmp_path: Path
) -> None:
    image = client.wait(client.generate_portrait(mia, style="anime"))
    saving = Pictures(tmp_path, "original")
    assert saving.save(client, image.id, "page-1.jpg") == tmp_path / "page-1.png"


def test_a_file_that_is_not_the_storys_own_is_kept_unless_forced(
    command: Command, tale: Path
) -> None:
    folder = tale.parent / "the-map"
    folder.mkdir()
    notes = folder / "page-1.jpg"
    notes.write_text("my notes")
    out = command("story", str(tale))
    assert notes.read_text() == "my notes"
    [beside] = folder.glob("page-1-*.jpg")
    assert f"saved the-map/{beside.name}" in out
    assert "page-1.jpg is kept" in command.err
    assert command("story", str(tale)) == out  # the same names again
    command("story", str(tale), "--force")
    assert notes.read_bytes().startswith(b"\xff\xd8\xff")


@pytest.mark.parametrize("change", ["a page", "--again"])
def test_a_picture_that_is_drawn_anew_is_saved_beside_the_earlier_one(
    command: Command, tale: Path, change: str
) -> None:
    command("story", str(tale))
    folder = tale.parent / "the-map"
    before = {path: path.read_bytes() for path in folder.iterdir()}
    words = ["story", str(tale)]
    if change == "a page":
        tale.write_text(tale.read_text().replace("Two.", "Three."))
    else:
        words.append("--again")
    out = command(*words)
    assert {path: path.read_bytes() for path in before} == before
    [beside] = folder.glob("page-2-*.jpg")
    assert f"saved the-map/{beside.name}" in out
    assert "the-map/page-2.jpg is kept: it is an earlier picture" in command.err
    command("story", str(tale))
    assert len([*folder.glob("page-2-*.jpg")]) == 1
    drawn = beside.read_bytes()
    command(*words, "--force")
    assert (folder / "page-2.jpg").read_bytes() != before[folder / "page-2.jpg"]
    assert beside.read_bytes() == drawn


def test_a_batch_is_downloaded_beside_what_is_there(command: Command, tale: Path) -> None:
    first = command("story", str(tale), "--no-wait").split()[1]
    command("batch", "watch", first, "-o", "the-map")
    before = {path: path.read_bytes() for path in (tale.parent / "the-map").iterdir()}
    tale.write_text(tale.read_text().replace("Two.", "Three."))
    second = command("story", str(tale), "--no-wait").split()[1]
    command("batch", "watch", second, "-o", "elsewhere")
    command("batch", "download", second, "-o", "the-map")
    assert {path: path.read_bytes() for path in before} == before
    assert [*(tale.parent / "the-map").glob("page-2-*.jpg")]


def test_another_story_with_a_title_like_it_replaces_nothing(command: Command, tale: Path) -> None:
    command("story", str(tale))
    first = (tale.parent / "the-map" / "page-1.jpg").read_bytes()
    command("story", str(write(tale, '"The Map!"')))
    assert (tale.parent / "the-map" / "page-1.jpg").read_bytes() == first
    assert len(list((tale.parent / "the-map").glob("page-1*.jpg"))) == 2


def test_a_picture_that_cannot_be_saved_stops_no_other(command: Command, tale: Path) -> None:
    folder = tale.parent / "the-map"
    (folder / "page-1.jpg").mkdir(parents=True)
    out = command("story", str(tale), "--force", code=1)
    assert "saved the-map/page-2.jpg" in out
    assert "saved the-map/mia.jpg" in out
    assert "the-map/page-1.jpg was not saved: " in command.err


def test_a_picture_that_arrives_damaged_stops_no_other(
    command: Command, tale: Path, fake: FakeService
) -> None:
    fake.spoil_next_download()
    out = command("story", str(tale), code=1)
    assert out.count("saved the-map/") == 2
    assert "was not saved: " in command.err
    assert command("story", str(tale)).count("saved the-map/") == 3


def _a_file(tale: Path) -> Path:
    (tale.parent / "there").write_text("a file")
    return tale.parent / "there" / "pictures"


def _a_long_name(tale: Path) -> Path:
    return tale.parent / ("x" * 300)


@pytest.mark.parametrize("where", [_a_file, _a_long_name])
def test_the_folder_is_looked_at_before_anything_is_asked_for(
    command: Command, tale: Path, fake: FakeService, where: Callable[[Path], Path]
) -> None:
    folder = where(tale)
    command("story", str(tale), "--output", str(folder), code=2)
    assert f"cannot save to {folder}: " in command.err
    assert fake.requests("CreateCharacter") == []


def test_a_folder_that_is_only_looked_at_is_not_left_behind(
    command: Command, tale: Path, fake: FakeService
) -> None:
    write(tale).write_text(tale.read_text().replace("anime", "no-such-style"))
    command("story", str(tale), "--output", "a/b/c", code=2)
    assert not (tale.parent / "a").exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no /dev/null")
def test_a_file_is_looked_at_before_anything_is_asked_for(
    command: Command, mia: str, tmp_path: Path, fake: FakeService
) -> None:
    there = tmp_path / "mia.jpg"
    there.write_text("mine")
    wrong = {
        str(there): "is there already; use another name, or --force",
        str(tmp_path / "no" / "mia.jpg"): "there is no folder",
        str(tmp_path / ("x" * 300)): "file name too long",
        os.devnull: "is no file",
    }
    for file, why in wrong.items():
        command("portrait", mia, "--style", "anime", "--output", file, code=2)
        assert why in command.err
        command("download", mia, file, code=2)
    assert fake.requests("GeneratePortrait") == []
    assert there.read_text() == "mine"
    command("portrait", mia, "--style", "anime", "--force", "--output", str(there))
    assert there.read_bytes().startswith(b"\xff\xd8\xff")
    assert {path.name for path in tmp_path.iterdir()} == {"mia.jpg"}


def test_a_disk_that_is_full_or_read_only_is_seen_before_anything_is_asked_for(
    command: Command, tale: Path, fake: FakeService
) -> None:
    with small_disk(tale.parent / "disk", 1) as disk:
        fill(disk)
        command("story", str(tale), "--output", str(disk / "tale"), code=2)
        assert "no space left on device" in command.err
        remount(disk, "ro")
        command("story", str(tale), "--output", str(disk / "tale"), code=2)
        assert "read-only file system" in command.err
    assert fake.requests("CreateCharacter") == []


def test_stdout_is_no_file_of_pictures(command: Command, mia: str, tale: Path) -> None:
    for words in (
        ("download", mia, "-"),
        ("portrait", mia, "--style", "anime", "-o", "-"),
        ("story", str(tale), "-o", "-"),
    ):
        command(*words, code=2)
        assert "- stands for stdout" in command.err
    assert [path.name for path in tale.parent.iterdir()] == ["tale.yaml"]
