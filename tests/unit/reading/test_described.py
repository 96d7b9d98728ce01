"""Strangers who turn out to be characters by their looks, and those who are no strangers at all."""

import pytest

from server.domain.characters import Description, Gender
from tests.unit.reading.casts import read, who_is_on

CAST = (
    Description(
        "Mia",
        species="human",
        gender=Gender.FEMALE,
        age=6,
        hair="two red plaits",
        clothing="green pinafore",
    ),
    Description(
        "Mr. Hale",
        species="human",
        gender=Gender.MALE,
        age=66,
        hair="white",
        clothing="a long grey overcoat",
        features=("beard",),
    ),
    Description("Rusty", species="dog", gender=Gender.MALE, skin="brown fur"),
    Description("Bea", species="human", gender=Gender.FEMALE, age=11, hair="blonde"),
)


@pytest.mark.parametrize(
    ("page", "names", "extras"),
    [
        ("There stood only a small girl with two red plaits.", ["Mia"], []),
        ("On the bench sat an old man in a long grey overcoat.", ["Mr. Hale"], []),
        ("A little girl in a green pinafore skipped along the lane.", ["Mia"], []),
        ("An old man with a white beard was sweeping the step.", ["Mr. Hale"], []),
        ("A brown dog trotted out of the gate and barked.", ["Rusty"], []),
        ("Mia met a girl with black curls.", ["Mia"], ["girl"]),
        ("Bea watched an old man in a green hat.", ["Bea"], ["man"]),
        ("At the corner waited a woman in a blue shawl.", [], ["woman"]),
        ("A girl in a red pinafore skipped along the lane.", [], ["girl"]),
    ],
)
def test_strangers_are_known_by_their_looks(page: str, names: list[str], extras: list[str]) -> None:
    scene = read(page, CAST)
    assert who_is_on(page, CAST) == names
    assert list(scene.extras) == extras


@pytest.mark.parametrize(
    "page",
    [
        "Bea had drawn a horse on the fence. On the horse's back was a spot.",
        "Bea painted a fat man on a fat pony, and Mia watched.",
        "Bea slept with one arm round her bear.",
        "Bea came in under a sheet like a ghost. “Boo,” said the ghost.",
        "The guests went home. Bea swept the floor.",
        "Bea tucked her nose into the crook of her arm.",
    ],
)
def test_pictures_toys_likenesses_and_those_who_leave_are_not_drawn(page: str) -> None:
    assert read(page, CAST).extras == ()


def test_a_wild_animal_of_somebody_is_a_toy() -> None:
    assert read("Bea slept with one arm round her bear.", CAST).props == ("bear",)
