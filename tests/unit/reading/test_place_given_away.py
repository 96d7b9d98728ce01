"""Places that several things give away together, and what tells of no place."""

import pytest

from tests.unit.reading.pages import read

PLACES = {
    # Things of one kind of place.
    "Mia held on to the rail. The nurse drew the curtain round his bed.": "hospital",
    "Miss Pell wrote the date on the board, and Tom yawned.": "classroom",
    "The librarian put a finger to her lips. Tom tiptoed to the shelf.": "library",
    "The audience clapped. Mia bowed low.": "theatre",
    "Tom fastened his seat belt, and Mia counted red lorries.": "car",
    "Grandma is driving. Tom is singing.": "car",
    "The lifeguard blew his whistle. Tom waved.": "swimming pool",
    "Mia stretched out on the sofa and yawned.": "living room",
    # Food, and what somebody is told of being at, are no places.
    "Tom was in the kitchen. The frog hopped into the soup.": "kitchen",
    "Mia sat in the garden. A sparrow hopped into her porridge.": "garden",
    "In the shed Mia sang to the mouse on the wall.": "shed",
    # Where somebody is who is not with the others.
    "Mum is at the hospital. Grandma is frying eggs in the kitchen.": "kitchen",
    "Grandma was at the office. Mia and Tom played in the yard.": "yard",
    # What is seen from a place.
    "Mia sat on the balcony. Down in the street Tom walked by.": "balcony",
    "Tom stood on the hill. Far below in the valley a dog barked.": "hill",
    # The way's end.
    "Tom ran across the road to the park.": "park",
    "There was nothing to see in that desert.": "desert",
}
CARRIED = {
    ("Mia dug in the garden.", "Grandma waved from her deckchair."): "garden",
    ("They were in the park.", "A frog sat on the lily pad."): "park",
    ("Tom lay in the hospital.", "Mum sat at the end of the bed."): "hospital",
    ("They sat in the kitchen.", "In the night Mia woke."): "bedroom",
    ("They sat in the kitchen.", "Mum carried Tom upstairs. He was asleep."): "bedroom",
    ("Tom sat in the kitchen.", "He put the pillow over his head and pulled up the duvet."): (
        "bedroom"
    ),
    ("Mia ate in the kitchen.", "At last she climbed out of bed."): "bedroom",
    ("Tom was in the hall.", "Mia waited at the gate."): "gate",
    ("They were in the attic.", "Tom slept on the sofa."): "attic",
    ("Tom was in the kitchen.", "Mia, who had three streets to do, came in."): "kitchen",
}


@pytest.mark.parametrize("text", PLACES)
def test_a_place_is_given_away(text: str) -> None:
    """Things, deeds and other words tell where a page is."""
    assert read(text).place == PLACES[text]


@pytest.mark.parametrize("pages", CARRIED)
def test_things_weigh_against_the_page_before(pages: tuple[str, str]) -> None:
    """What stands in several places leaves a page where it was; several things move it."""
    assert read(pages[1], pages[:1]).place == CARRIED[pages]
