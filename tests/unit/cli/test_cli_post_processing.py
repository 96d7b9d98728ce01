"""The options of post-processing, and what the command says of its steps."""

from typing import Any

import pytest

from imggen.cli.exits import FAILED, USAGE
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
