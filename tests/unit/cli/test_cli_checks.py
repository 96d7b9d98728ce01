"""The command says which pictures no classifier has looked at."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from imggen.cli.checks import check_of
from imggen.testing import FakeService
from imggen.v1.image_pb2 import IMAGE_STATUS_COMPLETED, IMAGE_STATUS_QUEUED, Image
from tests.unit.cli.conftest import Command

TALE = "title: A wood\nstyle: anime\npages:\n  - text: A wood.\n  - text: A lake.\n"
LOOK = "look at them before you show them to children"


def test_pictures_and_lists_say_whether_they_are_checked(
    command: Command, fake: FakeService, mia: str
) -> None:
    asked = ("portrait", mia, "--style", "anime")
    assert "not checked" in command(*asked).splitlines()
    fake.check_pictures("a-model")
    assert "checked by a-model" in command(*asked).splitlines()
    job, image = (command.json("jobs")["jobs"][0][name] for name in ("jobId", "imageId"))
    assert "checked by a-model" in command("watch", job).splitlines()
    shown = command("image", image).splitlines()
    assert {"checked by a-model", "quality 5.00 of 5"} <= set(shown)
    for listed in ("images", "jobs"):
        header, newer, older = command(listed).splitlines()
        assert "CHECK" in header.split()
        assert "checked by a-model" in newer
        assert "not checked" in older


def test_a_gateway_that_knows_of_no_checks_has_checked_nothing() -> None:
    older = Image(status=IMAGE_STATUS_COMPLETED)
    assert check_of(older) == "not checked"
    assert check_of(Image(status=IMAGE_STATUS_QUEUED)) == ""


def test_what_is_not_drawn_yet_says_nothing(command: Command, fake: FakeService, mia: str) -> None:
    fake.hold()
    command("portrait", mia, "--style", "anime", "--no-wait")
    for listed in ("images", "jobs"):
        assert "checked" not in command(listed)
    fake.release()


def test_a_story_ends_with_the_pictures_that_are_not_checked(
    command: Command, fake: FakeService, tmp_path: Path
) -> None:
    tale, folder = tmp_path / "tale.yaml", str(tmp_path / "out")
    tale.write_text(TALE)
    line = f"not checked by a classifier: page 1, page 2; {LOOK}"
    said = command("story", str(tale), "--output", folder)
    assert line in said.splitlines()
    batch = said.split()[1].rstrip(":")
    assert line in command("batch", "watch", batch).splitlines()
    command("batch", "show", batch)
    assert line in command.err.splitlines()
    fake.check_pictures("a-model")
    assert "checked" not in command("story", str(tale), "--again", "--output", folder)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows interrupts no single process")
def test_events_of_pictures_that_are_not_checked_say_so(
    command: Command, fake: FakeService, mia: str
) -> None:
    command("portrait", mia, "--style", "anime")
    arguments = ("-m", "imggen.cli", "events", "--server", fake.target, "--after", "oldest")
    kinds = ("--kind", "image", "--token", "t")
    with subprocess.Popen(
        [sys.executable, *arguments, *kinds], stdout=subprocess.PIPE, text=True
    ) as following:
        assert following.stdout is not None
        drawing, completed = (following.stdout.readline() for _ in range(2))
        following.send_signal(signal.SIGINT)
    assert "checked" not in drawing
    assert "\tcompleted, not checked\t" in completed
