"""Stories of households: who is there, and who else, on each of their pages."""

from collections.abc import Sequence

import pytest

from server.domain.characters import Description
from tests.unit.reading.casts import F, M, needed, read, who_is_on, without_optional

FLOOD = (
    Description("Ivy Marsh", species="human", gender=F, age=9),
    Description("Rufus", species="dog", gender=M, skin="brindled fur"),
    Description("Old Nell", species="horse", gender=F),
    Description("Mr. Marsh", species="human", gender=M, age=41),
)
SPIDER = (
    Description("Kofi", species="human", gender=M, age=8),
    Description("Ama", species="human", gender=F, age=8),
    Description("Auntie Efua", species="human", gender=F, age=50),
    Description("Anansi", species="spider", gender=M),
)
PENGUIN = (
    Description("Penguin Pete", species="penguin", gender=M),
    Description("Wanda", species="walrus", gender=F),
    Description("Dr. Frost", species="human", gender=F, age=38),
)
CLOCKS = (
    Description("Rose Thorn", species="human", gender=F, age=10),
    Description("Lord Grey", species="human", gender=M, age=65),
    Description("Tib", species="cat", gender=F),
    Description("Hobbs", species="human", gender=M, age=58),
)
BABY = (
    Description("Sam", species="human", age=7, gender=M),
    Description("Dad", species="human", gender=M, age=40),
    Description("Mum", species="human", gender=F, age=39),
    Description("Baby Lu", species="human", gender=F, age=1),
)


@pytest.mark.parametrize(
    ("cast", "pages"),
    [
        (
            FLOOD,
            [
                (
                    "It had rained for a week. The river was in the lane, the lane was in the "
                    "yard, and the hens were on the roof. Ivy stood at the kitchen door in "
                    "her father's boots.",
                    ["Ivy Marsh"],
                    ["hen"],
                ),
                (
                    "“Stay here,” said Mr. Marsh. He pulled his hat down over his ears and "
                    "waded off towards the stable, and Rufus, who never stayed anywhere, swam "
                    "after him.",
                    ["Mr. Marsh", "Rufus", "Ivy Marsh?"],
                    [],
                ),
                (
                    "Ivy waited. The clock ticked. Nobody came. She thought of Old Nell, up "
                    "to her knees in black water, and of the new foal that was not yet three "
                    "days old.",
                    ["Ivy Marsh"],
                    [],
                ),
                (
                    "Then, out of the rain, came a lantern, and behind the lantern her "
                    "father, and behind her father, wet to the ears, the old mare. On her "
                    "back, wrapped in his coat, lay the foal.",
                    ["Mr. Marsh", "Old Nell", "Ivy Marsh?"],
                    ["foal"],
                ),
                (
                    "“Where's Rufus?” cried Ivy. Her father looked round. There was no dog in "
                    "the yard, no dog in the lane, nothing but brown water and a floating "
                    "bucket.",
                    ["Ivy Marsh", "Mr. Marsh"],
                    [],
                ),
                ("The bucket barked.", ["Rufus?"], []),
            ],
        ),
        (
            SPIDER,
            [
                (
                    "Kofi and Ama are not really twins. They were born on the same day in the "
                    "same street, that is all. But everybody calls them that.",
                    ["Kofi", "Ama"],
                    [],
                ),
                (
                    "“Listen,” said Auntie Efua. The twins sat down at her feet. “Once, all "
                    "the stories in the world belonged to the sky god, and Anansi the spider "
                    "wanted them.”",
                    ["Auntie Efua", "Kofi", "Ama"],
                    [],
                ),
                (
                    "Kofi looked up. A spider was coming down from the roof on a thread of "
                    "silver. “Auntie,” he whispered, “is that him?”",
                    ["Kofi", "Anansi", "Auntie Efua", "Ama?"],
                    [],
                ),
                (
                    "Auntie Efua only laughed. The spider waved two of his legs at Ama.",
                    ["Auntie Efua", "Anansi", "Ama", "Kofi?"],
                    [],
                ),
                (
                    "At night, when their aunt had gone home, they lay in their beds and "
                    "listened. Something was whispering in the thatch.",
                    ["Kofi?", "Ama", "Anansi?"],
                    [],
                ),
            ],
        ),
        (
            PENGUIN,
            [
                (
                    "I am a penguin. My name is Pete. I do not like fish, I do not like ice, "
                    "and I do not like the other penguins, who laugh at my feet.",
                    ["Penguin Pete"],
                    ["penguin?"],
                ),
                (
                    "One day a doctor came in a red boat. She measured my beak. She measured "
                    "my wings. She wrote it all down with a yellow pencil.",
                    ["Dr. Frost", "Penguin Pete"],
                    [],
                ),
                (
                    "“Well?” I said. “You are a perfectly good penguin,” said Dr. Frost. "
                    "Wanda, who was listening behind an iceberg, snorted.",
                    ["Dr. Frost", "Penguin Pete", "Wanda"],
                    [],
                ),
                (
                    "We had tea, all three of us, on the ice. It tasted of fish. I did not mind.",
                    ["Dr. Frost", "Penguin Pete", "Wanda"],
                    [],
                ),
                (
                    "When the boat had gone, the walrus and I sat and watched the sun not "
                    "going down.",
                    ["Penguin Pete", "Wanda"],
                    [],
                ),
            ],
        ),
        (
            CLOCKS,
            [
                (
                    "Lord Grey owned ninety clocks and not one friend. A portrait of his wife "
                    "hung over the fire. She had died before the youngest of the clocks was "
                    "made.",
                    ["Lord Grey"],
                    [],
                ),
                (
                    "The gardener had a granddaughter. Hobbs brought her up to the house one "
                    "Sunday because she wouldn't stop asking, and Rose walked in without "
                    "wiping her boots.",
                    ["Hobbs", "Rose Thorn"],
                    ["gardener?"],
                ),
                (
                    "“Who,” said his lordship, “is THAT?” “That's our Rose, sir,” said the "
                    "gardener, twisting his cap. The roses on the carpet were already muddy.",
                    ["Lord Grey?", "Hobbs?", "Rose Thorn"],
                    ["gardener?"],
                ),
                (
                    "She had never seen so many clocks. She had never seen so sad a man. A "
                    "cat slipped in between her ankles.",
                    ["Rose Thorn", "Tib", "Lord Grey?"],
                    [],
                ),
                (
                    "By spring the old lord could make a daisy chain. The girl taught him, "
                    "sitting on the wet lawn, while Tib slept in his hat.",
                    ["Lord Grey", "Rose Thorn", "Tib"],
                    [],
                ),
                ("Ninety clocks struck four. No one in the house was listening.", [], []),
            ],
        ),
        (
            BABY,
            [
                (
                    "Mum was in hospital, and Dad burnt the toast. “It's only black on one "
                    "side,” he said. Sam ate it.",
                    ["Dad", "Sam"],
                    [],
                ),
                (
                    "On Sunday they took the bus, with a balloon and three grapes. A lady "
                    "across the aisle smiled at them. The rest of the grapes had been eaten.",
                    ["Dad", "Sam"],
                    ["lady"],
                ),
                (
                    "And there was Mum, in a white bed, and in her arms was something like a "
                    "loaf of bread with a hat on. “This is Lu,” she said.",
                    ["Mum", "Baby Lu", "Sam?", "Dad?"],
                    [],
                ),
                (
                    "Sam looked at his sister. His sister looked at nothing. She yawned, and "
                    "her whole face disappeared.",
                    ["Sam", "Baby Lu"],
                    [],
                ),
                (
                    "He gave her the last grape, but she couldn't eat grapes, so Mum ate it "
                    "for her.",
                    ["Sam", "Baby Lu?", "Mum"],
                    [],
                ),
            ],
        ),
    ],
)
def test_stories_of_households(
    cast: Sequence[Description], pages: Sequence[tuple[str, list[str], list[str]]]
) -> None:
    """Each page has those who are on it; those that end in a question mark may be."""
    for end, (_, names, extras) in enumerate(pages, 1):
        told = " || ".join(text for text, _, _ in pages[:end])
        assert without_optional(who_is_on(told, cast), names) == needed(names)
        assert without_optional(read(told, cast).extras, extras) == needed(extras)
