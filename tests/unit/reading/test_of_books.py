"""What children's books tell in their own ways: each case is a kind that pages were misread by."""

import pytest

from actors.extractors.rules.evidence import Part, clues_of
from actors.extractors.rules.names import Names
from actors.extractors.rules.reading import clauses_of
from actors.extractors.rules.tagging import mended
from actors.extractors.rules.tokens import read_sentences
from server.domain.characters import Description, Gender
from server.domain.scenes import Mood, Weather
from tests.unit.reading.pages import CAST, figure, read

WILL = Description("Will", species="human", gender=Gender.MALE, age=8)
IDA = Description("Nurse Ida", species="human", gender=Gender.FEMALE)
OMAR = Description("Omar", species="human", gender=Gender.MALE, age=9)
PLUM = Description("Captain Plum", species="human", gender=Gender.FEMALE)
NIB = Description("Nib", species="human", gender=Gender.MALE, age=11)
LORD = Description("The Lord", species="human", gender=Gender.MALE)
REED = Description("Lady Reed", species="human", gender=Gender.FEMALE)

PLACES = {
    "A lift number two went up to the roof. In it were Mia, two bags and Tom.": "lift",
    "Mia sat on the back step with her feet in a tub of warm water.": "back step",
    "Tom set out his rolls on the long stone bench.": "",
    "They carried the lamps through the birches on the sledge. One at the bridge.": "wood",
    "There was sand. Mia took off her shoes.": "sand",
    '"Mia!" roared Grandma up the stairs.': "stairs",
    "Mia told the second form about whales.": "classroom",
    "Tom hung socks on the clothes line. Mia shouted from between the sheets.": "garden",
    "They sat in the bow, each with a biscuit.": "boat",
}


@pytest.mark.parametrize("text", PLACES)
def test_the_place_is_where_people_are(text: str) -> None:
    assert read(text).place == PLACES[text]


CARRIED = {
    (
        "Mia was in the classroom.",
        "There she stood, with a letter on each fold of her skin.",
    ): "classroom",
    (
        "Mia was in the hut.",
        "The cloth was not silver, it was the grey that the lake has before anyone is up.",
    ): "hut",
    ("Mia lay in the wood.", "She thought of a red boat with nobody in it."): "wood",
    (
        "Mia was in the wood.",
        "Acorns fell, and Tom, who lived on the second floor, had five children.",
    ): "wood",
}


@pytest.mark.parametrize("pages", CARRIED)
def test_what_is_elsewhere_moves_nobody(pages: tuple[str, str]) -> None:
    before, text = pages
    assert read(text, before=[before]).place == CARRIED[pages]


def test_what_somebody_is_said_to_be_is_no_clue() -> None:
    names = Names(CAST)
    sentences = list(read_sentences("One was king.", names))
    page = clues_of("One was king.", sentences, clauses_of(sentences), names)
    clues = {one.lemma: one.part for one in page.words}
    assert clues["king"] is Part.LIKENESS


def test_a_trade_in_a_name_tells_a_place() -> None:
    before = (
        "I have a bed that goes up and down. Nurse Ida has taken away the button. She is tall and"
        " has a watch on her chest, so that she can tell what time it is."
    )
    text = (
        "He has broken his leg and it is as white and thick as a birch. He lets people draw on it."
        " Nurse Ida laughed. Will drew a shark on it."
    )
    assert read(text, before=[before], cast=(WILL, IDA)).place == "hospital"


def test_who_comes_out_of_somewhere_is_another_clause() -> None:
    scene = read("Tom sang, and out of the coal hole came Bruno.")
    assert figure(scene, "Tom").doing == ("sing",)
    assert figure(scene, "Bruno").doing[0].startswith("come")


# Who.


def test_the_first_of_a_cast_tells_the_story_where_several_are_left() -> None:
    text = "The boy in the next bed is called Omar. I drew a shark. I laughed. I am not ill."
    assert figure(read(text, cast=(WILL, IDA, OMAR)), "Will", (WILL, IDA, OMAR)).doing


def test_an_aside_of_the_teller_makes_nobody_the_teller() -> None:
    scene = read("A cat looked. I would have, too.", cast=(WILL, OMAR))
    assert not scene.figures


@pytest.mark.parametrize(
    ("text", "name", "cast"),
    [
        ("A hatch opened and a lady crawled out.", "Lady Reed", (WILL, REED)),
        ("There stood a lady in the rain.", "Lady Reed", (WILL, REED)),
        ("The Lord himself came to see it.", "The Lord", (WILL, LORD)),
        ("On it were two spades, one captain and a crab.", "Captain Plum", (NIB, PLUM)),
        ("The ship came in, and its captain walked up the hill.", "Captain Plum", (NIB, PLUM)),
    ],
)
def test_those_who_are_told_of_by_a_noun_are_there(
    text: str, name: str, cast: tuple[Description, ...]
) -> None:
    before = ["Nib and Captain Plum sat down."] if cast[0] is NIB else []
    scene = read(text, before=before, cast=cast)
    assert figure(scene, name, cast) in scene.figures
    assert not {"lady", "captain", "lord"} & set(scene.extras)


def test_a_girl_is_a_stranger_where_the_only_one_of_the_cast_is_known() -> None:
    assert "girl" in read("A girl ran in.", before=["Mia sat down."], cast=CAST).extras


def test_who_after_a_garment_means_its_wearer() -> None:
    names = Names(CAST)
    clauses = clauses_of(list(read_sentences("Mia saw a man in overalls, who bowed.", names)))
    assert [one.head.lemma for one in clauses[-1].subject] == ["man"]


# Things, colours, moods and weather.

SHOWN = {
    "There was a chest. It had a lock.": "chest",
    "The wind took Mia's hat.": "hat",
    "The hat rolled down the lane.": "hat",
    "Mum had been there and left a parcel.": "parcel",
    "Tom had turned the map round.": "map",
    "Mia picked red peppers, and small peppers that are worse, and a thistle.": "thistle",
    "Tom sat there, tying socks into a cable.": "sock",
    "Mia kept her eyes on an orange that somebody had left on the windowsill.": "windowsill",
    "Mia got an ice lolly.": "ice lolly",
}


@pytest.mark.parametrize("text", SHOWN)
def test_what_is_there_is_shown(text: str) -> None:
    assert SHOWN[text] in read(text).props


UNSHOWN = {
    "Mia got a bag the colour of limes.": "lime",
    "The chest was bound in iron.": "iron",
    "It landed on her sleeve.": "sleeve",
    "Her scales shone.": "scale",
    "Mia dreamt of a hall with chandeliers.": "chandelier",
    "The clouds hung down to the bicycle shed.": "bicycle",
}


@pytest.mark.parametrize("text", UNSHOWN)
def test_what_only_describes_is_no_thing(text: str) -> None:
    assert UNSHOWN[text] not in read(text).props


def test_what_is_left_for_others_is_not_denied() -> None:
    text = "There was an orange that somebody had left on the windowsill. It did not blink."
    assert "orange" not in read(text).absent


def test_not_at_all_denies_a_mood() -> None:
    scene = read("Mia was not at all surprised.")
    assert figure(scene, "Mia").mood is not Mood.SURPRISED


def test_a_sun_that_does_not_get_up_is_not_seen() -> None:
    assert Weather.SUN not in read("The sun does not get up where Mia lives.").weather


def test_what_is_all_around_has_no_thing_of_that_colour() -> None:
    text = "The sun does not get up. At noon it is blue outside, at three it is black. Mia yawned."
    assert read(text).colours == ()


# Tags.


@pytest.mark.parametrize(
    ("words", "tags", "at", "tag"),
    [
        ("a bed that goes up", "DT NN WDT NNS RB", 3, "VBZ"),
        ("the king himself came", "DT NN PRP VBD", 2, "RB"),
        ("like a christmas tree .", "IN DT NNP VBP .", 3, "NN"),
        ("lift number two went", "VB NN CD VBD", 0, "NN"),
        ("she alone can tell", "PRP JJ NN VBP", 2, "MD"),
        ("she went to work at eight", "PRP VBD TO VB IN CD", 3, "NN"),
        ("he turned the map round ,", "PRP VBD DT NN NN ,", 4, "RB"),
    ],
)
def test_tags_are_mended_by_the_words_beside(words: str, tags: str, at: int, tag: str) -> None:
    assert mended(words.split(), tags.split())[at] == tag
