"""The options of post-processing, and what the command says of its steps."""

from pathlib import Path
from typing import Any

import pytest

from imggen.cli.exits import FAILED, USAGE
from imggen.cli.story_content import StoryFile
from imggen.testing import FakeService
from imggen.v1.finishing_pb2 import PostProcessing
from tests.unit.cli.conftest import Command

STYLE = ("--style", "anime")


def asked(fake: FakeService) -> PostProcessing:
    requests: Any = fake.requests("GeneratePortrait")
    found: PostProcessing = requests[-1].options.post_processing
    return found


@pytest.mark.parametrize(
    ("option", "field", "value"),
    [
        ("--no-colour-correction", "colour_correction", False),
        ("--no-sharpening", "sharpening", False),
        ("--keep-signatures", "signature_removal", False),
        ("--remove-background", "background_removal", True),
    ],
)
def test_each_option_asks_for_its_step_alone(
    command: Command, fake: FakeService, mia: str, option: str, field: str, value: bool
) -> None:
    command("portrait", mia, *STYLE, option, "--no-wait")
    wanted: dict[str, Any] = {field: value}
    assert asked(fake) == PostProcessing(**wanted)


def test_without_options_nothing_is_asked(command: Command, fake: FakeService, mia: str) -> None:
    command("portrait", mia, *STYLE, "--no-wait")
    requests: Any = fake.requests("GeneratePortrait")
    assert not requests[-1].options.HasField("post_processing")


def test_a_print_is_checked_at_its_trim_size(command: Command, fake: FakeService, mia: str) -> None:
    drawn = command.json("portrait", mia, *STYLE, "--trim", "200x200")["image"]
    assert asked(fake) == PostProcessing(trim_width_mm=200, trim_height_mm=200)
    said = "print check: 2048x2048 pixels on 200x200 mm are 260 DPI; 300 look better"
    assert said in command("image", drawn["id"]).splitlines()
    assert drawn["postProcessing"][-1]["step"] == "FINISHING_STEP_PRINT_CHECK"


def test_a_coarse_print_is_refused_before_anything_is_drawn(command: Command, mia: str) -> None:
    command("portrait", mia, *STYLE, "--trim", "500x500", code=FAILED)
    assert "104 DPI, too few for a print" in command.err
    command("portrait", mia, *STYLE, "--trim", "A4", code=USAGE)
    assert "'A4' is not WIDTHxHEIGHT in mm" in command.err


TALE = """\
title: The Map
style: anime
characters:
  - name: Mia
pages:
  - text: Mia finds a map in the attic.
    characters: [Mia]
"""
PROCESSING = """\
options:
  post_processing:
    signature_removal: false
    background_removal: true
    colour_correction: false
    sharpening: yes
    trim: 160x90
    thumbnail: webp
"""


@pytest.fixture
def tale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = Path("tale.yaml")
    path.write_text(TALE)
    return path


def of_story(fake: FakeService) -> tuple[str, PostProcessing | None]:
    """Returns the last story's request id, and what it asks of post-processing."""
    requests: Any = fake.requests("GenerateStory")
    last, options = requests[-1], requests[-1].options
    said = options.post_processing if options.HasField("post_processing") else None
    return last.request_id, said


def test_a_story_file_says_what_is_done_to_its_pictures(
    command: Command, fake: FakeService, tale: Path
) -> None:
    command("story", str(tale), "--no-wait")
    usual, said = of_story(fake)
    assert said is None
    tale.write_text(TALE + PROCESSING)
    command("story", str(tale), "--no-wait")
    other, said = of_story(fake)
    assert said == PostProcessing(
        signature_removal=False,
        background_removal=True,
        colour_correction=False,
        sharpening=True,
        trim_width_mm=160,
        trim_height_mm=90,
        thumbnail_format="webp",
    )
    assert other != usual, "another batch is asked for"


def test_an_empty_post_processing_asks_for_nothing(
    command: Command, fake: FakeService, tale: Path
) -> None:
    command("story", str(tale), "--no-wait")
    usual, _ = of_story(fake)
    tale.write_text(TALE + "options:\n  post_processing:\n")
    command("story", str(tale), "--no-wait")
    assert of_story(fake) == (usual, None)


def test_request_ids_of_files_without_post_processing_stay() -> None:
    story = StoryFile("The Map", "anime", (), ())
    assert "post_processing" not in str(story.options)
    assert story.content() == ("anime", (), (), story.options, None)


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("sharpening: strong", '9: options.post_processing.sharpening: "strong" must be true or'),
        ("blurring: true", '9: options.post_processing: "blurring" is not a field; use signature_'),
        ("trim: A4", '9: options.post_processing.trim: "A4" is not WIDTHxHEIGHT in mm'),
        ("trim: 5x148", "9: options.post_processing.trim: 5 is not from 10 to 2000 millimetres"),
        ("thumbnail: gif", '9: options.post_processing.thumbnail: "gif" is not offered; use jpeg'),
    ],
)
def test_a_wrong_post_processing_is_told_with_its_line(
    command: Command, fake: FakeService, tale: Path, said: str, wrong: str
) -> None:
    tale.write_text(f"{TALE}options:\n  post_processing: {{{said}}}\n")
    command("story", str(tale), code=USAGE)
    assert f"tale.yaml:{wrong}" in command.err
    assert fake.requests("GenerateStory") == []


def test_a_coarse_print_of_a_story_is_told_with_its_line(command: Command, tale: Path) -> None:
    tale.write_text(f"{TALE}options:\n  post_processing:\n    trim: 900x500\n")
    command("story", str(tale), "--no-wait", code=USAGE)
    assert "tale.yaml:10: options.post_processing.trim: " in command.err
    assert "too few for a print" in command.err


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("scenes: no\n  images_per_page: 2", "10: options.images_per_page: is for pages, and"),
        ("scenes: no\n  aspect_ratio: 4:3", "10: options.aspect_ratio: is for pages and covers"),
        ("scenes: no\n  references: yes", "10: options.references: is for pages and covers"),
        (
            "scenes: no\n  post_processing: {trim: 160x90}",
            "10: options.post_processing.trim: is for pages and covers",
        ),
        (
            "portraits: no\n  post_processing: {background_removal: yes}",
            "10: options.post_processing.background_removal: is for portraits, and",
        ),
    ],
)
def test_what_no_picture_of_a_story_can_take_is_told_with_its_line(
    command: Command, fake: FakeService, tale: Path, said: str, wrong: str
) -> None:
    tale.write_text(f"{TALE}options:\n  {said}\n")
    command("story", str(tale), code=USAGE)
    assert f"tale.yaml:{wrong}" in command.err
    assert fake.requests("GenerateStory") == []


def test_a_print_that_was_made_anew_is_checked_anew(command: Command, mia: str) -> None:
    drawn = command.json("portrait", mia, *STYLE, "--trim", "200x200")["image"]
    command("upscale", drawn["id"], "--min-size", "4096x4096")
    said = "print check: 4096x4096 pixels on 200x200 mm are 520 DPI"
    assert said in command("image", drawn["id"]).splitlines()
