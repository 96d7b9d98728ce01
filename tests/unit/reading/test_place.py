"""The place a page happens in, as the rules read it."""

import pytest

from tests.unit.reading.pages import read

ALONE = [
    ("Mia and Tom were playing in the garden.", "garden"),
    ("In the kitchen Grandma thought of the sea.", "kitchen"),
    ("Mia sat in the attic and dreamt of a castle.", "attic"),
    ("Tom walked down the road from the village to the mill.", "road"),
    ("The two castles stood on the hills. Mia ran across the meadows.", "meadow"),
    ("Grandma said that the castle was far away. Mia stayed in the cottage.", "cottage"),
    ("At last they came to a cave.", "cave"),
    ("Mia woke up in her bedroom. Then she ran down to the beach.", "beach"),
    ("Mia left the house and went into the forest.", "forest"),
    ("The map led them into the deep forest.", "deep forest"),
    ("Tom came home from school. He sat down in the kitchen.", "kitchen"),
    ("The boat rocked on the lake. Mia held on tight.", "lake"),
    ("Mia sat on the bank of the river and fished.", "river"),
    ("The bus stopped at the market. Mia and Tom jumped out.", "market"),
    ("The library was quiet. Tom read a book about the jungle.", "library"),
    ("Bruno slept in his den under the roots of the oak.", "den"),
    ("Mia looked at a picture of a palace. The classroom was silent.", "classroom"),
    ("On the beach Mia built a castle of sand.", "beach"),
    ("Tom was not in the barn. He was in the stable.", "stable"),
    ("There was nobody at the harbour.", "harbour"),
    ("Mia wished she were at the circus, but she was in the bathroom.", "bathroom"),
    ("Through the window of the tower Mia saw the sea.", "tower"),
    ("High on the mountain stood a hut. Bruno knocked at the door.", "mountain|hut"),
    ("The train rattled through the night. Mia slept in her seat.", "train"),
    ("All the way across the desert Tom sang.", "desert"),
    ("Mia lay under the old oak and looked at the clouds.", "old oak"),
    ("Grandma sat by the stove and knitted.", "stove"),
    ("The playground was empty. Mia sat on the swing.", "playground"),
    ("Bruno climbed out of the well and stood in the courtyard.", "courtyard"),
    ("Deep in the woods, where the pines grow, lived Bruno.", "woods|wood"),
    (
        "Grandma told them about the palace of the snow queen, by the fire in the parlour.",
        "parlour",
    ),
    ("Mia bounced on her bed in her room.", "room"),
    ("If they were at the zoo, they would see a lion. But they were at school.", "school"),
    ("The ship sailed over the sea. Tom stood on deck.", "ship|deck|sea"),
    ("Tom put his money in the bank and went out into the street.", "street"),
    ("Outside the bakery Mia stopped and sniffed.", "bakery"),
    ("The room had a low ceiling and a small window. Grandma lit the lamp.", "room"),
    ("They tiptoed past the library into the ballroom.", "ballroom"),
    ("Mia was halfway up the stairs when she heard a noise in the cellar.", "stair|stairs"),
    ("From the tower one could see the village. Mia leaned out of the tower window.", "tower"),
    ("The cottage stood at the end of a sandy lane.", "cottage"),
    ("Lightning split the sky over the lighthouse. Mia hid in the cellar.", "cellar"),
    ("She thought of her bed at home and of the school, but the garden was cool.", "garden"),
    ("Past the church and over the bridge they ran until they came to the windmill.", "windmill"),
    ("Grandma kept a shop on the corner of Bell Street.", "shop"),
    ("He looked in the library. At last he sat down on the steps of the museum.", "museum"),
    ("They ran over the hill and squeezed into a teapot.", "teapot"),
    ("The village square was crowded. There were stalls with apples.", "village square|square"),
    ("Mia sat by the window. The waves climbed the harbour wall.", "window"),
    ("We are in the park, Tom and I. Home is far away.", "park"),
]

CARRIED = [
    ("Mia went into the barn.", "She looked at the horses.", "barn"),
    ("They sat in the kitchen.", "Tom remembered the lighthouse. Mia laughed.", "kitchen"),
    ("They sat in the kitchen.", "Then Mia ran out into the yard.", "yard"),
    ("Mia played in the park.", "The moon rose over the hill.", "park"),
    ("Mia was at the beach.", "Grandma said that the forest was dark.", "beach"),
    ("Mia stood in the hall.", "Mia went upstairs to her bedroom.", "bedroom"),
    ("The ship was far out at sea.", "Tom had left his hat at home.", "sea"),
    ("They were at the zoo.", "There was a dragon in her dream. It lived in a cave.", "zoo"),
    ("Mia sat in the library.", "Her book was about a castle.", "library"),
    ("Bruno stood in the meadow.", "He had never been to the town.", "meadow"),
    ("They walked in the forest.", "The cake was as big as a house.", "forest"),
    ("They walked in the forest.", "Suddenly they saw a little house.", "forest|house"),
    ("They rowed across the lake.", "Far away, the lighthouse blinked.", "lake"),
    ("Mia was in the attic.", "She waved until the boat was a dot.", "attic"),
    ("They met at the pond.", "Mia wanted to go to the fair.", "pond"),
    ("They met at the pond.", "Mia carried a letter from the palace.", "pond"),
]

NOWHERE = [
    "Mia smiled.",
    "Tom dreamt of the sea.",
    "Grandma told a story about a castle.",
    "Mia ran like the wind, round and round.",
    "Tom had never seen the ocean.",
    "Her heart was as wide as the sky.",
]


@pytest.mark.parametrize(("text", "place"), ALONE)
def test_a_page_happens_where_it_says(text: str, place: str) -> None:
    assert read(text).place in place.split("|")


@pytest.mark.parametrize(("before", "text", "place"), CARRIED)
def test_a_page_happens_where_the_one_before_did_until_it_says_otherwise(
    before: str, text: str, place: str
) -> None:
    assert read(text, [before]).place in place.split("|")


@pytest.mark.parametrize("text", NOWHERE)
def test_a_place_that_is_only_spoken_of_is_none(text: str) -> None:
    assert read(text).place == ""
