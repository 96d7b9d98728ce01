"""Colours and patterns with the things that have them, as the rules read them."""

import pytest

from tests.unit.reading.pages import read

COLOURED = [
    ("Mia wore a dark red coat.", ["dark red coat"]),
    ("Tom had a pale green kite and a sky-blue cap.", ["pale green kite", "sky-blue cap"]),
    ("Her dark blonde hair blew in the wind.", ["dark blonde hair"]),
    ("Grandpa's salt-and-pepper beard was long.", ["salt-and-pepper beard"]),
    ("A reddish glow lit the cave.", ["reddish glow"]),
    ("Bruno's golden-brown fur shone.", ["golden-brown fur"]),
    ("Mia knitted a red and white scarf.", ["red and white scarf"]),
    ("A black-and-white cow looked over the gate.", ["black-and-white cow"]),
    ("Tom wore a blue shirt and grey trousers.", ["blue shirt", "grey trousers"]),
    ("The boat was yellow.", ["yellow boat"]),
    ("Mia painted the door green.", ["green door"]),
    ("Its roof shone red in the sun.", ["red roof"]),
    ("The bark, which was silver, peeled.", ["silver bark"]),
    ("Her dress was the colour of plums.", ["plum dress"]),
    ("His beard was as white as snow.", ["white beard"]),
    ("Her hair was snow-white.", ["snow-white hair"]),
    ("Tom had striped socks and a spotted tie.", ["striped socks", "spotted tie"]),
    ("A polka-dot ribbon was tied round the parcel.", ["polka-dot ribbon"]),
    ("The boat was not blue but green.", ["green boat"]),
    ("The kite was no longer red.", []),
    ("Mia's eyes were blue and her hair was brown.", ["blue eyes", "brown hair"]),
    ("The sky turned pink.", ["pink sky"]),
    ("The leaves were red, yellow and orange.", ["red yellow and orange leaf"]),
    ("Mia ate an orange.", []),
    ("Rose picked a rose. It was a red one.", ["red rose"]),
    ("There were two kites, a red one and a blue one.", ["red kite", "blue kite"]),
    ("Tom thought of a red balloon.", []),
    ("She had no green hat.", []),
    ("He wore a scarf, red with white dots.", ["red scarf", "white dots"]),
    ("A big, round, orange pumpkin sat on the step.", ["orange pumpkin"]),
    ("Grandma dyed the wool blue.", ["blue wool"]),
    ("The hen had a bright red comb and yellow feet.", ["bright red comb", "yellow foot"]),
    ("Mia, all in white, came down the stairs.", ["white clothes"]),
    ("Her cheeks were as red as apples.", ["red cheeks"]),
    ("Tom's hat, blue with a yellow feather, flew off.", ["blue hat", "yellow feather"]),
    ("A chestnut fell on the grass.", []),
    ("A chestnut horse galloped by.", ["chestnut horse"]),
    ("The silver moon shone on golden fields.", ["silver moon", "golden field"]),
    ("A plum tree grew by the wall.", []),
    ("There was a dress of blue silk on the bed.", ["blue dress|blue silk"]),
    ("Emerald green scales covered the dragon.", ["emerald green scales"]),
    ("The walls were painted a pale, creamy yellow.", ["yellow walls"]),
    ("It was a yellow and black striped bee.", ["yellow and black striped bee"]),
    ("Mia had a rust-coloured dog.", ["rust-coloured dog"]),
    ("Her checked apron and her flowery hat hung on a hook.", ["checked apron", "flowery hat"]),
    ("His eyes were green, like a cat's.", ["green eyes"]),
    ("The apples are ripe and red.", ["red apple"]),
    ("The house with the blue door was empty.", ["blue door"]),
    ("The paint was neither red nor green.", []),
    ("A purple-spotted toad sat on the stone.", ["purple-spotted toad"]),
    ("The pond was the colour of jade, and the sky was grey.", ["jade pond", "grey sky"]),
    ("Mia's fingers were blue with ink.", ["blue finger"]),
    ("His scarf was redder than a tomato.", ["red scarf|redder scarf"]),
    ("Tom wore red.", ["red clothes"]),
    ("Out of the egg came a tiny yellow bird with blue wings.", ["yellow bird", "blue wing"]),
    ("Instead of the red boots Mia wore the blue ones.", ["blue boots"]),
    ("A man in a black coat and a woman in a green one stood there.", ["black coat", "green coat"]),
    ("A cottage with a door the colour of butter stood there.", ["butter door"]),
    ("Lanterns hung from the beams, orange and lilac.", ["orange lilac lantern"]),
    ("Her hair was loose; it fell over her shoulders, long and brown.", ["brown hair"]),
    ("She has a plaster on her knee, a striped one.", ["striped plaster"]),
    ("His coat, once blue, was grey with dust.", ["grey coat"]),
    ("Its wings were thin as paper and red as flame.", ["red wing"]),
    ("The dragon had wings of gold.", ["gold wing"]),
    ("Tulips stood in rows, scarlet and white.", ["scarlet white tulip"]),
    ("Bruno was as white as milk.", ["white bruno"]),
    ("He was as green as a gooseberry.", []),
    ("Mia turned scarlet.", ["scarlet face"]),
    ("They thought of the bakery with its pink cakes.", []),
    ("A thin man with ginger whiskers knocked.", ["ginger whisker"]),
    ("The fence was half white, half blue.", ["white blue fence"]),
]


@pytest.mark.parametrize(("text", "colours"), COLOURED)
def test_a_colour_goes_with_the_thing_that_has_it(text: str, colours: list[str]) -> None:
    read_ = [_bases(one) for one in read(text).colours]
    assert len(read_) == len(colours), read_
    for asked in colours:
        assert any(_bases(one) <= found for one in asked.split("|") for found in read_), read_


def _bases(said: str) -> set[str]:
    return {word.removesuffix("s") for word in said.lower().split()} - {"and"}
