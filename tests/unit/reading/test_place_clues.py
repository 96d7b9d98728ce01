"""The place of a page that chores, clues, landmarks and what is said there tell together."""

import pytest

from tests.unit.reading.pages import read

DONE = {
    "Grandma was making soup. She let Mia chop the carrots and Tom stir.": "kitchen",
    "Mia did not want to brush her teeth. She hid the toothbrush behind the tap.": "bathroom",
    "Tom opened the oven door, and there were twelve brown buns.": "kitchen",
    "He blew out the candle and pulled the blanket over his ears.": "bedroom",
    "Mia lay awake. The moon looked in at her through the curtains.": "bedroom",
    "Mia filled the can and watered the beans herself.": "garden",
    "Tom rang the bell. Nobody came.": "door",
    "Mia's skates went left and Mia went right. Bump!": "ice rink",
}
TOGETHER = {
    "With a sponge and the pink soap Mia got as far as her elbows.": "bathroom",
    "It smelled of bread and cinnamon. Behind the counter stood a lady with flour on her nose.": (
        "bakery"
    ),
    "Mia held up the lantern. Drip, went the stones. A bat flew over her hair.": "cave",
    "Mia stepped on a shell. A wave licked her feet and ran away again.": "beach",
}
NAMED = {
    "Tom and Mia met at the building site.": "building site",
    "The goose walked straight across the parade ground.": "parade ground",
    "In the laundromat Tom did not sit down.": "laundromat",
    "Next door, in the bakery, Tom was not asleep.": "bakery",
    "The river had frozen. Mia took one step, and then another.": "river",
    "Mia carried the kite to the top of the elm.": "elm",
    "When the fountain in the square had gone quiet, a lamp went on in the bakery.": "bakery",
}


@pytest.mark.parametrize("text", [*DONE, *TOGETHER, *NAMED])
def test_a_page_happens_where_its_chores_and_things_tell(text: str) -> None:
    assert read(text).place == {**DONE, **TOGETHER, **NAMED}[text]


ELSEWHERE = {
    "Tom turned the sofa into a ship.": "bedroom",
    "There was a mountain of cushions and a sea of socks.": "bedroom",
    "Outside, the lawn was white, and a robin sat on the gate.": "bedroom",
    "On Monday Mia came down to breakfast in one sock.": "kitchen",
}


@pytest.mark.parametrize("text", ELSEWHERE)
def test_what_only_looks_like_a_place_moves_nobody_from_a_room(text: str) -> None:
    assert read(text, ["Tom and Mia played in the bedroom."]).place == ELSEWHERE[text]


def test_those_who_sit_at_a_fire_or_stand_at_their_gate_are_there() -> None:
    before = ["Mia and Tom swam in the lake."]

    assert read("At night they sat around the fire.", before).place == "fire"
    assert read("Tom hung a lantern at his gate.", before).place == "gate"


def test_lunch_after_a_lesson_is_eaten_in_the_canteen() -> None:
    assert read("At lunch Tom sat by himself.", ["Tom came into the classroom."]).place == "canteen"


def test_where_nothing_else_tells_the_place_a_speech_does() -> None:
    assert read('"It is dark in this cave," said Mia.').place == "cave"
    assert read('"I like the zoo," said Mia.', ["Mia was in the kitchen."]).place == "kitchen"


STAYS = {
    "In the picture there was a castle. Mia put her nose close to it.": "Mia was in the museum.",
    "The wind took Mia's hat over the hedge and over the pond.": "Mia was in the museum.",
    "Everyone was out in the yard except Tom, who was sulking.": "Tom was in the museum.",
    "Tom's mother works in a bank. Tom yawned.": "Tom was in the museum.",
}


@pytest.mark.parametrize("text", STAYS)
def test_a_place_that_is_painted_or_where_others_are_is_not_where_the_page_is(text: str) -> None:
    assert read(text, [STAYS[text]]).place == "museum"


INDOORS = {
    "The kettle sang. Grandma cut the bread.": "kitchen",
    "Mia hung up her coat and warmed her feet by the stove.": "kitchen",
    "Tom lay on the carpet and counted his toes.": "house",
}


@pytest.mark.parametrize("text", INDOORS)
def test_what_stands_indoors_brings_those_who_were_outside_in(text: str) -> None:
    assert read(text, ["They walked home across the field."]).place == INDOORS[text]
