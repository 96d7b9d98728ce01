"""Things named after parts of bodies, and what these parts do."""

import pytest

from tests.unit.reading.pages import figure, read


@pytest.mark.parametrize(
    "text",
    [
        "Tom has a helmet and knee pads.",
        "Tom with a helmet and knee pads.",
        "Tom puts on his helmet and the knee pads.",
        "Tom holds two hair brushes.",
        "Tom and two hair brushes.",
    ],
)
def test_what_is_named_after_a_part_of_the_body_is_no_action(text: str) -> None:
    assert not any(one.startswith(("pad", "brush")) for one in figure(read(text), "Tom").doing)
