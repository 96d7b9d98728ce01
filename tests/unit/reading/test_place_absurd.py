"""Ordinary sentences that give no place away, and those that still do."""

import pytest

from tests.unit.reading.pages import read

NOWHERE = [
    "Mia slid off her pony and swung her hat.",
    "Mia opened her book and turned the page.",
    "Mia whispered to her book.",
    "Tom drew with a crayon and a pencil.",
    "Tom packed his torch and his rucksack.",
    "Tom stamped his foot and borrowed a pencil.",
    "Mia changed her shoes and took the basket.",
    "Mia paid with a coin.",
    "Tom tapped the mirror.",
    "Tom floated and dived.",
    "Mia bowed and pulled the curtain.",
    "Tom took his ticket and his suitcase.",
    "Mia put her umbrella in the corner.",
    "Tom blew a whistle and guarded the luggage.",
    "Mia put a plaster on her knee and took her medicine.",
    "Mia found an acorn and a pinecone in her bag.",
    "Tom put cheese and an onion in the basket.",
    "Mia held a lantern and a torch.",
    "Mia put on her helmet and took control.",
    "Mia ate a bean and a tomato.",
    "Tom took his bucket and his spade.",
    "Tom had a shovel, a hose and a rake.",
    "Mia had a hammer and a nail.",
    "Tom drew a throne and a sceptre.",
    "Mia packed her toothbrush and her toothpaste.",
    "Tom put a shell and a pebble in his pocket.",
    "Her voice was like drips and echoes, and her hair was like moss and bracken.",
]
DONE_ANYWHERE = [
    "Tom sailed a red boat.",
    "Mia built a castle out of blocks.",
    "Tom made a seesaw from a plank.",
    "Mia drew a castle.",
    "Mia took the soap and blew bubbles.",
    "The knight fastened his belt.",
    "The cat sat down and washed her face.",
    "The cat washed its neck.",
    "Granny picked a strawberry from the bowl.",
    "Mia found a shell in her pocket.",
    "Tom rang the bell on his bicycle.",
    "Mia curtseyed to the queen.",
    "Mia flushed.",
    "Tom made a bed for the hedgehog.",
    "Mia made a bed of leaves.",
    "The rabbit ate the carrot.",
    "Mia put a slide in her hair.",
    "Mia buckled her roller skates.",
]


@pytest.mark.parametrize("text", [*NOWHERE, *DONE_ANYWHERE])
def test_what_is_carried_or_done_anywhere_gives_no_place_away(text: str) -> None:
    assert read(text).place == ""


def test_what_somebody_climbs_is_no_mountain() -> None:
    assert read("Mia climbed up the rope.").place != "mountain"
    assert read("Mia swung the rope and climbed.").place == ""


STAYS = [
    ("house", "Tom put a coin in her purse."),
    ("home", "Mia opened her book and turned the page."),
    ("castle", "Tom held the plank."),
    ("castle", "Tom stood by the mast and looked at the helm."),
    ("cottage", "Tom put the receipt beside the till."),
    ("castle", "The king and queen sat at dinner."),
    ("ship", "Tom sat at dinner."),
    ("train", "Tom sat at dinner."),
    ("hospital", "Mia sat at dinner."),
    ("cave", "Mia sat at supper."),
    ("restaurant", "Mia sat at lunch."),
    ("wood", "Dad hung the kettle over the fire."),
    ("wood", "Mia warmed her hands by the stove."),
    ("meadow", "Dad lit the stove, and Mia unrolled her sleeping bag."),
    ("bedroom", "Mia sat up. Tom came in. He sat down. Mia laughed. Granny picked a strawberry."),
]


@pytest.mark.parametrize(("before", "text"), STAYS)
def test_a_page_stays_where_it_was_told_to_be(before: str, text: str) -> None:
    assert read(text, [f"Mia and Tom were in the {before}."]).place == before


STILL = {
    "Mia sat with a sponge and soap.": "bathroom",
    "Tom put the dough by the oven and took a bowl.": "kitchen",
    "Mia had no pillow. Her pyjamas were warm.": "",
    "Mia hugged her pillow. Her pyjamas were warm.": "bedroom",
    "The lesson was long. Tom looked at the blackboard.": "classroom",
    "Tom swept up the sawdust and put the chisel away.": "workshop",
    "The nurse came with a stethoscope, and the doctor with a bandage.": "hospital",
    "The mast creaked, and the captain held the helm.": "ship",
    "The king lifted his sceptre at the banquet.": "castle",
    "Mia sat on the moss. The ferns and the oak were still.": "wood",
    "Tom swam past the coral, and a shark and an octopus came.": "sea",
}


@pytest.mark.parametrize("text", STILL)
def test_what_stands_in_one_kind_of_place_tells_it(text: str) -> None:
    assert read(text).place == STILL[text]


def test_clues_of_another_place_do_not_outdo_one_that_is_named_weakly() -> None:
    text = "Mia washed the car with soap and a sponge."

    assert read(text).place != "bathroom"
