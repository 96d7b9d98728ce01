"""Small words that decide what is seen: almost, going to, since, still, not yet."""

import pytest

from server.domain.scenes import Weather
from tests.unit.reading.pages import figure, read


@pytest.mark.parametrize(
    "text",
    [
        "Mia is never going to hit the donkey.",
        "Mia is going to hit the donkey.",
        "Mia almost hit the donkey.",
        "Mia nearly hit the donkey.",
    ],
)
def test_what_is_not_done_yet_or_not_quite_is_no_action(text: str) -> None:
    assert figure(read(text), "Mia").doing == ()


def test_what_has_gone_on_since_still_does() -> None:
    assert read("It had been raining since breakfast.").weather == (Weather.RAIN,)
    assert read("Outside the first flakes are falling.").weather == (Weather.SNOW,)


def test_a_sun_that_is_not_up_does_not_shine() -> None:
    assert read("The sun isn't up yet.").weather == ()
    assert read("The sun was not shining.").weather == ()


WORN = {
    "Mia had on one sock and a helmet.": "helmet",
    "Mia zipped up her yellow raincoat.": "yellow raincoat",
    "Mia pushed her goggles up.": "goggles",
    "Mia tied an apron round her middle.": "apron",
}


@pytest.mark.parametrize("text", WORN)
def test_what_is_had_on_zipped_up_or_tied_round_a_middle_is_worn(text: str) -> None:
    assert WORN[text] in figure(read(text), "Mia").wearing


DONE = {
    "Mia is making something in the shed.": "make",
    "Mia pads out into the wood.": "pad",
    "Mia lined up the cups.": "line",
}


@pytest.mark.parametrize("text", DONE)
def test_work_and_ways_of_walking_are_actions(text: str) -> None:
    assert figure(read(text), "Mia").doing[0].split()[0] == DONE[text]


def test_what_a_part_of_somebody_does_is_a_verb() -> None:
    scene = read("Mia's purple hair stands straight up.")

    assert scene.props == ()
    assert scene.place == ""
    assert scene.colours == ("purple hair",)
