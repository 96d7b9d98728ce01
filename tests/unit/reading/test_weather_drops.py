"""Drops and flakes: rain and snow where they fall from the sky."""

import pytest

from tests.unit.reading.pages import read

DRY = [
    "A drop fell from the tap into the sink.",
    "A drop dripped from the ceiling of the cave.",
    "Tom painted. A drop fell on the floor.",
    "Flakes fell off the wall.",
]


@pytest.mark.parametrize("text", DRY)
def test_what_drips_from_a_thing_is_no_rain(text: str) -> None:
    assert read(text).weather == ()


def test_a_drop_from_the_sky_is_rain() -> None:
    assert [str(one) for one in read("A drop fell on Mia's nose.").weather] == ["rain"]
    assert "rain" in [str(one) for one in read("A drop fell from the clouds.").weather]
