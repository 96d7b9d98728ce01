"""Colours that are compared, likened, shared out or told of what `it` means."""

import pytest

from tests.unit.reading.pages import read

COLOURS = [
    ("Mia's nose was redder than a cherry.", ["red nose"]),
    ("Tom's hands were browner than mud.", ["brown hand"]),
    ("The bluest door in the street was Mia's.", ["blue door"]),
    ("Mia's nose was the reddest thing in the room.", ["red nose"]),
    ("Mia wore a coat of the palest lilac.", ["pale lilac coat"]),
    ("Mia sat still, calm as cream.", []),
    ("Mia's skin was as white as cream.", ["white skin"]),
    ("Tom stood beside the ice-cream van.", []),
    ("The fog came over the hill. It was grey. Bruno barked.", ["grey fog"]),
    ("On the plate lay a pear. It was yellow all over. Bruno sniffed.", ["yellow pear"]),
    ("The roof, which should have been red, was black.", ["black roof"]),
    ("The west was all apricot.", ["apricot west"]),
    ("There lies the mud and waits for us: brown, fat and shining.", ["brown mud"]),
    (
        "They wore pyjamas, mine pale blue with rockets, hers plain dark green.",
        ["pale blue and dark green pyjamas"],
    ),
    ("Bruno ran. It was a long way. His red hat flew off.", ["red hat"]),
]


@pytest.mark.parametrize(("text", "colours"), COLOURS)
def test_colours_go_to_the_things_that_have_them(text: str, colours: list[str]) -> None:
    assert list(read(text).colours) == colours
