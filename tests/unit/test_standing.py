"""Who stands where, as a text says it."""

import pytest

from actors.prompts.reading import Reading
from actors.prompts.sides import Side
from actors.prompts.standing import read_side, read_standing
from server.domain.characters import Description, Gender

MIA = Description(name="Mia", age=7, gender=Gender.FEMALE)
TOM = Description(name="Tom", age=8, gender=Gender.MALE)
BRUNO = Description(name="Bruno", species="bear")
RUSTY = Description(name="Rusty", species="fox")


def standing(text: str, *cast: Description) -> list[str]:
    return [cast[place].name for place in read_standing([Reading(text)], cast)]


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
        # Sides of the picture, with and without a noun.
        ("Mia stays on the right-hand side, Tom on the left-hand side", "Tom Mia"),
        ("Mia is in the right part of the picture, Tom in the left part", "Tom Mia"),
        ("Mia stands in the right foreground and Tom in the left background", "Tom Mia"),
        ("Mia sits on the right bank and Tom sits on the left bank", "Tom Mia"),
        ("Mia sits in a chair on the right and Tom in a chair on the left", "Tom Mia"),
        ("Mia with a ball on the right, Tom with a kite on the left", "Tom Mia"),
        ("Mia and her dog wait on the right, Tom on the left", "Tom Mia"),
        ("Mia stands on the bridge's right side and Tom on its left side", "Tom Mia"),
        ("The rightmost child is Mia and the leftmost child is Tom", "Tom Mia"),
        # Sides without a preposition.
        ("Mia stands right, Tom stands left", "Tom Mia"),
        ("Mia is far right, Tom far left", "Tom Mia"),
        ("Mia far right, Tom next to her", "Tom Mia"),
        ("Mia (far right) and Tom (far left)", "Tom Mia"),
        ("Mia (right) and Tom (left) play chess", "Tom Mia"),
        ("Right: Mia with a ball. Left: Tom with a kite.", "Tom Mia"),
        ("On the right: Mia. On the left: Tom.", "Tom Mia"),
        ("Tom (left), Mia (right)", "Tom Mia"),
        # Rows of people.
        ("From right to left: Mia, Tom", "Tom Mia"),
        ("From left to right: Tom, Mia", "Tom Mia"),
        ("From the right to the left: the girl and the boy", "Tom Mia"),
        ("Left to right, Tom and Mia wave", "Tom Mia"),
        # Pronouns.
        ("Mia sits in a boat. To her left sits Tom.", "Tom Mia"),
        ("Mia has Tom on her left", "Tom Mia"),
        ("Mia sits with Tom to her left", "Tom Mia"),
        ("Mia hugs Tom. He is on the left.", "Tom Mia"),
        ("Mia sits at a table. She is on the right. Tom sits opposite her.", "Tom Mia"),
        ("Tom, to the left of whom Mia stands, waves", "Mia Tom"),
        ("Mia waves to Tom, to the left of whom a dog sits", "Mia Tom"),
        # A side of the picture said of both counts for more than a place beside the other.
        ("Tom on the left, Mia on the right. Tom is to the right of Mia.", "Tom Mia"),
        ("Mia jumps to the left of Tom. Tom is on the left, Mia on the right.", "Tom Mia"),
        # The place of a thing.
        ("Mia looks at the house on the right. Tom plays.", "Mia Tom"),
        ("Mia puts the ball on the right of the table. Tom watches.", "Mia Tom"),
        ("Mia stands by the tree on the right, near Tom", "Mia Tom"),
        ("On the right is a house, and Mia plays with Tom", "Mia Tom"),
        ("There is a tree on the right. Mia and Tom wave.", "Mia Tom"),
        ("Mia sees that the red house is on the right, and Tom plays", "Mia Tom"),
        ("Mia hides behind the rightmost tree, Tom behind the leftmost tree", "Mia Tom"),
        ("Mia runs on the bridge, and Tom stands on its left side", "Tom Mia"),
        # No places: a direction, a part of a body, a rest, a verb, an adverb.
        ("Mia turns to the right and Tom follows", "Mia Tom"),
        ("Mia stands on her right foot beside Tom", "Mia Tom"),
        ("Mia steps on the right foot of Tom", "Mia Tom"),
        ("Mia eats what is right of Tom", "Mia Tom"),
        ("Mia left the house with Tom", "Mia Tom"),
        ("Mia stands on Tom's right foot", "Mia Tom"),
        ("Mia lies on her right side beside Tom", "Mia Tom"),
        ("Mia sits on the right shoe of Tom", "Mia Tom"),
        ("Mia is hit on the right eye by Tom", "Mia Tom"),
        ("Mia stands right behind Tom", "Mia Tom"),
        ("A train runs from right to left past Mia and Tom", "Mia Tom"),
        ("Mia runs from the left to the right, and Tom waves", "Mia Tom"),
        ("Mia was right, and Tom left", "Mia Tom"),
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


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("Mia at right, a bear at left", "Bruno Mia"),
        ("Mia and the bear. The bear is to her left.", "Bruno Mia"),
        ("The bear sits. To its right is a lake, and Mia swims.", "Bruno Mia"),
        ("The bear sleeps. On its left sits Mia.", "Mia Bruno"),
    ],
)
def test_a_child_and_an_animal(text: str, order: str) -> None:
    assert standing(text, MIA, BRUNO) == order.split()


def test_a_pronoun_of_two_means_the_one_named_last() -> None:
    zoe = Description(name="Zoe", age=6, gender=Gender.FEMALE)
    assert standing("Mia has Zoe on her left", MIA, zoe) == ["Zoe", "Mia"]
    assert standing("Mia hugs Zoe. She is on the left.", MIA, zoe) == ["Zoe", "Mia"]
    assert standing("Mia lies on her right side by Zoe", MIA, zoe) == ["Mia", "Zoe"]


def test_silent_words_are_names_where_a_capital_says_so() -> None:
    will, may = Description(name="Will"), Description(name="May")
    text = "Will stands on the left and May stands on the right"
    assert standing(text, may, will) == ["Will", "May"]
    assert standing("They may go, and Will and May wave", may, will) == ["Will", "May"]


@pytest.mark.parametrize("name", ["Mr. Young", "The Young"])
def test_marks_and_articles_name_nobody(name: str) -> None:
    young = Description(name=name)
    text = "The forest is dark. Mia hugs Young."
    assert standing(text, MIA, young) == ["Mia", name]


def test_the_first_text_that_places_a_character_counts() -> None:
    def order(*texts: str) -> list[str]:
        cast = (MIA, TOM)
        return [cast[one].name for one in read_standing([*map(Reading, texts)], cast)]

    page = "Tom jumped to the right of Mia and laughed."
    assert order("Tom on the left, Mia on the right", page) == ["Tom", "Mia"]
    assert order("Mia and Tom", "Tom is on the left") == ["Tom", "Mia"]
    assert order("Tom meets Mia", "Mia meets Tom") == ["Tom", "Mia"]
    assert order("Tom on the left", "Mia looks on. Tom is on the right.") == ["Tom", "Mia"]
    assert order("Mia has Tom on her left", page) == ["Tom", "Mia"]
    assert order("a forest", "Tom meets Mia") == ["Tom", "Mia"]


def test_the_side_of_one_character_is_its_own() -> None:
    text = "A fox is on the left, Zoe is on the right"
    assert read_side(Reading(text), Description(name="Zoe")) is Side.RIGHT
    assert read_side(Reading("A fox is on the left"), Description(name="Zoe")) is None


def test_a_word_that_names_both_names_nobody() -> None:
    rose = Description(name="Grandma Rose", age=70, gender=Gender.FEMALE)
    ben = Description(name="Grandpa Rose", age=71, gender=Gender.MALE)
    assert standing("Rose and Grandpa meet", rose, ben) == ["Grandpa Rose", "Grandma Rose"]


def test_phrases_that_place_somebody_are_understood() -> None:
    scene = Reading(
        "Mia stands on the right side and Tom to the left of Mia", ignore=["Mia", "Tom"]
    )
    read_standing([scene], [MIA, TOM])
    assert scene.left() == ("stands",)
    turned = Reading("Mia turns to the left, and Tom", ignore=["Mia", "Tom"])
    read_standing([turned], [MIA, TOM])
    assert "left" in turned.left()[0]


def test_one_character_or_none_has_no_order() -> None:
    scene = Reading("Mia on the left", ignore=["Mia"])
    assert read_standing([scene], [MIA]) == (0,)
    assert read_standing([scene], []) == ()
    assert "left" in scene.left()[0]
