"""Words for people, and the beings that are drawn as people."""

from collections.abc import Mapping

from actors.storybook import grammar
from actors.storybook.animals import KINDS
from actors.storybook.attributes import Age, Gender
from actors.storybook.table import Table, table, union

_GIRL, _BOY = (Age.CHILD, Gender.FEMALE), (Age.CHILD, Gender.MALE)
_WOMAN, _MAN = (Age.ADULT, Gender.FEMALE), (Age.ADULT, Gender.MALE)
_CRONE, _ELDER = (Age.ELDER, Gender.FEMALE), (Age.ELDER, Gender.MALE)


def _subjects(
    same: Mapping[tuple[Age, Gender], tuple[str, ...]],
    bent: Mapping[tuple[Age, Gender], tuple[str, ...]],
) -> Table:
    names = {who: grammar.SUBJECTS[who][0] for who in same}
    return table(
        {names[who]: (*grammar.SUBJECTS[who], *words) for who, words in same.items()},
        {names[who]: words for who, words in bent.items()},
    )


SUBJECTS = _subjects(
    {
        _GIRL: ("daughter", "sister", "granddaughter", "child"),
        _BOY: ("son", "brother", "lad", "grandson"),
        _WOMAN: ("mum", "mom", "lady", "aunt", "wife", "young woman", "mrs"),
        _MAN: ("dad", "uncle", "husband", "young man", "mr", "gentleman"),
        _CRONE: ("grandma", "granny", "nana", "old lady"),
        _ELDER: ("grandpa", "grandad", "granddad"),
    },
    {
        _GIRL: ("princess", "maid", "children"),
        _BOY: ("prince", "elf", "elves", "imp", "puppet"),
        _WOMAN: (
            *("women", "queen", "wives", "fairy", "stepmother", "maiden", "nurse", "mermaid"),
            *("duchess", "goddess", "empress", "bride", "godmother"),
        ),
        _MAN: (
            *("men", "king", "knight", "pirate", "hunter", "woodcutter", "captain", "farmer"),
            *("soldier", "emperor", "tailor", "miller", "carpenter", "sailor", "giant", "huntsman"),
            *("ogre", "fisherman", "shepherd", "minister", "gardener", "angel", "robot"),
            *("scarecrow", "swindler", "servant", "courtier", "fool", "shoemaker", "cobbler"),
            *("baker", "blacksmith", "butcher", "teacher", "doctor", "merchant", "hatter", "cook"),
            *("peasant", "wood cutter", "beggar", "thief"),
        ),
        _CRONE: ("witch", "witches", "crone", "hag"),
        _ELDER: ("wizard", "gnome", "dwarf", "dwarfs", "dwarves", "troll"),
    },
)
"""People, and the beings and callings that are drawn as people."""

EVERYBODY = union(SUBJECTS, KINDS)
"""The words that may name a figure of a picture."""

HUMAN = frozenset(
    {"", "human", "person", "people", "child", "kid", "human being", "woman", "man", "girl", "boy"}
)
"""The species that are drawn as people."""

BODY = table(
    {
        "a body": (
            *("head", "neck", "shoulder", "arm", "elbow", "hand", "finger", "back", "leg", "foot"),
            *("feet", "toe", "nose", "mouth", "lip", "cheek", "chin", "ear", "eyebrow", "throat"),
            *("body", "figure", "face", "eye", "hair", "skin", "heel", "shoe", "clothes"),
            *("clothing", "sky"),
        )
    }
)
"""Parts of every character, and the sky; shoes are the same for all."""
