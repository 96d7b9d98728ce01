"""Mends of tags: words that have one tag in stories, or one beside certain others."""

from collections.abc import Callable, Sequence

from actors.extractors.rules.english import kinds_of
from actors.extractors.rules.lexicon.hues import LIKENED

Mend = Callable[[Sequence[str], list[str], int], str | None]
"""Returns a better tag of the word at a place, if there is one."""

PHRASE_STARTS = frozenset({"DT", "PRP$", "NNP", "CD"})
"""The tags that a noun phrase begins with for certain."""

_CLAUSE_MARKS = frozenset(
    {".", ",", ";", ":", "!", "?", "\u2026", "...", "\u2014", "\u201d", "(", ")"}
)
_COLOURS = frozenset(
    {
        *("red", "blue", "green", "yellow", "purple", "orange", "white", "black", "pink", "brown"),
        *("grey", "gray", "gold", "golden", "silver", "violet", "turquoise", "scarlet", "crimson"),
    }
)
_PATTERNS = frozenset(
    {"striped", "spotted", "checked", "dotted", "speckled", "patterned", "flowery", "stripy"}
)
_DAYS = frozenset(
    {
        *("day", "night", "morning", "evening", "afternoon", "year", "winter", "summer", "autumn"),
        *("spring", "week", "moment", "time", "same", "very"),
    }
)
_COLOURED = _COLOURS | _PATTERNS | {"coloured", "colored"}
_FIXED = {
    **dict.fromkeys(("not", "never", "no longer"), "RB"),
    **dict.fromkeys(("no", "every", "each", "all", "some", "any", "both", "another"), "DT"),
    **dict.fromkeys(("neither", "nor"), "CC"),
    **dict.fromkeys(("nobody", "nothing", "none", "everyone", "everybody", "someone"), "PRP"),
    **dict.fromkeys(("somebody", "anyone", "anybody", "everything", "something"), "PRP"),
    **dict.fromkeys(("off", "onto", "into", "beside", "beneath", "underneath", "towards"), "IN"),
    **dict.fromkeys(("atop", "under", "over", "through", "without", "like", "until", "till"), "IN"),
    **dict.fromkeys(("who", "whom"), "WP"),
    **dict.fromkeys(("which",), "WDT"),
    **dict.fromkeys(("when", "where", "why", "how", "whenever", "wherever"), "WRB"),
    **dict.fromkeys(("whilst", "while"), "IN"),
    **dict.fromkeys(("his", "their", "our", "my", "your", "its"), "PRP$"),
    **dict.fromkeys(("leapt", "crept", "knelt", "slept", "leant", "dreamt", "learnt"), "VBD"),
    **dict.fromkeys(("burnt", "spilt", "spelt", "wept", "swept", "clung", "flung", "hung"), "VBD"),
    **dict.fromkeys(
        ("asleep", "awake", "alone", "bald", "barefoot", "upside-down", "inside-out"), "JJ"
    ),
    **dict.fromkeys(("one-by-one", "two-by-two", "side-by-side", "hand-in-hand"), "RB"),
    **dict.fromkeys(("arm-in-arm", "up-and-down", "to-and-fro", "round-and-round"), "RB"),
    **dict.fromkeys(("back-and-forth", "again-and-again", "step-by-step"), "RB"),
    **dict.fromkeys(("upstairs", "downstairs", "indoors", "outdoors", "nearby"), "RB"),
    **dict.fromkeys(("mum", "dad", "mom", "gran", "nan", "nana", "granny", "grandad"), "NN"),
    **dict.fromkeys(("grandma", "grandpa", "mummy", "daddy"), "NN"),
    "'s": "POS",
}
_QUANTITIES = frozenset({"neither", "none", "all", "both", "each", "some", "many", "most", "one"})


def _mark(words: Sequence[str], tags: list[str], at: int) -> str | None:
    if words[at] in _CLAUSE_MARKS:
        return words[at]
    return "NN" if tags[at] == "FW" else None


def _fixed(words: Sequence[str], tags: list[str], at: int) -> str | None:
    word = words[at]
    before = words[at - 1] if at else ""
    following = words[at + 1] if at + 1 < len(words) else ""
    if word == "like" and before in {"not", "did", "would", "i", "they", "we", "you"}:
        return "VB"
    if word == "'s" and at and _is_at(words, tags, at):
        return "VBZ"
    if word in _QUANTITIES and following == "of":
        return "PRP"
    if word == "home" and (at == 0 or tags[at - 1] not in _BEFORE_NOUNS):
        return "RB"
    if word == "that" and (not following[:1].isalpha() or following in {"before", "again"}):
        return "PRP"
    if word in {"this", "these", "those", "that"} and at + 1 < len(tags):
        opens = at == 0 or tags[at - 1] in {"CC", ";", ",", "\u201d"}
        if opens and tags[at + 1] in {"VBZ", "VBD", "VBP", "MD"} and following not in _LIKE_NOUNS:
            return "PRP"
    if word == "that" and (following in _DAYS or (at and tags[at - 1] == "IN")):
        return "DT"
    if tags[at] == "MD" and at and tags[at - 1] in {"DT", "PRP$", "JJ"}:
        return "NN"
    if word == "round" and tags[at] in {"NN", "JJ"} and at and tags[at - 1].startswith("VB"):
        return "RB"  # `Looked round`.
    if word == "today" and at and tags[at - 1].startswith("NN"):
        return "RB"
    if word == "close" and following in {"to", "by", "behind", "beside"}:
        return "RB"
    if tags[at] == "NNP" and _FIXED.get(word) == "NN":
        return None
    if word == "mine":
        led = at > 0 and tags[at - 1] in {"DT", "JJ", "PRP$", "POS", "NN", "IN", "CD"}
        return None if led and before != "than" else "PRP"
    if word == "nowhere" and before in {"for", "to", "from"}:
        return "NN"
    if word in _SEVERAL and before in {"the", "other", "these", "those"}:
        counted = at + 1 < len(tags) and tags[at + 1] in _COUNTED
        return None if counted else "NNS"
    if word in {"such", "half", "quite", "rather"} and following in {"a", "an", "the"}:
        return "PDT"
    if word == "another" and (at + 1 >= len(tags) or tags[at + 1] not in _COUNTED):
        return "NN"
    if word == "one":
        verb = at + 1 < len(tags) and following.endswith("s") and "VERB" in kinds_of(following)
        if before == "as" and verb and tags[at + 1] in {"NNS", "VBZ"}:
            return "PRP"  # `As one walks into a palace`.
        return _one(tags, at)
    if word == "as" and at + 1 < len(words) and tags[at + 1] in {"JJ", "RB"}:
        return "RB" if "as" in words[at + 2 : at + 7] else None
    return _FIXED.get(word)


_LIKE_NOUNS = frozenset({"left", "saw", "rose", "felt", "bit", "lay", "wound", "ground"})
_SEVERAL = frozenset({"two", "three", "four", "five", "six", "seven"})
_COUNTED = frozenset({"NN", "NNS", "JJ", "JJR", "JJS", "CD", "VBN", "NNP", "VB", "VBP", "NNPS"})


def _one(tags: list[str], at: int) -> str | None:
    """Tells `a green one` and `one of them` from `one boot`."""
    following = tags[at + 1] if at + 1 < len(tags) else "."
    if at and tags[at - 1] in {"JJ", "DT", "PRP$", "VBN"}:
        return "NN"
    return "CD" if following in _COUNTED else "NN"


def _colour(words: Sequence[str], tags: list[str], at: int) -> str | None:
    word = words[at]
    if "-" in word and word.rpartition("-")[2] in _COLOURED and tags[at] != "JJ":
        return "JJ"
    after = tags[at + 1] if at + 1 < len(tags) else "."
    if word in _PATTERNS and after not in _BEGINNING and at and words[at - 1] in _SO:
        return "JJ"  # `They were not spotted.`
    following = words[at + 1] if at + 1 < len(words) else ""
    if word in LIKENED and following in _COLOURS and at and words[at - 1] not in _ARTICLES:
        return "JJ"
    if word in _COLOURS and tags[at] == "NN" and at and tags[at - 1] == "RB":
        return "JJ"  # `Meadows still silver with dew`.
    if not _before_noun(tags, at):
        named = word in _COLOURS and at > 1 and words[at - 1] in LIKENED and tags[at - 2] == "IN"
        return "NN" if named else None  # `A turban of peacock blue`.
    if word in _PATTERNS or (word in _COLOURS and tags[at] in {"NN", "VB", "NNP", "VBD"}):
        return "JJ"
    return None


_SO = frozenset({"not", "was", "were", "is", "are", "be", "and", "or", "nor", "all", "neither"})
_BEGINNING = PHRASE_STARTS | {"PRP"}
_ARTICLES = frozenset({"the", "a", "an", "this", "that", "of"})


def _before_noun(tags: list[str], at: int) -> bool:
    return at + 1 < len(tags) and tags[at + 1] in {"NN", "NNS", "JJ", "CC"}


_BEFORE_NOUNS = frozenset({"DT", "PRP$", "JJ", "POS", "IN", "TO", "CD"})
_PLACING = frozenset(
    {
        *("down", "up", "along", "across", "past", "round", "around", "over", "through", "inside"),
        *("outside", "near", "above", "below", "off", "by", "beyond", "behind", "against", "in"),
        *("on", "about", "opposite", "aboard"),
    }
)
_PLACED = frozenset(
    {*("the", "a", "an", "his", "her", "him", "them", "me", "us", "it", "its", "that", "this")}
)


def _preposition(words: Sequence[str], tags: list[str], at: int) -> str | None:
    """Mends an adverb or adjective before a phrase that it places: `down the lane`."""
    if words[at] not in _PLACING or at + 1 >= len(tags):
        return None
    starts = tags[at + 1] in PHRASE_STARTS or words[at + 1] in _PLACED
    return "IN" if starts and (at == 0 or tags[at - 1] not in {"DT", "PRP$"}) else None


def _opening(words: Sequence[str], tags: list[str], at: int) -> str | None:
    """Mends a participle in front that describes: `tired and hungry, the bear lay down`."""
    if tags[at] not in {"VBN", "VBD"} or "ADJ" not in kinds_of(words[at]):
        return None
    if at > 0:
        aside = tags[at - 1] == "," and tags[at + 1 : at + 3] == ["CC", "JJ"]
        return "JJ" if aside else None
    return "JJ" if len(tags) > 1 and tags[1] in {"CC", ","} else None


_ANYBODY = frozenset({"everybody", "everyone", "somebody", "someone", "nobody", "anybody"})


def _is_at(words: Sequence[str], tags: list[str], at: int) -> bool:
    """Returns whether `'s` is `is`: after a pronoun, or before what no owned thing begins with."""
    if words[at - 1] in _ANYBODY and tags[at + 1 : at + 2] in (["NN"], ["NNS"]):
        return False  # `Everybody's mother`.
    if tags[at - 1] in {"PRP", "WP", "EX", "WRB"} or words[at - 1] in {"there", "that", "here"}:
        return True
    following = tags[at + 1] if at + 1 < len(tags) else "."
    return following in {"DT", "VBG", "IN", "PRP", "PRP$"}


def _pronoun(words: Sequence[str], tags: list[str], at: int) -> str | None:
    """Tells `her` before a noun from `her` alone, and `there` that is told of from a place."""
    following = tags[at + 1] if at + 1 < len(tags) else "."
    if words[at] == "her":
        owns = following.startswith(("NN", "JJ", "CD", "VBN", "VBG"))
        return "PRP$" if owns and following != "NNP" else "PRP"
    if words[at] == "there" and tags[at] == "EX":
        return None if following.startswith(("VB", "MD", "RB")) else "RB"
    if words[at] in {"i", "he", "she", "they", "we", "it", "him", "them", "me", "us", "you"}:
        return "PRP"
    return None


_FINITE = frozenset({"VBD", "VBZ", "VBP", "MD"})


def _together(words: Sequence[str], tags: list[str], at: int) -> str | None:
    """Mends what tells that several do it: `they both ran`, `both ran`, `three of them ran`."""
    before = words[at - 1] if at else ""
    if words[at] in {"both", "all", "each"} and before in {"they", "we"}:
        return "RB"
    them = words[at + 1 : at + 3] == ["of", "them"]
    end = at + 3 if them else at + 1
    if end >= len(tags) or tags[end] not in _FINITE:
        return None
    if words[at] == "both" and (at == 0 or tags[at - 1] in {"CC", ",", ";"}):
        return "NNS" if not them else None
    return "NNS" if words[at] in _SEVERAL and (them or before == "all") else None


MENDS: tuple[Mend, ...] = (_mark, _fixed, _colour, _preposition)
"""The mends that come before all others."""
LAST: tuple[Mend, ...] = (_opening, _pronoun, _together)
"""The mends that come after all others."""
