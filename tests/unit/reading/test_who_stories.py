"""Who is on each page of short stories, as picture books tell them."""

from collections.abc import Sequence

import pytest

from server.domain.characters import Description
from tests.unit.reading.casts import F, M, read, who_is_on

KITE = (
    Description("Ines", age=7, gender=F, species="human", clothing="yellow raincoat"),
    Description("Omar", age=8, gender=M, species="human"),
    Description("Uncle Faisal", age=45, gender=M, species="human", features=("beard",)),
    Description("Pepper", gender=F, species="cat"),
)
MOUNTAIN = (
    Description("Bodil", gender=F, species="troll"),
    Description("Sven the Small", age=10, gender=M, species="human"),
    Description("Queen Astrid", age=50, gender=F, species="human"),
    Description("Grimble", gender=M, species="raven"),
)
POND = (
    Description("Hoppy", gender=M, species="frog"),
    Description("Tilda", gender=F, species="turtle"),
    Description("Mr. Otter", gender=M, species="otter"),
)
TRAIN = (
    Description("Elsie May", age=6, gender=F, species="human"),
    Description("Theodore Finch", age=7, gender=M, species="human"),
    Description("Nanny Plum", age=62, gender=F, species="human"),
    Description("the conductor", age=40, gender=M, species="human"),
)
SISTERS = (
    Description("Clara", age=9, gender=F, species="human"),
    Description("Poppy", age=5, gender=F, species="human"),
    Description("Dad", age=38, gender=M, species="human"),
)
ROBOT = (
    Description("Bolt", species="robot"),
    Description("Dr. Amara Okafor", age=35, gender=F, species="human"),
    Description("Juno", age=9, gender=F, species="human"),
)


@pytest.mark.parametrize(
    ("cast", "pages"),
    [
        (
            KITE,
            [
                (
                    "The wind blew all morning. Omar stood at the window with his new kite, and he "
                    "could not keep his feet still. “Now?” he asked. “Now,” said Uncle Faisal.",
                    ["Omar", "Uncle Faisal"],
                ),
                (
                    "They climbed the hill behind the mosque. Ines was waiting there in her yellow "
                    "raincoat. She had brought string, but she had left Pepper at home.",
                    ["Ines", "Omar", "Uncle Faisal"],
                ),
                (
                    "Up went the kite! It danced. It dived. It tugged at the string until "
                    "Omar's arms "
                    "shook. “Let go of it, and I'll never speak to you again,” said Ines.",
                    ["Ines", "Omar"],
                ),
                (
                    "That night Pepper lay on the windowsill. She dreamt of a bird with a long, "
                    "long tail.",
                    ["Pepper"],
                ),
            ],
        ),
        (
            MOUNTAIN,
            [
                (
                    "High on the mountain lived a troll. Her name was Bodil, and she was afraid of "
                    "only one thing: mice.",
                    ["Bodil"],
                ),
                (
                    "One day Queen Astrid sent Sven up the mountain. He took neither sword nor "
                    "shield. On his shoulder sat a raven.",
                    ["Grimble", "Queen Astrid", "Sven the Small"],
                ),
                (
                    "“Go home, boy!” roared the troll. Sven did not go home. He sat down on a rock "
                    "and took out his bread and cheese.",
                    ["Bodil", "Sven the Small"],
                ),
                (
                    "The raven flew back to the castle alone. “Where is the boy?” cried the queen.",
                    ["Grimble", "Queen Astrid"],
                ),
                (
                    "But the boy was having tea. The troll poured it for him, and neither of them "
                    "thought of the queen at all.",
                    ["Bodil", "Sven the Small"],
                ),
            ],
        ),
        (
            POND,
            [
                (
                    "Hoppy sat on his lily pad and sulked. Nobody wanted to race him. Not "
                    "Tilda, who "
                    "was too slow, and not Mr. Otter, who was too busy.",
                    ["Hoppy"],
                ),
                (
                    "Splash! Something hit the water. A round green head came up. “Is this seat "
                    "taken?” asked Tilda.",
                    ["Tilda"],
                ),
                (
                    "So the frog and the turtle raced each other to the reeds, and a dragonfly was "
                    "the judge.",
                    ["Hoppy", "Tilda"],
                ),
                (
                    "Mr. Otter, who had been mending his roof, put down his hammer. “Who won?” he "
                    "called. “We both did!” shouted the two friends.",
                    ["Hoppy", "Mr. Otter", "Tilda"],
                ),
            ],
        ),
        (
            TRAIN,
            [
                (
                    "ALL ABOARD! The conductor blew his whistle. Elsie pressed her nose to "
                    "the glass.",
                    ["Elsie May", "the conductor"],
                ),
                (
                    "Nanny Plum was knitting. She was always knitting. Opposite her, Theo counted "
                    "the telegraph poles.",
                    ["Nanny Plum", "Theodore Finch"],
                ),
                (
                    "“Tickets, please!” Nanny looked in her bag. She looked in her hat. No "
                    "tickets! "
                    "The conductor tapped his foot.",
                    ["Nanny Plum", "the conductor"],
                ),
                (
                    "Elsie and Theo looked at each other. Then both children began to giggle. "
                    "Their "
                    "nanny was sitting on the tickets.",
                    ["Elsie May", "Nanny Plum", "Theodore Finch"],
                ),
                (
                    "At last they reached the sea. The children ran ahead. Far behind them, with "
                    "the bags, came Nanny Plum.",
                    ["Elsie May", "Nanny Plum", "Theodore Finch"],
                ),
            ],
        ),
        (
            SISTERS,
            [
                ("I am Clara, and I have a little sister. Her name is Poppy.", ["Clara", "Poppy"]),
                (
                    "Poppy bites. She bit the postman. She bit Dad. Yesterday she bit me!",
                    ["Dad", "Poppy"],
                ),
                (
                    "“Do lions bite their sisters?” I asked her. She thought about it. “Yes,” said "
                    "Poppy, and she showed me her teeth.",
                    ["Clara", "Poppy"],
                ),
                (
                    "So I built a cage out of chairs, and we sat in it, my sister and I, and ate "
                    "raw carrots. Dad looked in at the door and shook his head.",
                    ["Clara", "Dad", "Poppy"],
                ),
                (
                    "Now it is dark. Poppy is asleep at last. I lie awake and listen to the rain.",
                    ["Clara", "Poppy"],
                ),
            ],
        ),
        (
            ROBOT,
            [
                (
                    "In a workshop full of wires, a robot opened its eyes. “Hello,” said Dr. "
                    "Okafor.",
                    ["Bolt", "Dr. Amara Okafor"],
                ),
                (
                    "Bolt could lift a car. It could count to a billion. But it could not "
                    "laugh, and "
                    "that made it sad.",
                    ["Bolt"],
                ),
                (
                    "Juno knew a hundred jokes. She told the robot every one of them. Bolt only "
                    "blinked.",
                    ["Bolt", "Juno"],
                ),
                (
                    "Then the girl slipped on a banana skin, and her mother dropped a tray, and a "
                    "strange, rusty sound came out of the robot. “HA,” it said. “HA. HA.”",
                    ["Bolt", "Dr. Amara Okafor", "Juno"],
                ),
            ],
        ),
    ],
)
def test_stories(cast: Sequence[Description], pages: Sequence[tuple[str, list[str]]]) -> None:
    """Reading goes on from page to page."""
    told = [text for text, _ in pages]
    read_so_far = [who_is_on(" || ".join(told[:end]), cast) for end in range(1, len(told) + 1)]
    assert read_so_far == [sorted(names) for _, names in pages]


def test_extras_of_a_story() -> None:
    """Others of a story are extras on their page alone."""
    pages = "A dragonfly hummed past Tilda. || Tilda yawned."
    assert list(read(pages.split("||")[0], POND).extras) == ["dragonfly"]
    assert list(read(pages, POND).extras) == []
