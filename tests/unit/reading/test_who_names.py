"""Whom names and nouns mean."""

import pytest

from server.domain.characters import Description
from tests.unit.reading.casts import ANIMALS, FAMILY, F, M, who_is_on

ROSE = Description("Rose", age=7, gender=F, species="human")
WILL = Description("Will", age=9, gender=M, species="human")
NORA = Description("Nora Fairweather", age=8, gender=F, species="human")
BENJAMIN = Description("Benjamin", age=6, gender=M, species="human")
ZOE = Description("Zoë", age=9, gender=F, species="human")
LUKASZ = Description("Łukasz", age=10, gender=M, species="human")
OMALLEY = Description("Seán O'Malley", age=60, gender=M, species="human")
ANNE = Description("Anne-Marie", age=36, gender=F, species="human")
MIYUKI = Description("美雪", age=8, gender=F, species="human")
ANANYA = Description("अनन्या", age=7, gender=F, species="human")
HUNTER = Description("Hunter", age=8, gender=M, species="human")
DAISY = Description("Daisy", species="cow", gender=F)
GRANNY = Description("Granny Oakes", age=74, gender=F, species="human")
KATE = Description("Katherine", age=7, gender=F, species="human")
WIZARD = Description("Wizard Quill", age=90, gender=M, species="human")
WORDS = (ROSE, WILL, HUNTER, DAISY)


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("Tom climbed the ladder.", ["Tom"]),
        ("TOM! TOM RAN OUT OF THE HOUSE!", ["Tom"]),
        ("Mia and Tom sat on the wall.", ["Mia", "Tom"]),
        ("Mia, Tom and Grandpa Joe waited for the bus.", ["Grandpa Joe", "Mia", "Tom"]),
        ("Grandpa was asleep in his chair.", ["Grandpa Joe"]),
        ("Joe was asleep in his chair.", ["Grandpa Joe"]),
        ("Mrs. Bell rang the school bell.", ["Mrs. Bell"]),
        ("Mrs Bell opened the window.", ["Mrs. Bell"]),
        ("The old man leant on his stick.", ["Grandpa Joe"]),
        ("The girl skipped along the path.", ["Mia"]),
        ("A boy sat on the step. It was Tom.", ["Tom"]),
        ("The dog rolled in the mud.", ["Biscuit"]),
        ("Biscuit the dog rolled in the mud.", ["Biscuit"]),
        ("The children raced to the gate.", ["Mia", "Tom"]),
        ("Little Mia yawned.", ["Mia"]),
        ("Through the gate came Tom.", ["Tom"]),
        ("There stood Mia with a spade.", ["Mia"]),
        ("On the roof sat the boy.", ["Tom"]),
        ("Poor old Joe! His boots were full of water.", ["Grandpa Joe"]),
        ("Mia's eyes shone.", ["Mia"]),
        ("Tom's hair stood on end.", ["Tom"]),
        ("A biscuit lay on the plate.", []),
    ],
)
def test_names_and_nouns_of_a_family(page: str, names: list[str]) -> None:
    """Names in any form, and nouns that fit one of the cast, mean them."""
    assert who_is_on(page, FAMILY) == names


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("Rose picked a rose.", ["Rose"]),
        ("A rose grew by the door, and its thorns were long.", []),
        ("Will you come? Will shook his head.", ["Will"]),
        ('"Will it rain?" asked Rose.', ["Rose"]),
        ("The sun rose over the hills.", []),
        ("The hunter lifted his lamp. Hunter hid.", ["Hunter"]),
        ("Daisy chewed. A daisy hung from her lips.", ["Daisy"]),
        ("The cow looked over the fence.", ["Daisy"]),
        ("ROSE AND WILL JUMPED INTO THE POOL.", ["Rose", "Will"]),
    ],
)
def test_names_that_are_words(page: str, names: list[str]) -> None:
    """A name that is a word means somebody only where it stands as a name."""
    assert who_is_on(page, WORDS) == names


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("Nora dived.", ["Nora Fairweather"]),
        ("Miss Fairweather curtsied.", ["Nora Fairweather"]),
        ("It was fair weather, and no one swam.", []),
        ("Ben slid down the banister.", ["Benjamin"]),
        ("Benny slid down the banister.", ["Benjamin"]),
        ("Granny knitted by the stove.", ["Granny Oakes"]),
        ("Her grandmother knitted by the stove.", ["Granny Oakes"]),
        ("Kate dug a hole.", ["Katherine"]),
        ("Katie dug a hole.", ["Katherine"]),
        ("The wizard raised his wand.", ["Wizard Quill"]),
        ("Old Quill raised his wand.", ["Wizard Quill"]),
    ],
)
def test_short_and_long_forms(page: str, names: list[str]) -> None:
    """First names, family names, pet forms and titles mean their bearers."""
    assert who_is_on(page, (NORA, BENJAMIN, GRANNY, KATE, WIZARD)) == names


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("Zoë waved.", ["Zoë"]),
        ("Zoe\u0308 waved.", ["Zoë"]),
        ("ZOË WAVED AT THE SHIP.", ["Zoë"]),
        ("Łukasz\u2019s hands were cold.", ["Łukasz"]),
        ("Seán lit his pipe.", ["Seán O'Malley"]),
        ("O\u2019Malley lit his pipe.", ["Seán O'Malley"]),
        ("Mr. O'Malley lit his pipe.", ["Seán O'Malley"]),
        ("Anne-Marie opened the door.", ["Anne-Marie"]),
        ("美雪 sat under the tree.", ["美雪"]),
        ("अनन्या ran after the kite.", ["अनन्या"]),
    ],
)
def test_names_in_any_script(page: str, names: list[str]) -> None:
    """Accents, marks, hyphens, apostrophes and other scripts are parts of names."""
    cast = (ZOE, LUKASZ, OMALLEY, ANNE, MIYUKI, ANANYA)
    assert who_is_on(page, cast) == names


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("The fox trotted home.", ["Rowan"]),
        ("The old badger sighed.", ["Old Bram"]),
        ("The Mouse peeped out.", ["Pip"]),
        ("Bram sneezed.", ["Old Bram"]),
        ("Rowan met the badger by the stream.", ["Old Bram", "Rowan"]),
        ("A fox and a mouse shared one umbrella.", ["Pip", "Rowan"]),
        ("The three friends danced.", ["Old Bram", "Pip", "Rowan"]),
        ("All the animals danced.", ["Old Bram", "Pip", "Rowan"]),
        ("The toy fox lay on the shelf.", []),
        ("Old Bram gave Pip a nut.", ["Old Bram", "Pip"]),
        (
            "Old Bram and the mouse went fishing. The two friends caught nothing.",
            ["Old Bram", "Pip"],
        ),
    ],
)
def test_animals(page: str, names: list[str]) -> None:
    """A species means the one of its kind; words for several mean all that fit."""
    assert who_is_on(page, ANIMALS) == names
