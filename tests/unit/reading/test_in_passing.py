"""What a text names and no picture shows: sounds, kinds as a whole, parts that are played."""

import pytest

from actors.extractors.rules.names import Names
from server.domain.characters import Description
from tests.unit.reading.pages import figure, read


@pytest.mark.parametrize(
    "text",
    [
        "Plip, plop, plip. Mia sighed.",
        "Snip, snip. Mia sighed.",
        '"It is late," said Bruno the bear.',
        "Mia ran. Splosh!",
    ],
)
def test_sounds_and_parts_of_names_are_no_things(text: str) -> None:
    scene = read(text)
    assert scene.props == ()
    assert scene.extras == ()


@pytest.mark.parametrize(
    "text",
    [
        "Mia smiled. Pirates don't hug.",
        "Bruno said nothing, for foxes do not speak to men.",
        "Mia hid in the boat. The sharks were the rug.",
        "Dear Granny,\nMia burned six sausages.",
    ],
)
def test_those_who_are_only_spoken_of_as_a_kind_or_written_to_are_not_there(text: str) -> None:
    assert read(text).extras == ()


def test_who_plays_somebody_is_meant_by_the_part() -> None:
    scene = read("Tom was a dragon today. The dragon roared at Mia.")

    assert scene.extras == ()
    assert figure(scene, "Tom").doing == ("roar at Mia",)


def test_who_is_shown_does_what_follows() -> None:
    scene = read("This is Tom, running. This is Mia, eating beans.")

    assert figure(scene, "Tom").doing == ("run",)
    assert figure(scene, "Mia").doing == ("eat beans",)


def test_a_wider_noun_means_an_animal_of_its_kind() -> None:
    names = Names([Description("Wren", species="wren"), Description("Bruin", species="bear")])

    assert names.called("bird") == [0]
    assert names.called("cub") == [1]
