"""Places in passing, which do not take the place of the page before."""

import pytest

from tests.unit.reading.pages import read


@pytest.mark.parametrize(
    ("before", "text", "place"),
    [
        (
            "Mia sat on the roof of the barn.",
            "The cows in the field looked up. Mia climbed.",
            "roof",
        ),
        ("Tom stood in the courtyard.", "Tom walked in as one walks into a palace.", "courtyard"),
        (
            "Mia came into the hospital.",
            "The boy in the next bed clapped, and Mia bowed.",
            "hospital",
        ),
        ("Tom came into the ward.", "Mia tied the balloon to the end of the bed.", "ward"),
        ("Tom ran across the market.", "The crowds went home. Tom swept up the straw.", "market"),
        ("Mia climbed the mountain.", "Past the last barn they went, past the inn.", "mountain"),
        ("Mia climbed the mountain.", "Blue hills. Small lakes. Mia sat down.", "mountain"),
        ("Tom stood in the yard.", "Tom sat down in a puddle and laughed.", "yard"),
        ("Mia sat in the bus.", "Tom wasn't there. He's gone back to bed. Mia sang.", "bus"),
        ("Mia came into the kitchen.", "Mia's nose was the reddest thing in the room.", "kitchen"),
        (
            "Mia came into the kitchen.",
            "Mia read the letter. I called you names across the river, it said. She laughed.",
            "kitchen",
        ),
        ("Mia stood on the pier.", "In the evening the pier was closed. The sea was grey.", "pier"),
    ],
)
def test_places_in_passing_leave_a_page_where_it_was(before: str, text: str, place: str) -> None:
    """Those of others, of comparisons and letters, on the way, or seen from afar."""
    assert place in read(text, [before]).place.split()


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (
            "Tom carried his easel to the end of the pier and set it up with its back to the sea.",
            "pier",
        ),
        ("The cows in the field looked up.", "field"),
        ("The sea was grey.", "sea"),
        ("The crowds went home.", ""),
        ("Mia went home.", "home"),
    ],
)
def test_places_that_are_all_that_is_told_are_read(text: str, place: str) -> None:
    assert read(text).place == place


def test_a_letter_tells_nothing_of_the_page() -> None:
    scene = read("The letter was from Tom. My cap is blue, it said. Mia smiled.")
    assert scene.colours == ()
