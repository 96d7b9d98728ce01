"""Whom pronouns mean, over sentences and pages."""

import pytest

from server.domain.characters import Description
from tests.unit.reading.casts import ANIMALS, FAMILY, F, M, who_is_on

ADA = Description("Ada", age=7, gender=F, species="human", traits=("twin",))
OLE = Description("Ole", age=7, gender=M, species="human", traits=("twin",))
AUNT = Description("Aunt Bea", age=40, gender=F, species="human")
TWINS = (ADA, OLE, AUNT)


@pytest.mark.parametrize(
    ("pages", "names"),
    [
        ("Mia woke. || She ran to the window.", ["Mia"]),
        ("Mia and Tom built a raft. || They pushed it into the river.", ["Mia", "Tom"]),
        ("Tom found a key. || He turned it in the lock. It opened.", ["Tom"]),
        ("Tom waved to Mia. || She waved back at him.", ["Mia", "Tom"]),
        ("Mrs. Bell baked a pie. || Then she let Mia taste it.", ["Mia", "Mrs. Bell"]),
        ("Mia hid. || The rain fell on the empty street.", []),
        ("Mia hid. || Silence.", []),
        ("Mia hid. || Her shoes were wet.", ["Mia"]),
        ("Mia hid. || Her heart beat fast.", ["Mia"]),
        ("Tom whistled, and Biscuit came. || They went down to the sea.", ["Biscuit", "Tom"]),
        ("Tom whistled. || The wind took his cap. He chased it.", ["Tom"]),
        ("Mia and Mrs. Bell rowed. || Both of them laughed.", ["Mia", "Mrs. Bell"]),
        ("Mia and Tom were lost. || Neither of them spoke, but both looked up.", ["Mia", "Tom"]),
        (
            "Mia dug. Grandpa Joe watched. || He lit his pipe, and she dug on.",
            ["Grandpa Joe", "Mia"],
        ),
        ("Mia and Tom went in. || It was dark. They held hands.", ["Mia", "Tom"]),
        ("Everyone danced until midnight.", ["Biscuit", "Grandpa Joe", "Mia", "Mrs. Bell", "Tom"]),
        ("Mia gave Tom his hat back. || “Thank you,” he said.", ["Tom"]),
        ("Tom lifted Mia onto the wall, where she stood and sang.", ["Mia", "Tom"]),
        ("Biscuit found a bone. || It barked at the moon.", ["Biscuit"]),
        ("Mia looked at the moon. It was round.", ["Mia"]),
    ],
)
def test_pronouns_of_a_family(pages: str, names: list[str]) -> None:
    """Pronouns go to those whom the text has named."""
    assert who_is_on(pages, FAMILY) == names


@pytest.mark.parametrize(
    ("pages", "names"),
    [
        ("The twins crept upstairs.", ["Ada", "Ole"]),
        ("Ada sang. Her brother played the drum.", ["Ada", "Ole"]),
        ("Ole sat down. His sister sat down beside him.", ["Ada", "Ole"]),
        ("The children ate their soup, and Aunt Bea ate hers.", ["Ada", "Aunt Bea", "Ole"]),
        ("Aunt Bea snored. || The twins looked at each other.", ["Ada", "Ole"]),
        ("Their aunt opened the door.", ["Aunt Bea"]),
        ("Both twins sneezed.", ["Ada", "Ole"]),
        ("Ole dived. || The boy came up with a shell.", ["Ole"]),
        ("Ada dived. || The other twin stayed on the sand.", ["Ole"]),
    ],
)
def test_twins(pages: str, names: list[str]) -> None:
    """The twins are those who are called so; kin are those of the right age and gender."""
    assert who_is_on(pages, TWINS) == names


@pytest.mark.parametrize(
    ("pages", "names"),
    [
        ("I am Mia. Tom is my friend. || I climb up, and Tom climbs up after me.", ["Mia", "Tom"]),
        ("My name is Tom. || We sat on the roof, Mia and I.", ["Mia", "Tom"]),
        ("I'm Mia. || My knees were green.", ["Mia"]),
        ("I walked to school alone. || I met Tom at the gate.", ["Tom"]),
        ("I, Mia, was queen for a day.", ["Mia"]),
        ("“My name is Mia,” said the girl. || I do not know why the sky is blue.", []),
        ("Tom and I built a den. || We slept in it.", ["Tom"]),
        ("I am Mia. Tom came. || He gave me a frog. It sat on my hand.", ["Mia", "Tom"]),
        ("I am Mia. Tom and Biscuit came. || We all went to the sea.", ["Biscuit", "Mia", "Tom"]),
        ("I am Mia. || The sea was grey, and nobody was on the sand but me.", ["Mia"]),
        ("I am Tom. || Our boat was called the Snail. Mia rowed us home.", ["Mia", "Tom"]),
    ],
)
def test_first_person(pages: str, names: list[str]) -> None:
    """A narrator of the cast is on the page; one who is not of it is no character."""
    assert who_is_on(pages, FAMILY) == names


@pytest.mark.parametrize(
    ("pages", "names"),
    [
        ("Rowan met Pip. || The two friends walked on. The mouse sang.", ["Pip", "Rowan"]),
        ("Rowan met Pip. || She gave him a nut.", ["Pip", "Rowan"]),
        ("Rowan slept. || It was cold in the den.", []),
        ("Bram and Pip fished. || They caught a boot. The badger put it on.", ["Old Bram", "Pip"]),
        ("Pip ran, and the fox ran after him.", ["Pip", "Rowan"]),
        ("Pip was hungry. || The little creature sniffed the air.", ["Pip"]),
        (
            "Rowan fetched wood. Bram fetched water. Pip fetched salt. || They cooked a soup.",
            ["Old Bram", "Pip", "Rowan"],
        ),
        ("Rowan and Bram slept. || Pip watched over them.", ["Old Bram", "Pip", "Rowan"]),
    ],
)
def test_pronouns_of_animals(pages: str, names: list[str]) -> None:
    """Animals are she and he, too, and several are they."""
    assert who_is_on(pages, ANIMALS) == names
