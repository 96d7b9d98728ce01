"""Who stands where, as a text says it."""

import pytest

from actors.prompts.reading import Reading
from actors.prompts.standing import read_standing
from server.domain.characters import Description, Gender

MIA = Description(name="Mia", age=7, gender=Gender.FEMALE)
TOM = Description(name="Tom", age=8, gender=Gender.MALE)
RUSTY = Description(name="Rusty", species="fox")


def standing(text: str, *cast: Description) -> list[str]:
    return [cast[place].name for place in read_standing(Reading(text), cast)]


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("Mia and Tom in a forest", "Mia Tom"),
        ("Tom meets Mia in a forest", "Tom Mia"),
        ("A boy and a girl in a forest", "Tom Mia"),
        ("a quiet forest", "Mia Tom"),
        ("Tom stands on the left, Mia on the right", "Tom Mia"),
        ("Mia on the right and Tom on the left", "Tom Mia"),
        ("Mia on the right, Tom", "Tom Mia"),
        ("On the left, Tom waves; on the right, Mia sits", "Tom Mia"),
        ("On the right Mia waves, on the left Tom sits", "Tom Mia"),
        ("On the left is Tom and on the right is Mia", "Tom Mia"),
        ("Mia, on the right, hugs Tom", "Tom Mia"),
        ("Mia stands to the right of Tom", "Tom Mia"),
        ("Mia is right of Tom", "Tom Mia"),
        ("Tom is to the left of Mia", "Tom Mia"),
        ("Mia hides to the right of the old boy", "Tom Mia"),
        ("Mia stands on Tom's right", "Tom Mia"),
        ("Mia, at the far right, looks at Tom", "Tom Mia"),
        ("Mia waits on the right side of the bench. Tom reads.", "Tom Mia"),
        # No places: a direction, a part of a body, a rest, a verb, an adverb.
        ("Mia turns to the right and Tom follows", "Mia Tom"),
        ("Mia stands on her right foot beside Tom", "Mia Tom"),
        ("Mia steps on the right foot of Tom", "Mia Tom"),
        ("Mia eats what is right of Tom", "Mia Tom"),
        ("Mia left the house with Tom", "Mia Tom"),
        ("Mia is right behind Tom", "Mia Tom"),
        ("Mia is left of Tom and Tom is left of Mia", "Mia Tom"),
    ],
)
def test_two_characters(text: str, order: str) -> None:
    assert standing(text, MIA, TOM) == order.split()


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("Rusty, Tom and Mia play", "Rusty Tom Mia"),
        ("Mia is in the middle, with Tom and Rusty", "Tom Mia Rusty"),
        ("The fox sits on the left. Tom and Mia are on the right.", "Rusty Tom Mia"),
        ("Mia and Tom are to the right of the fox", "Rusty Mia Tom"),
        ("Mia and the fox are to the left of Tom", "Mia Rusty Tom"),
        ("the fox runs", "Rusty Mia Tom"),
    ],
)
def test_three_characters(text: str, order: str) -> None:
    assert standing(text, MIA, TOM, RUSTY) == order.split()


def test_a_word_that_names_both_names_nobody() -> None:
    rose = Description(name="Grandma Rose", age=70, gender=Gender.FEMALE)
    ben = Description(name="Grandpa Rose", age=71, gender=Gender.MALE)
    assert standing("Rose and Grandpa meet", rose, ben) == ["Grandpa Rose", "Grandma Rose"]


def test_phrases_that_place_somebody_are_understood() -> None:
    scene = Reading(
        "Mia stands on the right side and Tom to the left of Mia", ignore=["Mia", "Tom"]
    )
    read_standing(scene, [MIA, TOM])
    assert "left" not in scene.unknown()
    assert "right" not in scene.unknown()
    assert "side" not in scene.unknown()
    turned = Reading("Mia turns to the left, and Tom", ignore=["Mia", "Tom"])
    read_standing(turned, [MIA, TOM])
    assert "left" in turned.unknown()


def test_one_character_or_none_has_no_order() -> None:
    scene = Reading("Mia on the left", ignore=["Mia"])
    assert read_standing(scene, [MIA]) == (0,)
    assert read_standing(scene, []) == ()
    assert scene.unknown() == ("left",)
