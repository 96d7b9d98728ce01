"""People and animals that are seen and are not of the cast."""

import pytest

from tests.unit.reading.casts import ANIMALS, FAMILY, read


@pytest.mark.parametrize(
    ("page", "extras"),
    [
        ("A crowd cheered as Mia ran past.", ["crowd"]),
        ("Two ducks swam after the boat.", ["duck"]),
        ("Mia's mother stood at the door.", ["mother"]),
        ("Her mother stood at the door. Mia waved.", ["mother"]),
        ("A fisherman mended his net while Tom watched.", ["fisherman"]),
        ("Mia met an old woman on the bridge.", ["woman"]),
        ("A cat was asleep on the wall.", ["cat"]),
        ("There were three sheep in the field.", ["sheep"]),
        ("Tom talked to the baker.", ["baker"]),
        ("Mia fed the hens.", ["hen"]),
        ("A wolf stepped out of the trees.", ["wolf"]),
        ("Mia bought an apple from a farmer.", ["farmer"]),
        ("In the meadow grazed a white horse.", ["horse"]),
        ("Snow fell. A robin hopped along the fence.", ["robin"]),
        ("The postman handed Mia a letter.", ["postman"]),
        ("Mia sat among the sailors.", ["sailor"]),
        ("A herd of cows blocked the lane.", ["cow"]),
        ("Suddenly a voice cried, and out jumped a frog.", ["frog"]),
        ("The dentist smiled at Tom.", ["dentist"]),
        ("Tom rode a donkey.", ["donkey"]),
    ],
)
def test_others_who_are_seen(page: str, extras: list[str]) -> None:
    """Others beside the cast are extras."""
    assert list(read(page, FAMILY).extras) == extras


@pytest.mark.parametrize(
    "page",
    [
        "Mia was as brave as a lion.",
        "Tom swam like a fish.",
        "Mia hugged her teddy bear.",
        "Tom carried a wooden horse.",
        "There was roast goose for supper.",
        "Mia ate a plate of fish.",
        "Tom read a book about pirates.",
        "Mia dreamt of elephants.",
        "Mia thought of her mother.",
        "Tom painted a dragon.",
        "Mia wanted to be a doctor.",
        "Tom was a good boy.",
        "Mia was a kind girl with a big laugh.",
        "There was no wolf, only the wind.",
        "Not a bird sang.",
        "No one came, not even the postman.",
        "Mia's mother was away.",
        "On the wall hung a picture of a queen.",
        "Tom told her a story about a witch.",
        "Mia folded a paper bird.",
        "If a bear came, Tom would climb a tree.",
        "She heard an owl hoot, far away.",
        "“A wolf ate my grandmother,” said Mia.",
        "Tom felt like a king.",
        "Mia's house had belonged to a captain.",
        "The clouds were sheep on a blue meadow.",
        "Mia is Tom's best friend.",
        "Everyone sang.",
        "The children danced.",
        "The two friends sat down.",
        "Tom caught a cold, and Mia had butterflies in her stomach.",
    ],
)
def test_others_who_are_not_seen(page: str) -> None:
    """Comparisons, toys, food, pictures and those who are talked about are no extras."""
    assert list(read(page, FAMILY).extras) == []


@pytest.mark.parametrize(
    ("page", "extras"),
    [
        ("Two foxes watched Rowan from the hill.", ["fox"]),
        ("A dragon landed beside the mouse.", ["dragon"]),
        ("Rowan and Pip met a hare.", ["hare"]),
        ("The fox was the fastest animal in the wood.", []),
        ("Another mouse came out of the hole.", ["mouse"]),
        ("Pip was only a mouse.", []),
        ("The little creature sneezed. It was Pip.", []),
    ],
)
def test_animals_beside_the_cast(page: str, extras: list[str]) -> None:
    """An animal of a kind that the cast has is an extra where it is another one."""
    assert list(read(page, ANIMALS).extras) == extras


@pytest.mark.parametrize(
    ("page", "extras"),
    [
        ("On the bench sat an old man with a newspaper.", ["man"]),
        ("Mia sat between two strangers.", ["stranger"]),
        ("A band was playing in the square.", ["band"]),
        ("Round her neck Mia wore a blue band.", []),
        ("Tom stroked the pony's mane.", ["pony"]),
        ("The fishermen waved to Tom and Mia.", ["fisherman"]),
        ("Mia chased the geese off the lawn.", ["goose"]),
        ("A flock of sheep came down the hill.", ["sheep"]),
        ("People stared.", ["people"]),
        ("A crowd of children had gathered round the clown.", ["crowd", "clown"]),
        ("An owl hooted in the oak. Mia looked up at it.", ["owl"]),
        ("The baker's shop was closed. Tom knocked.", []),
        ("Tom wore a bear costume.", []),
        ("Mia fed bread to the swans.", ["swan"]),
        (
            "Every evening the lamplighter came past, and his cat came with him.",
            ["lamplighter", "cat"],
        ),
        ("Tom waved goodbye to his father.", ["father"]),
        ("Tom's father lifted him onto his shoulders.", ["father"]),
        ("There was a spider on Tom's sleeve.", ["spider"]),
        ("Tom dressed up as a pirate.", []),
        ("The moon was a thin cat's claw. Mia shivered.", []),
        ("Mia wore a hat with a wooden bird on it.", []),
        ("Tom was afraid of dogs.", []),
        ("Tom did not see the snake.", []),
        ("A snake slid past, but Tom did not see it.", ["snake"]),
        ("The nurse who had come with the doctor smiled at Mia.", ["nurse"]),
        ("Mia had never seen a whale.", []),
        ("Birds sang in the hedge. Tom whistled back.", ["bird"]),
        ("The wind howled like wolves.", []),
        ("A woman in a green coat asked Mia the way.", ["woman"]),
        ("The lion on the flag was red. Tom waved it.", []),
        ("The king was painted on the wall. Mia laughed at his nose.", []),
        ("Tom bought a sugar mouse.", []),
    ],
)
def test_more_others(page: str, extras: list[str]) -> None:
    """Others count where they are seen."""
    assert list(read(page, FAMILY).extras) == extras
