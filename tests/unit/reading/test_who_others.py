"""Stories of giants, rockets and bears: who is there, and who else, on each of their pages."""

from collections.abc import Sequence

import pytest

from server.domain.characters import Description
from tests.unit.reading.casts import F, M, needed, read, who_is_on, without_optional

GIANT = (
    Description("Prince Alfie", species="human", gender=M, age=9),
    Description("Gruntle", species="giant", gender=M),
    Description("Fern", species="fairy", gender=F),
    Description("King Bertram", species="human", gender=M, age=52),
)
ROCKET = (
    Description("Lou", species="human", age=7),
    Description("Max", species="human", age=8),
    Description("Gran", species="human", gender=F, age=69),
    Description("Whiskers", species="cat"),
)
BEARS = (
    Description("Big Bear", species="bear", gender=M),
    Description("Little Bear", species="bear", gender=M),
    Description("Mother Bear", species="bear", gender=F),
    Description("Hen", species="hen", gender=F),
)
SCHOOL = (
    Description("Sofía Reyes", species="human", gender=F, age=8),
    Description("Jean-Luc", species="human", gender=M, age=8),
    Description("Дедушка Миша", species="human", gender=M, age=72),
    Description("عمر", species="human", gender=M, age=7),
)


@pytest.mark.parametrize(
    ("cast", "pages"),
    [
        (
            GIANT,
            [
                (
                    "Prince Alfie did not want to be king. He wanted to be a gardener, like "
                    "old Thomas.",
                    ["Prince Alfie"],
                    [],
                ),
                (
                    "“Giants!” cried the watchman. Down the hill came Gruntle, with a pine "
                    "tree for a walking stick.",
                    ["Gruntle"],
                    ["watchman"],
                ),
                (
                    "The king hid under the throne. The prince went out to the gate alone.",
                    ["King Bertram", "Prince Alfie"],
                    [],
                ),
                (
                    "“Please, sir,” said the giant, “I've got a splinter.” And he held out a "
                    "thumb as big as a barrel.",
                    ["Gruntle", "Prince Alfie?"],
                    [],
                ),
                (
                    "A fairy sat on the prince's hat and gave orders. “Left a bit! Pull!” Out "
                    "came the splinter.",
                    ["Fern", "Prince Alfie", "Gruntle?"],
                    [],
                ),
                (
                    "They planted it in the garden, the boy, the giant and the fairy, and it "
                    "grew into a fir tree.",
                    ["Fern", "Gruntle", "Prince Alfie"],
                    [],
                ),
            ],
        ),
        (
            ROCKET,
            [
                (
                    "Lou and Max are building a rocket out of boxes. Whiskers is the "
                    "astronaut. She doesn't want to be the astronaut.",
                    ["Lou", "Max", "Whiskers"],
                    [],
                ),
                (
                    "“Three, two, one!” Gran comes in with the washing. The cat jumps onto "
                    "her head.",
                    ["Gran", "Lou?", "Max?", "Whiskers"],
                    [],
                ),
                (
                    "“Houston,” says Gran, “we have a problem.” They laugh so much that Max "
                    "gets hiccups.",
                    ["Gran", "Max", "Whiskers?", "Lou?"],
                    [],
                ),
            ],
        ),
        (
            BEARS,
            [
                (
                    "Little Bear could not sleep. Big Bear snored. Mother Bear snored. Even "
                    "the hen, who never snored, snored.",
                    ["Big Bear", "Hen", "Little Bear", "Mother Bear"],
                    [],
                ),
                (
                    "Little Bear climbed out of the window. The moon was up. He had never "
                    "been outside so late without his mother.",
                    ["Little Bear"],
                    [],
                ),
                (
                    "“Little Bear!” It was Mother Bear, in her nightcap. He ran into her arms.",
                    ["Little Bear", "Mother Bear"],
                    [],
                ),
                (
                    "The next morning the bears ate their porridge, and nobody said a word "
                    "about it. Only the hen winked.",
                    ["Big Bear", "Hen", "Little Bear", "Mother Bear"],
                    [],
                ),
            ],
        ),
        (
            SCHOOL,
            [
                (
                    "Sofía and Jean-Luc shared a desk. عمر sat behind them and kicked their "
                    "chairs.",
                    ["Jean-Luc", "Sofía Reyes", "عمر"],
                    [],
                ),
                (
                    "Дедушка Миша met them after school with three hot buns in his pocket.",
                    ["Jean-Luc", "Sofía Reyes", "Дедушка Миша", "عمر"],
                    [],
                ),
                (
                    "“¡Gracias!” said SOFÍA. عمر said nothing, because his mouth was full.",
                    ["Sofía Reyes", "عمر"],
                    [],
                ),
            ],
        ),
    ],
)
def test_stories_of_others(
    cast: Sequence[Description], pages: Sequence[tuple[str, list[str], list[str]]]
) -> None:
    """Each page has those who are on it; those that end in a question mark may be."""
    for end, (_, names, extras) in enumerate(pages, 1):
        told = " || ".join(text for text, _, _ in pages[:end])
        assert without_optional(who_is_on(told, cast), names) == needed(names)
        assert without_optional(read(told, cast).extras, extras) == needed(extras)
