"""`imggen upscale`, run against the fake service."""

from pathlib import Path

import pytest

from imggen.cli.progress import enlarged_note
from imggen.rules.sizes import print_size
from imggen.v1.job_pb2 import Job, Upscaling
from tests.unit.cli.conftest import Command


@pytest.fixture
def portrait(command: Command, mia: str) -> str:
    """Returns the id of a portrait that is drawn."""
    made = command.json("portrait", mia, "--style", "anime")["image"]
    return str(made["id"])


def test_a_print_file_is_made_anew_and_saved(
    command: Command, portrait: str, tmp_path: Path
) -> None:
    file = tmp_path / "mia.jpg"
    said = command("upscale", portrait, "--min-size", "3000x2500", "--output", str(file))
    assert f"image {portrait}\nprint file of 3000x3000\n" in said
    assert f"saved {file}" in said
    assert file.read_bytes().startswith(b"\xff\xd8\xff")


def test_its_job_is_printed_as_json(command: Command, portrait: str) -> None:
    made = command.json("upscale", portrait, "--meta", "order=4711", "--priority", "1")
    assert (made["job"]["kind"], made["job"]["imageId"]) == ("JOB_KIND_UPSCALE", portrait)
    assert made["job"]["upscaling"] == {"printSize": "2048x2048", "tile": 512, "ranOutAt": []}
    assert (made["job"]["metadata"], made["job"]["priority"]) == ({"order": "4711"}, 1)
    assert made["image"]["id"] == portrait
    waiting = command.json("upscale", portrait, "--no-wait")["job"]
    assert "tile" not in waiting["upscaling"]


def test_what_would_change_nothing_is_refused(
    command: Command, portrait: str, tmp_path: Path
) -> None:
    command("upscale", portrait, "--no-wait", "--output", str(tmp_path / "a.jpg"), code=2)
    assert "saves nothing with --no-wait" in command.err
    command("upscale", portrait, "--force", code=2)
    assert "is for a file that --output saves" in command.err


def test_a_wrong_size_says_what_would_be_right(command: Command, portrait: str) -> None:
    command("upscale", portrait, "--min-size", "huge", code=1)
    assert '"huge" is no size; give a width and a height in pixels, 4096x4096' in command.err


def test_a_lack_of_memory_is_said() -> None:
    assert enlarged_note(Job()) == ""
    assert enlarged_note(Job(upscaling=Upscaling(tile=512))) == ""
    halved = Job(upscaling=Upscaling(tile=128, ran_out_at=[512, 256]))
    assert enlarged_note(halved) == (
        "memory ran out at tiles of 512, 256 pixels; enlarged in tiles of 128"
    )
    none = Job(upscaling=Upscaling(tile=0, ran_out_at=[128]))
    assert "enlarged by Lanczos, not by the model" in enlarged_note(none)


@pytest.mark.parametrize(
    ("display", "portrait", "size"),
    [
        ((1024, 1024), True, (2048, 2048)),
        ((1824, 1024), False, (3563, 2000)),
        ((1368, 1024), False, (3000, 2246)),
        ((1024, 1024), False, (3000, 3000)),
    ],
)
def test_print_files_are_as_large_as_documented(
    display: tuple[int, int], portrait: bool, size: tuple[int, int]
) -> None:
    assert print_size(display, portrait=portrait) == size


def test_the_help_of_the_least_size_is_right() -> None:
    assert print_size((1824, 1024), portrait=False, least=(4500, 3000)) == (5344, 3000)
