"""The command takes stored pictures where it may, and says so."""

from pathlib import Path

from tests.unit.cli.conftest import Command


def test_a_stored_picture_is_taken_only_if_it_may(
    command: Command, mia: str, tmp_path: Path
) -> None:
    asked = ("portrait", mia, "--style", "anime", "--seed", "7")
    drawn = command.json(*asked)["image"]["id"]
    assert command.json(*asked)["job"]["reusedFromImageId"] == ""
    note = f"reused, free: the picture of image {drawn}"
    other = command.json(*asked, "--quality", "standard", "--allow-reuse")["job"]
    assert other["reusedFromImageId"] == ""
    newest = command.json("images")["images"][1]["id"]
    file = tmp_path / "mia.jpg"
    said = command(*asked, "--allow-reuse", "--output", str(file))
    assert said.splitlines()[-2:] == [note.replace(drawn, newest), f"saved {file}"]
    assert file.read_bytes().startswith(b"\xff\xd8\xff")


def test_scenes_and_regenerations_are_reused(command: Command, story: str) -> None:
    drawn = command.json("scene", story, "1", "--seed", "7")["image"]["id"]
    note = f"reused, free: the picture of image {drawn}\n"
    assert note in command("scene", story, "1", "--allow-reuse")
    again = ("regenerate", drawn, "--allow-reuse")
    assert note not in command(*again)
    assert note in command(*again, "--seed", "7")


def test_a_story_says_which_pictures_it_reused(command: Command, tmp_path: Path) -> None:
    tale = tmp_path / "tale.yaml"
    tale.write_text("title: A wood\nstyle: anime\npages:\n  - text: A wood.\n  - text: A lake.\n")
    assert "reused" not in command("story", str(tale), "--output", str(tmp_path / "one"))
    tale.write_text(f"{tale.read_text()}options:\n  allow_reuse: yes\n")
    said = command("story", str(tale), "--output", str(tmp_path / "two"))
    assert said.count("reused, free: the picture of image") == 2
    assert "page 2: reused, free" in said
