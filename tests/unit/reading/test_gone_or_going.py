"""What is gone, told apart from what only goes, and what nobody has."""

import pytest

from tests.unit.reading.pages import figure, read


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("The boat was going up the river. Tom waved.", "boat"),
        ("The lesson had gone badly. Mia sat down.", "lesson"),
        ("A snake had gone by. Mia looked at the sand.", "snake"),
        ("There stood a lamb that had gone to see the world.", "lamb"),
        ("The man in the grey cloak was not a baker.", "cloak"),
        ("It wasn't a good boat. Tom rowed it.", "boat"),
        ("He was not a patient man. Tom waited.", "man"),
        ("Nobody at all: Tom went round and looked.", ""),
        ("The sun, going down, was red. Mia sat on the wall.", "sun"),
    ],
)
def test_what_is_there_is_not_absent(text: str, word: str) -> None:
    assert word not in read(text).absent


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Tom wore a blue coat with the top button missing.", "button"),
        ("They were out of milk. Mia put on her boots.", "milk"),
        ("His hat was off. Tom ran.", "hat"),
        ("The cake was eaten. Tom licked the plate.", "cake"),
        ("Nobody had a ticket. Tom laughed.", "ticket"),
        ("The hen won't sit. Mia laughs.", "sit"),
        ("Tom, whose hat had blown away upon the moor, ran.", "hat"),
        ("An old gull leans over the side, his cap gone.", "cap"),
        ("Grandma had laid aside her cap.", "cap"),
        ("Somebody had thrown the boxes out. Mia sighed.", "box"),
        ("They could not see the church. Mia sighed.", "church"),
    ],
)
def test_what_is_gone_is_absent_and_not_drawn(text: str, word: str) -> None:
    scene = read(text)
    assert word in scene.absent
    assert word not in " ".join((*scene.props, *scene.colours)).split()


def test_the_cloak_of_one_who_is_something_else_is_worn() -> None:
    scene = read("Mia and Tom ran in. Tom in the grey cloak was not a baker.")
    assert "cloak" not in figure(scene, "Tom").without
