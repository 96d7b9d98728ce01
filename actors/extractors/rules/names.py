"""The names of a cast: which words of a text, written with a capital, mean whom."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from actors.extractors.rules.english import kinds_of
from actors.extractors.rules.kin import ADULT, CHILD, ELDER, SAME, kin_of, stage_of, words_of_name
from actors.extractors.rules.lexicon import nouns
from actors.extractors.rules.lexicon.pets import PETS
from actors.extractors.rules.words import composed, words_of
from server.domain.characters import Description, Gender

_NO_NAMES = frozenset(
    {
        *("the", "a", "an", "of", "and", "von", "van", "de", "la", "le", "old", "little", "big"),
        *("mr", "mrs", "ms", "miss", "dr", "sir", "lady", "king", "queen", "prince", "princess"),
        *("captain", "uncle", "aunt", "auntie", "brother", "sister", "baby", "saint", "st", "'s"),
        *("dame", "lord", "poor", "great", "tiny", "small", "young", "good", "bad", "happy"),
    }
)
"""The words of a name that do not mean its bearer alone."""
_TITLES = frozenset({"mr", "mrs", "ms", "miss", "dr", "captain", "old", "young", "little", "poor"})
_PET_ENDS = ("y", "ie", "ey", "i")
_PEOPLE = frozenset({"", "human", "person", "people", "child", "human being"})
_NOUNS: Mapping[tuple[str, Gender], tuple[str, ...]] = {
    (CHILD, Gender.FEMALE): ("girl", "child", "kid", "youngster", "lass"),
    (CHILD, Gender.MALE): ("boy", "child", "kid", "lad", "youngster"),
    (CHILD, Gender.UNSPECIFIED): ("child", "kid", "girl", "boy"),
    (ADULT, Gender.FEMALE): ("woman", "lady"),
    (ADULT, Gender.MALE): ("man", "gentleman", "fellow"),
    (ADULT, Gender.UNSPECIFIED): ("woman", "man", "person"),
    (ELDER, Gender.FEMALE): ("woman", "lady", "grandmother"),
    (ELDER, Gender.MALE): ("man", "gentleman", "grandfather", "fellow"),
    (ELDER, Gender.UNSPECIFIED): ("woman", "man", "person"),
}
_KINDS_OF = {
    **dict.fromkeys(("puppy", "pup", "hound", "terrier", "sheepdog", "doggy"), "dog"),
    **dict.fromkeys(("mare", "stallion", "pony", "foal", "colt", "filly"), "horse"),
    **dict.fromkeys(("ewe", "ram", "lamb"), "sheep"),
    **dict.fromkeys(("doe", "stag", "fawn", "buck"), "deer"),
    **dict.fromkeys(("kitten", "tomcat", "tabby", "pussycat"), "cat"),
    **dict.fromkeys(("rooster", "hen", "chick", "cockerel"), "chicken"),
    **dict.fromkeys(("piglet", "sow", "boar"), "pig"),
    "duckling": "duck",
    "gosling": "goose",
    "gander": "goose",
    "bunny": "rabbit",
    "vixen": "fox",
    "lioness": "lion",
    "tigress": "tiger",
    "billy-goat": "goat",
    "calf": "cow",
}
"""Other nouns for animals of a species."""
_WIDER = {
    **dict.fromkeys(
        (
            *("wren", "robin", "sparrow", "owl", "crow", "raven", "magpie", "blackbird", "thrush"),
            *(
                "swallow",
                "swift",
                "finch",
                "starling",
                "pigeon",
                "dove",
                "seagull",
                "gull",
                "heron",
            ),
            *("stork", "crane", "eagle", "hawk", "falcon", "parrot", "canary", "hummingbird"),
            *("woodpecker", "nightingale", "lark", "cuckoo", "jay", "weaver", "toucan", "ostrich"),
        ),
        ("bird",),
    ),
    **dict.fromkeys(("bear", "lion", "tiger", "leopard", "fox", "wolf", "panda"), ("cub",)),
    **dict.fromkeys(("ant", "bee", "beetle", "ladybird", "grasshopper", "cricket"), ("insect",)),
    **dict.fromkeys(("salmon", "trout", "goldfish", "carp", "herring", "minnow"), ("fish",)),
    **dict.fromkeys(("adder", "python", "cobra", "viper"), ("snake",)),
    **dict.fromkeys(("donkey", "mule", "ox", "camel"), ("beast",)),
}
"""Nouns for a species that others share."""
_YOUNG = frozenset(
    {
        *("puppy", "pup", "foal", "colt", "filly", "lamb", "fawn", "kitten", "chick", "piglet"),
        *("duckling", "gosling", "calf"),
    }
)
_TRADES = {"dr": "doctor", "prof": "professor", "captain": "captain", "lord": "lord"}
"""Nouns that titles mean."""


class Names:
    """The words that mean each character of a cast."""

    def __init__(self, cast: Sequence[Description]) -> None:
        self.cast = cast
        self._whole = {_words(one.name): place for place, one in enumerate(cast)}
        parts = [
            {
                word
                for word in _words(one.name)
                if word not in _NO_NAMES or len(_words(one.name)) < 2
            }
            for one in cast
        ]
        often = Counter(word for words in parts for word in words)
        self._parts = {
            word: place for place, words in enumerate(parts) for word in words if often[word] == 1
        }
        self._nouns = [(*named_nouns(one), *nouns_of(one)) for one in cast]
        self._firsts = {words[0] for words in self._whole if words}
        self._longest = max((len(words) for words in self._whole), default=0)

    def at(self, words: Sequence[str], start: int, *, shouted: bool) -> tuple[int, int] | None:
        """Returns the end of a name that starts at a word, and whom it means."""
        # The stop of a title is a word of its own: `Mrs`, `.`, `Bell`.
        first = _plain(words[start]) in self._firsts
        longest = min(start + self._longest + 1, len(words)) if first else start
        for end in range(longest, start, -1):
            phrase = words[start:end]
            if (not shouted and not _capital(phrase[0])) or not words[end - 1][0].isalnum():
                continue
            lower = tuple(_plain(word) for word in phrase if word != ".")
            if (place := self._whole.get(lower)) is not None and not self._asks(words, start, end):
                return end, place
        word = words[start]
        if not (shouted or _capital(word)) or self._asks(words, start, start + 1):
            return None
        if (titled := self._titled(words, start)) is not None:
            return titled
        found = self._parts.get(_plain(word))
        if found is None and not shouted:
            inside = start > 0 and words[start - 1][0].isalnum() and word[:1].isupper()
            found = self._pet(_plain(word), sure=inside)
        if found is None and _plain(word) in SAME and not shouted:
            found = self._kin(words, start)
        return None if found is None else (start + 1, found)

    def called(self, word: str) -> list[int]:
        """Returns the characters that a noun in its base form can mean, each alone or together."""
        return [place for place in range(len(self.cast)) if word in self._nouns[place]]

    def is_own(self, word: str, place: int) -> bool:
        """Returns whether a noun is a character's name or species, which few others share."""
        one = self.cast[place]
        species = one.species.strip().lower()
        return word in named_nouns(one) or (species not in _PEOPLE and word in nouns_of(one))

    def only(self, word: str) -> tuple[int, ...]:
        """Returns the only character whose name or species a noun is, if there is one."""
        able = [one for one in self.called(word) if self.is_own(word, one)]
        return (able[0],) if len(able) == 1 else ()

    def _titled(self, words: Sequence[str], start: int) -> tuple[int, int] | None:
        """Returns a name with a title that the cast gives without: `Miss Fairweather`."""
        if _plain(words[start]).strip(".") not in _TITLES:
            return None
        at = start + 1
        at += at < len(words) and words[at] == "."
        if at >= len(words) or not _capital(words[at]):
            return None
        found = self._parts.get(_plain(words[at]))
        return None if found is None else (at + 1, found)

    def _kin(self, words: Sequence[str], start: int) -> int | None:
        """Returns whom `Grandma` or `Mother` means where it stands as a name."""
        before = words[start - 1].lower() if start else ""
        following = words[start + 1] if start + 1 < len(words) else "."
        if before in {"a", "an", "the", "this"} or following[:1].isupper():
            return None
        return kin_of(_plain(words[start]), (), self.cast)

    def _pet(self, word: str, *, sure: bool) -> int | None:
        """Returns whom a short or pet form means: `Ben` and `Benny` for Benjamin.

        It is `sure` to be a name where its capital does not begin a sentence.
        """
        full = {self._parts[name] for name in PETS.get(word, ()) if name in self._parts}
        if len(full) == 1:
            return next(iter(full))
        other = bool(kinds_of(word) & {"VERB", "ADJ", "ADV"})
        if len(word) < 3 or (other and not sure) or word in SAME or word in _SMALL:
            return None
        stem = next((word.removesuffix(end) for end in _PET_ENDS if word.endswith(end)), word)
        stem = stem[:-1] if len(stem) > 3 and stem[-1] == stem[-2] else stem
        stem = stem if len(stem) > 2 else word
        near = [place for name, place in self._parts.items() if _near(name, stem)]
        return near[0] if len(set(near)) == 1 else None

    @staticmethod
    def _asks(words: Sequence[str], start: int, end: int) -> bool:
        """Returns whether `Will` or `May` opens a question instead of naming somebody."""
        if end - start > 1 or words[start].lower() not in {"will", "may"}:
            return False
        following = words[end].lower() if end < len(words) else ""
        return following in {"you", "he", "she", "it", "we", "they", "i", "the", "not"}


def nouns_of(one: Description) -> tuple[str, ...]:
    """Returns the nouns that can mean a character: its species, or `girl`, `man`."""
    species = one.species.strip().lower()
    if species not in _PEOPLE:
        words = species.replace("-", " ").split()
        grown = stage_of(one) in {ADULT, ELDER}
        near = [
            noun
            for noun, kind in _KINDS_OF.items()
            if kind == words[-1] and not (grown and noun in _YOUNG)
        ]
        near += [one for one in _WIDER.get(words[-1], ()) if not (grown and one == "cub")]
        other = [word for word in words[:-1] if word in nouns.ANIMALS]  # `dinosaur skeleton`
        return (species, words[-1], *other, *near) if len(words) > 1 else (species, *near)
    stage = stage_of(one)
    ages = [stage] if stage else [CHILD, ADULT]
    return tuple(noun for age in ages for noun in _NOUNS[age, one.gender])


def named_nouns(one: Description) -> tuple[str, ...]:
    """Returns the nouns that a character is named by: `queen`, `shoemaker`, `old woman`."""
    words = words_of_name(one.name)
    human = one.species.strip().lower() in _PEOPLE
    found = [SAME[word] for word in words if word in SAME]
    found += [_TRADES[words[0]]] if words[0] in _TRADES and len(words) > 1 else []
    found += list(_trades(one))
    if len(words) > 1 and words[0] in {"mr", "mrs", "ms", "miss", "dr"}:
        return tuple(found)
    ranked = _RANKS | (nouns.PEOPLE - _FIRST_NAMES if human else frozenset())
    found += [word for word in words[:-1] if word in ranked]
    last = words[-1].replace("-", "")
    grown = one.age is None or one.age >= 16 or last in _RANKS
    if human and grown and (last in nouns.PEOPLE or words[-1] in nouns.PEOPLE):
        found += [last, words[-1]]
    elif not human and (last in nouns.ANIMALS | nouns.PEOPLE):
        found.append(last)
    return tuple(dict.fromkeys(found))


def _trades(one: Description) -> Iterator[str]:
    """Yields the trades and ranks that a character has by its traits: `museum guard`."""
    for trait in one.traits:
        last = trait.lower().split()[-1:]
        if last and last[0] in nouns.PEOPLE - _VAGUE:
            yield last[0]


_VAGUE = frozenset(
    {*SAME, "friend", "child", "kid", "girl", "boy", "man", "woman", "person", "baby", "adult"}
)
"""Nouns for people that tell too little to name one of them."""
_SMALL = frozenset(
    {
        *("her", "his", "him", "she", "the", "they", "them", "their", "that", "this", "then"),
        *("there", "these", "those", "and", "but", "for", "not", "nor", "our", "you", "your"),
        *("what", "when", "where", "who", "why", "how", "with", "was", "were", "are", "has"),
        *("had", "all", "any", "one", "two", "its", "from", "into", "out", "off", "over"),
        *("now", "yes", "did", "does", "can", "could", "would", "here", "some", "such", "just"),
        *("mine", "ours", "may", "will", "must", "shall", "let", "once", "even", "ever", "never"),
    }
)
"""Words that are no short form of a name though they begin one: `Her`, of Heron."""
_FIRST_NAMES = frozenset(
    {"hunter", "angel", "sailor", "tanner", "carter", "mason", "page", "earl", "miller", "piper"}
    | {"lady", "sister", "brother", "young", "archer", "scout", "roman", "parker", "baker"}
    | {*SAME}
)
"""Nouns for people that are as often first names."""
_RANKS = frozenset(
    {
        *("king", "queen", "prince", "princess", "captain", "wizard", "witch", "baby", "emperor"),
        *("fairy", "knight", "sir", "emperor", "farmer", "baker", "doctor", "nurse", "sailor"),
        *("pirate", "giant", "girl", "boy", "child", "ghost", "elf", "gnome", "mermaid", "troll"),
    }
)
"""Nouns that are a rank or trade where they come first in a name."""


def _words(name: str) -> tuple[str, ...]:
    return tuple(_plain(word) for word in words_of(composed(name)) if word != ".")


def _plain(word: str) -> str:
    return word.lower().strip(".")


def _capital(word: str) -> bool:
    # Scripts without capitals have no other way to write a name.
    return not word[:1].islower()


def _near(name: str, stem: str) -> bool:
    return name != stem and (name.startswith(stem) or (stem.startswith(name) and len(name) > 2))
