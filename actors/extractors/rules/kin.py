"""Kin: who of a cast is somebody's mother, brother or grandfather, as far as ages tell."""

from collections.abc import Mapping, Sequence

from actors.extractors.rules.lexicon import nouns
from server.domain.characters import Description, Gender

CHILD, ADULT, ELDER = "child", "adult", "elder"
_ADULT_AGE, _ELDER_AGE = 16, 58
_FEMALE, _MALE, _ANY = Gender.FEMALE, Gender.MALE, Gender.UNSPECIFIED

_WORDS: Mapping[str, tuple[str, ...]] = {
    "grandmother": (
        *("grandma", "granny", "gran", "nana", "nan", "nanny", "grandmama", "oma", "abuela"),
        *("abuelita", "babushka", "nonna", "nani", "dadi", "obaachan", "obaasan", "halmoni"),
        *("yiayia", "mamie", "bubbe", "teta", "lola"),
    ),
    "grandfather": (
        *("grandpa", "grandad", "granddad", "gramps", "grandpapa", "opa", "abuelo", "abuelito"),
        *("dedushka", "nonno", "ojiisan", "ojiichan", "harabeoji", "pappou", "zayde", "lolo"),
    ),
    "mother": ("mum", "mom", "mummy", "mommy", "mama", "mamma", "mam", "maman", "amma"),
    "father": ("dad", "daddy", "papa", "pa", "baba", "abba", "appa", "vati"),
    "aunt": ("auntie", "aunty"),
    **dict.fromkeys(("brother", "sister", "son", "daughter", "grandson", "granddaughter"), ()),
    **dict.fromkeys(("uncle", "wife", "husband", "cousin", "twin", "baby"), ()),
}
SAME: Mapping[str, str] = {word: kin for kin, words in _WORDS.items() for word in (kin, *words)}
"""The words for kin, each with the plainest one of its meaning."""

_STEPS: Mapping[str, tuple[Gender, int, int]] = {
    "grandmother": (_FEMALE, 35, 90),
    "grandfather": (_MALE, 35, 90),
    "mother": (_FEMALE, 15, 50),
    "father": (_MALE, 15, 60),
    "brother": (_MALE, -14, 14),
    "sister": (_FEMALE, -14, 14),
    "twin": (_ANY, 0, 0),
    "son": (_MALE, -60, -15),
    "daughter": (_FEMALE, -60, -15),
    "grandson": (_MALE, -90, -35),
    "granddaughter": (_FEMALE, -90, -35),
}
"""The gender of kin, and the least and the most years by which they are older."""
_AGES: Mapping[str, int] = {"grandmother": 68, "grandfather": 68, "mother": 38, "father": 38}
_PEOPLE = frozenset({"", "human", "person", "people", "child", "human being"})
_TITLES = frozenset({"mr", "mrs", "ms", "miss", "dr", "captain", "sir", "lady", "dame", "lord"})
_GROWN = _TITLES | {"mother", "father", "uncle", "aunt", "king", "queen", "wizard", "witch"}
_CHILDREN = frozenset({"boy", "girl", "child"})
_YOUNG = frozenset({"prince", "princess", "fairy", "elf", "pupil", "servant", "maid"})
_OLD = frozenset({"grandmother", "grandfather", "old"})


def stage_of(one: Description) -> str:
    """Returns whether a character is a child, an adult or an elder; nothing where none tells."""
    if one.age is not None:
        return CHILD if one.age < _ADULT_AGE else ADULT if one.age < _ELDER_AGE else ELDER
    words = {SAME.get(word, word) for word in words_of_name(one.name)}
    if words & _OLD:
        return ELDER
    if words & _GROWN:
        return ADULT
    if words & {"little", "baby"} or words & _CHILDREN:
        return CHILD
    return ADULT if is_human(one) and words & (nouns.PEOPLE - _YOUNG) else ""


def is_human(one: Description) -> bool:
    """Returns whether a character is a human being, as one without a species is."""
    return one.species.strip().lower() in _PEOPLE


def words_of_name(name: str) -> tuple[str, ...]:
    """Returns the words of a name in lower case: `mrs`, `bell`."""
    plain = name.lower().replace("\u2019", "'")
    return tuple(word.strip(".,") for word in plain.split() if word.strip(".,"))


def kin_of(word: str, owners: Sequence[int], cast: Sequence[Description]) -> int | None:
    """Returns the only one of a cast who can be somebody's kin: `her brother`.

    Without owners, for `Grandma` alone, anybody of the right age and gender can be.
    """
    word = SAME.get(word, word)
    # Several may have been taken for owners of whom one is the kin: `their aunt`.
    others = () if len(owners) > 1 else owners
    named = [
        place
        for place, one in enumerate(cast)
        if word in {SAME.get(part) for part in words_of_name(one.name)} and place not in others
    ]
    if named:
        return named[0] if len(named) == 1 else None
    if word not in _STEPS or len(owners) > 2:
        return None
    able = [
        place
        for place, one in enumerate(cast)
        if place not in owners and _fits(word, one, [cast[owner] for owner in owners])
    ]
    family = [one for one in able if any(same_family(cast[one], cast[own]) for own in owners)]
    able = family if len(family) == 1 else able
    if word == "twin":
        return able[0] if len(able) == 1 and len(owners) == 1 else None
    return able[0] if len(able) == 1 else None


def same_family(one: Description, other: Description) -> bool:
    """Returns whether two have a family name in common."""
    words, others = words_of_name(one.name), words_of_name(other.name)
    return len(words) > 1 and len(others) > 1 and words[-1] == others[-1]


def _fits(word: str, one: Description, owners: Sequence[Description]) -> bool:
    gender, least, most = _STEPS[word]
    if one.gender is not gender and gender is not _ANY:
        return False
    if not owners:
        titled = bool(set(words_of_name(one.name)) & _TITLES) and word in {"mother", "father"}
        aged = word in _AGES and one.age is not None and abs(one.age - _AGES[word]) <= 14
        return aged and not titled
    for owner in owners:
        if one.species.lower() != owner.species.lower() or _strangers(one, owner):
            return False
        sibling = word in {"brother", "sister"}
        if sibling and stage_of(one) != stage_of(owner):
            return False
        if one.age is None or owner.age is None:
            return sibling
        if not least <= one.age - owner.age <= most:
            return False
    return True


def _strangers(one: Description, owner: Description) -> bool:
    """Returns whether a title tells that two are no kin: `Mrs. Bell` and a child without it."""
    words = words_of_name(one.name)
    if len(words) != 2 or words[0] not in _TITLES:
        return False
    return words[-1] not in words_of_name(owner.name)
