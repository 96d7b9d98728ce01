"""What is in whose hands, what is done, and which things are there."""

import pytest

from tests.unit.reading.pages import figure, read


@pytest.mark.parametrize(
    ("text", "name", "holding"),
    [
        ("Mia had her umbrella.", "Mia", ("umbrella",)),
        ("Tom had a sword made of cardboard.", "Tom", ("sword",)),
        ("Tom came in with a tray.", "Tom", ("tray",)),
        ("Grandma gave Bruno a bun.", "Bruno", ("bun",)),
        ("Mia handed the rope to Tom.", "Tom", ("rope",)),
        ("Tom took a lantern from the hook.", "Tom", ("lantern",)),
        ("Bruno was counting acorns.", "Bruno", ("acorn",)),
        ("Mia marched off, the map upside down in her hands.", "Mia", ("map",)),
        ("Tom walked on, a basket swinging from his arm.", "Tom", ("basket",)),
        ("Bruno cupped a moth in his paws.", "Bruno", ("moth",)),
        ("Mia took the bus.", "Mia", ()),
        ("Tom opened the door.", "Tom", ()),
    ],
)
def test_what_is_handled_or_got_is_held(text: str, name: str, holding: tuple[str, ...]) -> None:
    """What one has that hands are made for, what one takes, and what one is given."""
    assert figure(read(text), name).holding == holding


@pytest.mark.parametrize(
    ("text", "name", "doing"),
    [
        ("Mia looked up, spun round, and bit the apple.", "Mia", "bite apple"),
        ("Tom dropped his stick and shot under the bench.", "Tom", "shoot under bench"),
        ("Tom went for a swim in the lake.", "Tom", "swim in lake"),
        ("Mia broke into a run.", "Mia", "run"),
        ("Mia had the widest grin in the world.", "Mia", "grin"),
        ("Tom rode home on Bruno.", "Tom", "ride on Bruno"),
        ('Mia shouted, "Over here!"', "Mia", "shout"),
        ("Tom unlaced his boots.", "Tom", "unlace boots"),
        ("Grandma gave Bruno a bun.", "Grandma", "give bun"),
        ("Mia waved, and Tom, in his best hat, bowed.", "Tom", "bow"),
    ],
)
def test_deeds_are_told_in_many_ways(text: str, name: str, doing: str) -> None:
    """Rows of past tenses, nouns for actions, and rare verbs."""
    assert doing in figure(read(text), name).doing


@pytest.mark.parametrize(
    ("text", "name", "mood"),
    [
        ("Grandma never looked so pleased.", "Grandma", "happy"),
        ("Tom was so cross that he kicked the bucket.", "Tom", "angry"),
        ("Mia was not happy.", "Mia", "None"),
    ],
)
def test_never_so_is_more_than_ever(text: str, name: str, mood: str) -> None:
    """`Never so pleased` is pleased."""
    assert str(figure(read(text), name).mood) == mood


@pytest.mark.parametrize(
    ("text", "shown", "hidden"),
    [
        ("There was a hat on the nail.", "hat", ""),
        ("Mia found a scarf under the bed.", "scarf", ""),
        ("The boots stood by the door.", "boot", ""),
        ("Mia had a box with a red lid.", "box", "red lid"),
        ("Thwack! The ball hit the wall.", "ball", "thwack"),
        ("There wasn't a lamp lit in the shed. A candle burned.", "candle", "lamp"),
        ("No boat could they see, but a log.", "", "boat"),
        ("Tom reached for the string.", "string", ""),
        ("The maples had turned red.", "maple", ""),
        ("Tom painted the fence green.", "fence", ""),
        ("He set Mia on the top bar of the gate.", "gate", "top bar"),
        ("Mia saw the kind of bow that you shoot arrows with.", "", "arrow"),
    ],
)
def test_things_are_there_and_pieces_and_sounds_are_none(
    text: str, shown: str, hidden: str
) -> None:
    """Garments that nobody wears are things; pieces, sounds and what is denied are not."""
    props = read(text).props
    assert not shown or shown in props
    assert hidden not in props


def test_the_time_of_day_is_no_part_of_an_action() -> None:
    scene = read("At night Mia stood in front of a castle.")
    assert not any("night" in said for said in figure(scene, "Mia").doing)
