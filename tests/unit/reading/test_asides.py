"""Asides: dreams, those who are elsewhere, and strangers whose names follow."""

import pytest

from tests.unit.reading.casts import FAMILY, MIA, TOM, read, who_is_on

CAST = (MIA, TOM)


@pytest.mark.parametrize(
    "text",
    [
        "Mia dreamt of a castle. The castle had a dragon, and a hundred mice danced.",
        "Tom dreamed of the sea. There were whales, and they sang.",
        "Mia dreamt of a giant. The giant wore red boots. It was a big giant.",
    ],
)
def test_what_goes_on_in_a_dream_is_not_there(text: str) -> None:
    """A dream goes on as long as sentences tell of what was dreamt."""
    scene = read(text, CAST)

    assert not scene.extras
    assert not scene.colours


def test_a_dream_ends_where_the_page_goes_on() -> None:
    """`But`, waking and the names of the cast end a dream."""
    scene = read("Mia dreamt of mice. They wore red caps. But her quilt was blue.", CAST)

    assert scene.colours == ("blue quilt",)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Mrs. Bell is at the office. Tom is cooking with Mia.", ["Mia", "Tom"]),
        ("Grandpa Joe was in the hospital. Mia picked flowers.", ["Mia"]),
        ("Mrs. Bell was at the airport. Mia and Tom waited by the phone.", ["Mia", "Tom"]),
        ("Tom was at the dentist. He sat in the big chair.", ["Tom"]),
        ("Mia was in the shop. She chose a bun.", ["Mia"]),
    ],
)
def test_who_is_somewhere_else(text: str, names: list[str]) -> None:
    """Somebody who is said to be elsewhere is not there, unless the page stays with them."""
    assert who_is_on(text, FAMILY) == names


@pytest.mark.parametrize(
    "text",
    [
        "A girl in a red coat came running. Her name was Mia.",
        "A girl sat on the wall. She was called Mia.",
        "One girl waved. Her name is Mia, and she is new.",
        "In the tree sat a girl with a kite. Her name was Mia.",
        "Another girl hopped by. She was named Mia.",
    ],
)
def test_a_stranger_is_the_one_whose_name_follows(text: str) -> None:
    """What the stranger did is done by the one who is named."""
    scene = read(text, CAST)

    assert who_is_on(text, CAST) == ["Mia"]
    assert not scene.extras
    assert scene.figures[0].doing


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Mia would not let go of Mrs. Bell's hand.", ["Mia", "Mrs. Bell"]),
        ("Tom took hold of Grandpa Joe's sleeve.", ["Grandpa Joe", "Tom"]),
        ("Mia caught hold of Tom's arm.", ["Mia", "Tom"]),
        ("Tom does not want to let go of Mia's hand.", ["Mia", "Tom"]),
        ("Tom let go of Mia's hand. When he turned, she was gone.", ["Tom"]),
        ("Nobody heard Mia coming, not even Biscuit.", ["Biscuit", "Mia"]),
    ],
)
def test_those_who_are_held_are_there(text: str, names: list[str]) -> None:
    """Whose hand somebody holds is there, and who does not stir either."""
    assert who_is_on(text, FAMILY) == names


@pytest.mark.parametrize(
    ("text", "doing"),
    [
        ("It was Tom, leaning over the fence.", "lean over fence"),
        ("There was only Tom, with jam on his chin, waving.", "wave"),
        ("Tom's ears were cold. Mia hugged him. They sat on a log.", "sit on log"),
        ("Tom made pancakes.", "make pancakes"),
        ("Mia sat with Tom. They shared a bun.", "share bun"),
    ],
)
def test_who_does_it(text: str, doing: str) -> None:
    """Participles after `it was` are of the one who is named; `they` are those who are there."""
    tom = next(one for one in read(text, CAST).figures if one.character.int == 2)

    assert doing in tom.doing


@pytest.mark.parametrize(
    "text",
    [
        "The hall was full of dancers. They were spinning. Tom and Mia watched.",
        "Tom was looking after Mia.",
        "Tom looked tired.",
        "Mia lay by Tom, her plaits hanging down to the floor.",
        "Mia had no one to hug and nobody to push the swing, and Tom had nothing to eat.",
        "Mia and Tom had better hide.",
        "Mia and Tom did not, as a rule, stop.",
    ],
)
def test_what_nobody_of_the_cast_does(text: str) -> None:
    """What others do, what only looks so, and what there is nobody for is not done."""
    done = {word for one in read(text, CAST).figures for said in one.doing for word in said.split()}

    assert not done & {"spin", "look", "hang", "hug", "push", "eat", "hide", "stop"}
