"""Mends of tags: verbs, adjectives and adverbs that are nouns, and words that describe nouns."""

from collections.abc import Sequence

from actors.extractors.rules.english import kinds_of, lemma_of
from actors.extractors.rules.lexicon.actions import ACTIONS
from actors.extractors.rules.lexicon.hands import HANDHELD
from actors.extractors.rules.lexicon.hues import COLOURS
from actors.extractors.rules.lexicon.verbs import COMMON
from actors.extractors.rules.mends_words import PHRASE_STARTS, Mend

_DETERMINERS = frozenset({"DT", "PRP$", "POS"})
_PLACED_ON = frozenset({"on", "at", "in", "by", "under", "into", "with", "from", "of"})
_BE = frozenset(
    {
        *("is", "are", "am", "was", "were", "be", "been", "being", "felt", "looked", "seemed"),
        *("feels", "looks", "seems", "get", "gets", "got", "getting", "grew", "growing", "'s"),
        *("became", "become", "becoming"),
    }
)
_LEADING_UP = frozenset(
    {
        *("so", "very", "too", "quite", "rather", "as", "still", "not", "never", "really", "only"),
        *("a", "bit", "terribly", "all", "just", "most", "more", "ever", "always", "half"),
    }
)
_NOUNS = frozenset({"NN", "NNS"})


def _noun(words: Sequence[str], tags: list[str], at: int) -> str | None:
    """Mends a verb that stands where only a noun can: `a rose`, `her teddy bear`."""
    tag, word = tags[at], words[at]
    if not tag.startswith("VB") or at == 0:
        return None
    before = tags[at - 1]
    following = tags[at + 1] if at + 1 < len(tags) else "."
    if tag == "VBG" and before == "DT" and following in {"VBD", "VBZ", "IN"}:
        return "NN"
    if tag == "VBG" and before in {"POS", "PRP$"} and not following.isalpha():
        return "NN"  # `Through somebody's washing`.
    if "NOUN" not in kinds_of(word):
        return None
    if before == "TO" and tag == "VB" and following not in PHRASE_STARTS:
        return "NN" if word not in ACTIONS and word not in COMMON else None
    if before == "CD" and word.endswith("s") and words[at - 1] != "one":
        return "NNS"
    if tag == "VBZ" and _out_of_tense(words, tags, at):
        return "NNS"
    if (
        words[at - 1] in {"neither", "nor"}
        and tag == "VB"
        and not following.startswith(("DT", "PRP"))
    ):
        thing = words[at + 1 : at + 2] == ["nor"] or "neither" in words[max(0, at - 4) : at]
        return "NN" if thing and before != "MD" and "MD" not in tags[:at] else None
    if words[at - 1] == "teddy":
        return _number(word)
    if before == "CD" and tag in {"VB", "VBP"}:
        return "NN"
    if before == "IN" and tag in {"VB", "VBP"} and words[at - 1] in _PLACED_ON:
        return "NN" if following not in PHRASE_STARTS else None
    led = before in _DETERMINERS or (before in {"JJ", "CD"} and _led(tags, at - 1))
    led = led or (before == "PRP" and words[at - 1] == "her" and following in {".", ",", "IN"})
    if before == "NN" and tag in {"VB", "VBP"} and following in {"VBD", "MD"}:
        led = led or _is_led(tags, at - 1)  # `A silver watch hung`.
    if led and not (following in _NOUNS and tag in {"VBN", "VBG", "VBD"}):
        return _number(word)
    if tag == "VBZ" and before in {"JJ", "IN"} and following not in PHRASE_STARTS:
        return "NNS"
    return None


def _out_of_tense(words: Sequence[str], tags: list[str], at: int) -> bool:
    """Returns whether a word would be the only present tense in a sentence of the past."""
    if words[at] in {"is", "has", "does"} or tags[at - 1] in {"PRP", "NNP", "WP", "EX", "RB"}:
        return False
    return "VBD" in tags and tags.count("VBZ") == 1 and "VBP" not in tags


def _number(word: str) -> str:
    return "NNS" if word.endswith("s") and lemma_of(word, "NNS") != word else "NN"


def _led(tags: Sequence[str], at: int) -> bool:
    while at > 0 and tags[at] in {"JJ", "CD", "RB", ","}:
        at -= 1
    return tags[at] in _DETERMINERS or tags[at] == "IN"


def _alone(words: Sequence[str], tags: list[str], at: int) -> str | None:
    """Mends an adjective or adverb that stands for a thing: `at the top`, `on my back`."""
    if tags[at] not in {"JJ", "RB", "IN", "JJS"} or at == 0:
        return None
    before = tags[at - 1]
    if before == "DT" and words[at] in _PARTS and words[at + 1 : at + 2] == ["of"]:
        return "NN"
    if before in {"NN", "JJ"} and _ends_phrase(words, tags, at):
        return "NN"
    if tags[at] in {"IN", "JJS"} or "NOUN" not in kinds_of(words[at]):
        return None
    if before == "JJ" and at > 1:
        before = tags[at - 2] if words[at] not in _LOOKS else ""
    if before not in {"DT", "PRP$", "CD"} or words[at - 1] in {"all", "any", "no", "both"}:
        return None
    following = tags[at + 1] if at + 1 < len(tags) else "."
    if following == "," and tags[at + 2 : at + 3] == ["JJ"]:
        return None
    marks = following in {"IN", ".", ",", ";", "!", "?", "VBD", "VBZ", "MD", "CC", "TO", "RB"}
    if following == "CC" and at + 2 < len(tags) and tags[at + 2].startswith("JJ"):
        return None
    if words[at] in {"back", "front", "side"} and following in _NOUNS:
        return "JJ"
    return "NN" if marks else None


def _ends_phrase(words: Sequence[str], tags: list[str], at: int) -> bool:
    """Returns whether a word ends a phrase as its noun: `a tiny brass key,`, `a blue back and`."""
    following = tags[at + 1] if at + 1 < len(tags) else "."
    if following not in {",", ".", ";", "!", "?", "IN", "CC"} or not _is_led(tags, at - 1):
        return False
    hued = words[at] == "back" and words[at - 1] in COLOURS
    return hued or (words[at] in HANDHELD and tags[at] == "JJ")


def _is_led(tags: Sequence[str], at: int) -> bool:
    while at > 0 and tags[at] in {"JJ", "CD", "NN"}:
        at -= 1
    return tags[at] in _DETERMINERS


def _surname(words: Sequence[str], tags: list[str], at: int) -> str | None:
    """Mends a verb after a name that describes it: `a January sky`."""
    if at < 2 or not tags[at].startswith("VB") or "NOUN" not in kinds_of(words[at]):
        return None
    return _number(words[at]) if tags[at - 2 : at] == ["DT", "NNP"] else None


def _gerund(words: Sequence[str], tags: list[str], at: int) -> str | None:
    """Mends a gerund that is part of a thing's name: `her navy swimming cap`."""
    if words[at] == "can" and at > 1 and words[at - 1] == "watering":
        return "NN" if tags[at - 2] in _DESCRIBING else None
    can = words[at : at + 2] == ["watering", "can"]
    if at == 0 or not (can or (tags[at] == "VBG" and tags[at + 1 : at + 2] in (["NN"], ["NNS"]))):
        return None
    if words[at] not in _FOR_USE or words[at + 1] not in _USED:
        return None
    return "NN" if tags[at - 1] in _DESCRIBING else None


_DESCRIBING = frozenset({"DT", "PRP$", "JJ", "NN", "CD", "POS", "IN"})
_FOR_USE = frozenset(
    {
        *("swimming", "sleeping", "dressing", "fishing", "walking", "shopping", "rocking"),
        *("dining", "living", "sitting", "waiting", "washing", "knitting", "skipping", "rolling"),
        *("frying", "reading", "riding", "sewing", "writing", "drinking", "hiding", "sailing"),
        *("rowing", "climbing", "dancing", "baking", "bathing", "gardening", "racing", "hiking"),
        *("ironing", "watering", "weighing", "carving", "cooking", "flying", "building"),
    }
)
_USED = frozenset(
    {
        *("cap", "bag", "gown", "rod", "stick", "chair", "room", "pool", "table", "net", "line"),
        *("machine", "needle", "needles", "rope", "pin", "pan", "glass", "glasses", "boots"),
        *("trunks", "costume", "suit", "hat", "desk", "place", "shoes", "boat", "frame", "tray"),
        *("bowl", "trolley", "basket", "lamp", "board", "can", "scales", "pot", "knife", "gloves"),
        *("trip", "horse", "carpet", "saucer", "brick", "bricks", "blocks", "apron", "hole"),
    }
)
_PARTS = frozenset(
    {"top", "bottom", "back", "front", "middle", "inside", "outside", "far", "left", "right"}
)
_LOOKS = frozenset({"old", "good", "young", "white", "black", "red", "green", "blue", "brown"})


def _liked(words: Sequence[str], tags: list[str], at: int) -> str | None:
    """Mends a verb that stands where only what is liked can: `does not like lifts or boats`."""
    if tags[at] != "VBZ" or at < 2 or "NOUN" not in kinds_of(words[at]):
        return None
    if words[at - 1] in {"or", "nor"} and tags[at - 2] == "NNS":
        return "NNS"
    return "NNS" if tags[at - 1].startswith("VB") and words[at - 1] in _LIKING else None


_LIKING = frozenset(
    {
        *("like", "likes", "liked", "love", "loves", "loved", "hate", "hates", "hated", "want"),
        *("wants", "wanted", "fear", "fears", "feared", "mind", "sell", "sells", "sold", "need"),
        *("needs", "needed", "prefer", "prefers", "keep", "keeps", "eat", "eats"),
    }
)


def _described(words: Sequence[str], tags: list[str], at: int) -> str | None:
    """Mends a past tense that describes the noun after it: `her spotted socks`."""
    if tags[at] not in {"VBD", "VBN", "VB", "RB"} or at + 1 >= len(tags):
        return None
    word, before = words[at], tags[at - 1] if at else "."
    if tags[at] == "RB":
        led = before in {"DT", "PRP$"} and tags[at + 1] in _NOUNS
        return "JJ" if led and word in {"back", "inside", "outside", "far", "upstairs"} else None
    noun = tags[at + 1] in _NOUNS or (tags[at + 1] == "JJ" and tags[at + 2 : at + 3] == ["NN"])
    if word == "left" and before in {"DT", "PRP$"} and noun:
        return "JJ"
    if not noun or not word.endswith(("ed", "en", "wn", "ng", "nt")) or tags[at] == "VB":
        return None
    owner = at > 0 and words[at - 1] in {"her", "his", "the", "a", "an", "my", "two", "three"}
    return "VBN" if owner or before in {"DT", "PRP$", "CD", "JJ", "POS", "IN"} else None


def _linked(words: Sequence[str], tags: list[str], at: int) -> str | None:
    """Mends a verb that is said of somebody like an adjective: `was wet and cross`."""
    before = at - 1
    while before > 0 and words[before] in _LEADING_UP:
        before -= 1
    if tags[at] in {"VB", "VBP"} and words[before] in _BE and "ADJ" in kinds_of(words[at]):
        return "JJ"
    likened = words[at - 1] in {"as", "so", "too", "very", "quite", "rather"} if at else False
    if tags[at] in {"VB", "VBP"} and likened and "ADJ" in kinds_of(words[at]):
        return "JJ"
    if words[at] == "one" or tags[at + 1 : at + 2] in (["VBD"], ["VBZ"], ["MD"]):
        return None
    if tags[at] not in {"VB", "VBP", "NN"} or at < 2 or tags[at - 1] not in {"CC", ","}:
        return None
    return "JJ" if tags[at - 2] == "JJ" and "ADJ" in kinds_of(words[at]) else None


def _compound(words: Sequence[str], tags: list[str], at: int) -> str | None:
    """Mends a noun of two words that was taken for an adjective: `fir-tree`."""
    if words[at] in {"upside-down", "inside-out"}:
        return None
    if tags[at] != "JJ" or "-" not in words[at] or words[at].endswith(("ed", "ing")):
        return None
    last = words[at].rpartition("-")[2]
    kinds = kinds_of(last)
    if "NOUN" not in kinds or "ADJ" in kinds or tags[at + 1 : at + 2] in (["NN"], ["NNS"]):
        return None
    return _number(last)


def _only_describes(words: Sequence[str], tags: list[str], at: int) -> str | None:
    """Mends an adjective that was taken for a noun: `grumpy`."""
    return "JJ" if tags[at] == "NN" and kinds_of(words[at]) == {"ADJ"} else None


MENDS: tuple[Mend, ...] = (
    _surname,
    _gerund,
    _only_describes,
    _compound,
    _described,
    _liked,
    _noun,
    _alone,
    _linked,
)
"""The mends of nouns and what describes them."""
