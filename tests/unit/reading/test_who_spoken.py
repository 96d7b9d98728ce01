"""Who is there though no name says so: who is spoken to, who tells the story, who is all."""

import pytest

from server.domain.characters import Description
from tests.unit.reading.casts import BELL, BISCUIT, FAMILY, JOE, MIA, TOM, F, M, read, who_is_on

_BAT = Description("Wilhelmina Bat", species="bat", gender=F)
_PLUM = Description("Sergeant Plum", species="human", gender=M, age=50)
_PUMPERNICKEL = Description("Pumpernickel", species="cat", gender=M)


@pytest.mark.parametrize(
    ("pages", "who"),
    [
        (
            "It was gone, for Biscuit had eaten it. 'Bad dog!' cried Mia.",
            ["Biscuit", "Mia"],
        ),
        ("Tom had found the key. 'Clever boy,' said Mrs. Bell.", ["Mrs. Bell", "Tom"]),
        ("Biscuit had hidden the shoe. 'You rascal!' laughed Tom.", ["Biscuit", "Tom"]),
        ("Nobody had told Tom. 'Poor old fellow,' said Mia.", ["Mia", "Tom"]),
        ("Tom had gone to town. 'It is late,' said Mia.", ["Mia"]),
    ],
)
def test_who_is_called_something_is_there(pages: str, who: list[str]) -> None:
    """What somebody is called stands for the name."""
    assert who_is_on(pages, FAMILY) == who


@pytest.mark.parametrize(
    ("pages", "who"),
    [
        ("Tom sat by the fire. Biscuit barked. || 'Quiet,' he said.", "Tom"),
        ("Tom was late. Biscuit wagged his tail. || 'Not now,' he said.", "Tom"),
        ("Biscuit woke. 'Tom,' said Biscuit, 'get up.' || 'I am hungry,' he said.", "Biscuit"),
    ],
)
def test_animals_that_never_spoke_do_not_speak(pages: str, who: str) -> None:
    """A pet is not who `he said` means, unless it has spoken before."""
    assert who_is_on(pages, (TOM, BISCUIT)) == [who]


def test_those_who_were_left_out_are_not_everyone() -> None:
    """Who stayed away on the page before is not among all."""
    pages = "Mia and Tom set out without Biscuit. || Everyone sang."
    assert who_is_on(pages, (MIA, TOM, BISCUIT)) == ["Mia", "Tom"]


@pytest.mark.parametrize(
    "pages",
    [
        "I am Billie. || I fell out of the barn.",
        "I am a bat. || I spread my wings.",
        "My name is Minnie. || I land on a branch.",
    ],
)
def test_the_narrator_is_known_by_a_short_form_or_a_kind(pages: str) -> None:
    """`Billie` is short for Wilhelmina, and only one of the cast is a bat."""
    assert who_is_on(pages, (_BAT, TOM)) == ["Wilhelmina Bat"]


@pytest.mark.parametrize(
    ("page", "who"),
    [
        ("The sergeant marched in front.", ["Sergeant Plum"]),
        ("Mia stroked Pump, who purred.", ["Mia", "Pumpernickel"]),
        ("In stamped the sergeant, and after him came Pump.", ["Pumpernickel", "Sergeant Plum"]),
    ],
)
def test_ranks_and_short_forms_mean_the_cast(page: str, who: list[str]) -> None:
    """A rank in a name is a noun for its bearer; a capital makes a name of a common word."""
    assert who_is_on(page, (MIA, _PLUM, _PUMPERNICKEL)) == who


@pytest.mark.parametrize(
    ("pages", "who"),
    [
        ("I climbed the wall. Tom climbed after me.", ["Mia", "Tom"]),
        ("I fed the hens with Mia. || 'Come down, Tom!' called Mia. I laughed.", ["Mia", "Tom"]),
        ("I fed the hens.", []),
        ("Tom waved. Mia waved back, and I saw it.", ["Mia", "Tom"]),
    ],
)
def test_the_narrator_is_the_only_one_who_is_never_told_of(pages: str, who: list[str]) -> None:
    """`I` is the one of the cast whom the tale does not name, but no dog."""
    assert who_is_on(pages, (MIA, TOM, BISCUIT)) == who


def test_we_means_those_who_are_named_after_it() -> None:
    """`Tom and I` says who `we` are."""
    assert who_is_on("We sat on the roof, Tom and I, eating plums.", (MIA, TOM)) == ["Tom"]


def test_two_friends_are_people_before_pets() -> None:
    """Of three who are there, the two people are the two friends."""
    pages = "Mia rode on Biscuit. || There stood Tom, and Biscuit and Mia stopped. || "
    assert who_is_on(f"{pages}The two friends leaned over the rail.", (MIA, TOM, BISCUIT)) == [
        "Mia",
        "Tom",
    ]


@pytest.mark.parametrize(
    ("page", "extras"),
    [
        ("The whole village came running.", ["crowd"]),
        ("Half the town stood on the quay.", ["crowd"]),
        ("Then came the whole of Mill Lane.", ["crowd"]),
        ("The village lay in the valley.", []),
        ("Mia had a cup with a cat on it.", []),
        ("There was a carousel with white horses.", []),
        ("Tom wore a jumper with a reindeer.", []),
        ("Mia smiled, but people cannot hear mice.", []),
        ("They shook hands, as sailors do.", []),
        ("In stamped a postman.", ["postman"]),
        ("This is my sister.", ["sister"]),
        ("A billy-goat and a beekeeper crossed the bridge.", ["billy-goat", "beekeeper"]),
    ],
)
def test_crowds_are_shown_and_patterns_are_not(page: str, extras: list[str]) -> None:
    """All of a place are a crowd; what is printed or woven on a thing is nobody."""
    assert list(read(page, (MIA, TOM, JOE, BELL)).extras) == extras
