"""Denials, states and colours of things, each by its kind."""

import pytest

from tests.unit.reading.pages import figure, read

ABSENT = {
    "Nobody was to be seen on the sands.": "nobody",
    "Nobody was left in the lane.": "nobody",
    "The fire was not burning, and the stove was cold.": "fire",
    "The bonfire had not been lit.": "bonfire",
    "The sun was not shining.": "sun",
    "Mia didn't want a biscuit.": "biscuit",
    "There was no pavement and no lamp.": "pavement",
    "There were no presents under the tree.": "present",
    "Bruno wore a scarf, since there weren't any hats left.": "hat",
    "They took the ladder away.": "ladder",
    "Mia had no ambulance and no harness.": "harness",
}
NOT_SHOWN = {
    "The bridge wasn't there any more.": "bridge",
    "The fire wasn't lit. Tom sat down.": "fire",
    "The moon was not shining.": "moon",
    "Mia came from next door.": "next door",
    "The rabbit was not white, as rabbits in books are.": "book",
}
PROPS = {
    "The snowman had buttons for eyes and a carrot for a nose.": "carrot",
    "The scarecrow had straw for hair and a potato for a nose.": "potato",
    "Ivy had covered the old clock.": "old clock",
    "The clock had stopped.": "clock",
    "The oak had lost its leaves.": "oak",
    "The swallows had settled on the wire.": "wire",
    "The beans had reached the top of the wall.": "wall",
    "Grandma sat with her knitting.": "knitting",
    '"Hush," said Grandma from her armchair.': "armchair",
    "Mia's shadow was long.": "shadow",
}
COLOURS = {
    "They came to the canal. In May it was only a ditch, but now it was green.": "green canal",
    "Bruno looked at the lake. It was grey and still.": "grey lake",
    "Tom opened the box. Bruno sniffed. It was blue inside.": "blue box",
    "Grandma gave Tom a bag of marbles. They were green.": "green marble",
    "There was a packet of seeds. They were black and wrinkled.": "black seed",
    "There was a boat on the water, small and blue.": "blue boat",
    "He wore a coat with brass buttons, dark green and long.": "dark green coat",
    "The dog had one brown ear and one white one.": "white ear",
    "The curtain was red velvet.": "red curtain",
    "The sea was green today.": "green sea",
    "Tom wore a crown that he had painted gold.": "gold crown",
    "The cat on the wall was ginger.": "ginger cat",
    "Mia had a cerise scarf.": "cerise scarf",
}
COLOURLESS = [
    "Mia was looking for a girl with a red ribbon and a blue satchel.",
    "Tom wished for a green bicycle with a silver bell.",
    "They waited for the man with the white van.",
]


@pytest.mark.parametrize("text", ABSENT)
def test_what_is_denied(text: str) -> None:
    """Each kind of denial says what is not there."""
    assert ABSENT[text] in read(text).absent


@pytest.mark.parametrize("text", NOT_SHOWN)
def test_what_is_denied_is_no_thing(text: str) -> None:
    """What does not burn, is not there or only compared is no thing of the picture."""
    assert NOT_SHOWN[text] not in read(text).props


@pytest.mark.parametrize("text", ["Tom had nobody to play with.", "Mia had nothing to read."])
def test_what_there_is_nobody_for_is_neither_done_nor_denied(text: str) -> None:
    """It tells of what is missing, not of what is not done."""
    scene = read(text)

    assert not scene.figures[0].doing
    assert not {"play", "read"} & set(scene.absent)


@pytest.mark.parametrize("text", PROPS)
def test_what_is_still_seen(text: str) -> None:
    """What has changed, covered something or stands for a part is a thing of the picture."""
    assert PROPS[text] in read(text).props


@pytest.mark.parametrize("text", COLOURS)
def test_which_thing_has_a_colour(text: str) -> None:
    """Pronouns, parts and stuffs lead to the thing that has a colour."""
    assert COLOURS[text] in read(text).colours


@pytest.mark.parametrize("text", COLOURLESS)
def test_what_is_only_looked_for_has_no_colour(text: str) -> None:
    """Who or what is not there yet, and all that is with it, is not seen."""
    assert not read(text).colours


UNSEEN = ("Leo kept pink company.", "Mia saw the world, dark chestnut and wide.")


@pytest.mark.parametrize("text", UNSEEN)
def test_what_nobody_sees_has_no_colour(text: str) -> None:
    """A colour that was read with an idea is nobody's."""
    assert not read(text).colours


def test_a_sound_a_measure_and_a_time_are_no_things() -> None:
    scene = read(
        "With a bark and a jerk the dog took a stride. On a weekday Mia shook with fright."
    )
    assert not {"bark", "stride", "weekday", "fright"} & set(scene.props)


PHASES = {
    "Mia did not stop to wave.": (),
    "Mia stopped to wave.": ("wave",),
    "Mia stopped dancing.": (),
    "Mia never stopped dancing.": ("dance",),
    "Mia kept on rowing.": ("row",),
    "Mia carried on painting the fence.": ("paint fence",),
    "Mia gave up looking for the key.": (),
    "Mia managed to catch the ball.": ("catch ball",),
    "Mia tried to catch the ball.": (),
    "Mia remembered to water the roses.": ("water roses",),
    "Mia forgot to water the roses.": (),
    "Mia did not forget to water the roses.": ("water roses",),
}


@pytest.mark.parametrize("text", PHASES)
def test_verbs_that_only_lead_to_others_tell_whether_these_are_done(text: str) -> None:
    assert figure(read(text), "Mia").doing == PHASES[text]


def test_only_what_is_not_done_is_absent() -> None:
    assert "dance" in read("Mia stopped dancing.").absent
    assert "water" in read("Mia forgot to water the roses.").absent
    assert not read("Mia stopped to wave.").absent
    assert not read("Mia never stopped dancing.").absent
