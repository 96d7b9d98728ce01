"""Mends of tags: nouns and adjectives that are verbs, and the forms of verbs."""

from collections.abc import Sequence

from actors.extractors.rules.english import kinds_of, lemma_of
from actors.extractors.rules.lexicon.actions import ACTIONS
from actors.extractors.rules.lexicon.nouns import BODY
from actors.extractors.rules.lexicon.poses import POSES
from actors.extractors.rules.lexicon.verbs import COMMON, SAYING
from actors.extractors.rules.mends_words import Mend

_BE = frozenset({"is", "are", "am", "was", "were", "be", "been", "being", "kept", "started"})
_HAVE = frozenset({"have", "has", "had", "having"})
_LINKING = frozenset({"feel", "look", "get", "grow", "become", "be", "seem", "keep"})
_SUBJECTS = frozenset({"NN", "NNS", "NNP", "PRP", "WP", "WDT", "EX"})
_SAME = frozenset({"put", "cut", "let", "set", "shut", "hit", "spread", "burst", "hurt"})
_MADE = frozenset(
    {"made", "carved", "woven", "knitted", "filled", "covered", "painted", "built", "cut", "tied"}
    | {"wrapped", "drawn", "written", "lined", "stuffed", "trimmed", "decorated", "printed"}
)
_PASTS = frozenset(
    {"shot", "bit", "wound", "burst", "split", "spread", "thrust", "slunk", "stank", "padded"}
    | {"beat", "shed", "cast", "spat", "slid", "hit", "cut", "put", "set", "shut", "lit"}
)
"""Past tenses that the tagger takes for nouns, adjectives or base forms."""
_ALSO_LOOKS = frozenset(
    {"open", "clean", "warm", "dry", "lower", "slow", "calm", "cool", "clear", "live", "light"}
)
_FALLING = frozenset({"rain", "snow", "drizzle", "hail", "pour"})
_FRONTED = frozenset({"in", "out", "up", "down", "off", "away", "along", "on", "over", "round"})
_LETTING = frozenset({"let", "make", "help", "see", "watch", "hear", "feel", "lets"})


def _verb(words: Sequence[str], tags: list[str], at: int) -> str | None:
    """Mends a noun or adjective that stands where only a verb can: `was baking`, `Mia waves`."""
    tag, word = tags[at], words[at]
    if at == 0 or "VERB" not in kinds_of(word.rpartition("-")[2]):
        return None
    before = tags[at - 1]
    following = tags[at + 1] if at + 1 < len(tags) else "."
    if "-" in word:
        return "VBG" if word.endswith("ing") and following in {"DT", "PRP$"} else None
    if word.endswith("ing") and tag in {"NN", "JJ"} and lemma_of(word, "VBG") != word:
        return "VBG" if _goes_on(words, tags, at) else None
    if tag in {"NN", "NNS", "JJ"} and _asks_base(words, tags, at):
        return "VB"
    if tag == "NNS" and before == "NN" and _after_single(words, tags, at):
        return "VBZ"
    if tag == "NNS" and _is_done_by_body(words, tags, at):
        return "VBZ"
    if tag == "NNS" and before == "CC" and _joins_verb(words, tags, at):
        return "VBZ"
    if tag == "NNS" and following in {"DT", "PRP$"} and before in {"NN", "NNP", ",", "RB"}:
        known = lemma_of(word, "VBZ") in ACTIONS
        if known or before == "," or _has_verb(tags, at):
            return "VBZ" if known else None
    if tag in {"NN", "NNS", "JJ", "VB", "VBP"} and _follows_subject(words, tags, at):
        if word in _SAME and words[at - 1] in {"he", "she", "it"}:
            return "VBD"
        return "VB" if _is_let(words, tags, at) else _finite(word)
    if tag == "NN" and before == "NNS" and _is_done_by_several(words, tags, at):
        return "VBP"
    if tag == "NNS" and before == "," and following == "JJ" and not _has_past(tags):
        return "VBZ" if lemma_of(word, "VBZ") in _LINKING | {"turn"} else None
    if tag == "NN" and before == "NN" and following in {"IN", "RP", "TO"}:
        # `The red bus wound up the road`.
        past = lemma_of(word, "VBD") != word and not word.endswith("ed")
        return "VBD" if (past or word in _SAME) and not _has_verb(tags, at) else None
    plain = before in {"NN", "NNS"} and following in {"DT", "PRP$", "IN", "TO", "PRP"}
    if tag == "NNS" and plain and not _has_verb(tags, at):
        return _finite(word)
    if tag in {"VB", "VBP"} and _is_past_form(word):
        return "VBD"
    if tag == "JJ" and before in {"NN", "NNS"} and word.endswith("ed") and _is_past_form(word):
        # `The path forked.`
        ends = not following.startswith(("NN", "JJ")) and not _has_verb(tags, at)
        return "VBD" if ends and words[at - 1] not in _BE else None
    return None


def _is_done_by_several(words: Sequence[str], tags: list[str], at: int) -> bool:
    """Returns whether a noun after a plural is its verb: `the children slide down the hill`."""
    following = tags[at + 1] if at + 1 < len(tags) else "."
    ends = following in {"IN", "RP", "TO", "RB", "DT", "PRP$", ".", ",", "CC", "!", "?"}
    known = words[at] in ACTIONS and words[at - 1] not in _ATTRIBUTIVE
    return known and ends and not _has_past(tags)


def _after_single(words: Sequence[str], tags: list[str], at: int) -> bool:
    """Returns whether a word comes after one single thing, and so is its verb: `a tear rolls`."""
    if words[at - 1] in {"dozen", "hundred", "thousand", "million", "couple", "pair", "few"}:
        return False
    start = at - 1
    while start > 0 and tags[start] in {"NN", "JJ"}:
        start -= 1
    return words[start] in {"a", "an"} and not _has_past(tags)


def _has_past(tags: Sequence[str]) -> bool:
    return "VBD" in tags


_ATTRIBUTIVE = frozenset(
    {"sports", "clothes", "goods", "arms", "customs", "sales", "glasses", "news", "woods"}
)
"""Plurals that describe a noun: `sports day`."""


def _goes_on(words: Sequence[str], tags: list[str], at: int) -> bool:
    """Returns whether a word in `-ing` is a verb: `was baking`, `sat at a window sewing`."""
    before = tags[at - 1]
    following = tags[at + 1] if at + 1 < len(tags) else "."
    lead = at - 1
    while lead > 0 and tags[lead] == "RB":
        lead -= 1
    if words[lead] in _BE or before in {",", "."} or _has_phase(words, tags, lead, following):
        return True
    if following == "JJ" and before not in {"DT", "PRP$"}:
        return lemma_of(words[at], "VBG") in _LINKING
    if before == "NN" and following in {",", ".", "CC"} and tags[at - 2] in {"DT", "PRP$"}:
        return lemma_of(words[at], "VBG") in ACTIONS
    subject = before in {"NN", "NNS", "NNP", "PRP"}
    return subject and following in {"DT", "PRP$", "IN", "TO", "RB"}


def _has_phase(words: Sequence[str], tags: list[str], lead: int, following: str) -> bool:
    """Returns whether a verb tells the phase of what follows: `kept on rowing`, `gave up doing`."""
    if following.startswith("NN"):
        return False  # `Stopped dancing bears`.
    if words[lead] in {"on", "up"}:
        return lead > 0 and lemma_of(words[lead - 1], "VBD") in _PHASES_ON
    return tags[lead].startswith("VB") and lemma_of(words[lead], tags[lead]) in _PHASES


_PHASES = frozenset({"stop", "keep", "begin", "start", "continue", "cease", "quit", "finish"})
_PHASES_ON = frozenset({"keep", "go", "carry", "give"})


def _is_past_form(word: str) -> bool:
    """Returns whether a word is only a past tense: `unwound`, `bit`, and no base form."""
    if word.endswith("ed"):
        return lemma_of(word, "VBD") != word
    return word not in _BE and not word.endswith("s") and lemma_of(word, "VBP") != word


def _follows_subject(words: Sequence[str], tags: list[str], at: int) -> bool:
    word, before = words[at], tags[at - 1]
    if before not in {"NNP", "PRP", "WP", "EX"} or words[at - 1] in {"her", "it's"}:
        return False
    if tags[at] != "JJ":
        return True
    first = words[at - 1] in {"i", "we", "they", "you"}
    return word.endswith("ed") or (first and word in ACTIONS and word not in _ALSO_LOOKS)


def _asks_base(words: Sequence[str], tags: list[str], at: int) -> bool:
    """Returns whether a verb in its base form must follow: after `to`, `can`, `did not`."""
    before = at - 1
    while before > 0 and tags[before] == "RB":
        before -= 1
    following = tags[at + 1] if at + 1 < len(tags) else "."
    if words[before] in {"do", "does", "did"}:
        return before < at - 1 or tags[at] == "JJ"
    if tags[before] == "TO" and before == at - 1:
        known = words[at] in ACTIONS or words[at] in COMMON or words[at] in _FALLING
        return known and following not in {"NN", "NNS", "VBD", "VBZ"}
    return tags[before] == "MD"


def _is_done_by_body(words: Sequence[str], tags: list[str], at: int) -> bool:
    """Returns whether a part of somebody does something: `her hair stands up`, but no knee pads."""
    if words[at - 1] not in BODY or lemma_of(words[at], "VBZ") not in ACTIONS | POSES:
        return False
    if at < 2 or tags[at - 2] not in {"DT", "PRP$", "POS"}:
        return False
    following = tags[at + 1] if at + 1 < len(tags) else "."
    start = max((one for one in range(at) if words[one] in _OPENING), default=-1) + 1
    done = any(one in {"VBD", "VBZ", "VBP", "VB", "MD"} for one in tags[start : at - 1])
    return not (done or following in {"VBD", "VBZ", "VBP", "MD", "CC"})


_OPENING = frozenset({"when", "while", "as", "because", "if", "that", "so", "until", "but", ";"})
"""Words after which a clause of its own begins."""


def _joins_verb(words: Sequence[str], tags: list[str], at: int) -> bool:
    """Returns whether a noun after `and` is a second verb: `Mia waves and smiles`."""
    following = tags[at + 1] if at + 1 < len(tags) else "."
    if lemma_of(words[at], "VBZ") not in ACTIONS or following in {"VBZ", "VBP", "NN", "NNS"}:
        return False
    return "VBZ" in tags[: at - 1]


def _base(words: Sequence[str], tags: list[str], at: int) -> str | None:
    """Mends a base form that is a present or past tense: `poppies grow`, `the fox put`."""
    if tags[at] != "VB" or at == 0:
        return None
    before = at - 1
    while before > 0 and tags[before] == "RB":
        before -= 1
    if words[before] in _BE and words[at] in _SAME:
        return "VBN"
    if tags[before] == "CC" and words[at] in _SAME and "VBD" in tags[:before]:
        return "VBD"
    if tags[before] not in _SUBJECTS or _is_let(words, tags, at):
        return None
    if words[at] in _SAME:
        return "VBD"
    return _finite(words[at])


def _is_let(words: Sequence[str], tags: list[str], at: int) -> bool:
    """Returns whether a verb before lets a base form follow: `watched Mia dig`."""
    return any(
        tag in {"MD", "TO"} or lemma_of(word, "VBD") in _LETTING or word in {"do", "does", "did"}
        for word, tag in zip(words[max(0, at - 7) : at], tags[max(0, at - 7) : at], strict=True)
    )


def _perfect(words: Sequence[str], tags: list[str], at: int) -> str | None:
    """Mends the form after `have`, and `'d` that stands for `would`: `has come`, `I'd like`."""
    if at == 0 or tags[at] not in {"VB", "VBP", "VBD", "NN"}:
        return None
    before = at - 1
    while before > 0 and tags[before] == "RB":
        before -= 1
    if words[at - 1] in _BE and words[at] in _SAME and tags[at] in {"NN", "VB"}:
        return "VBN"  # `Was spread over her head`.
    if words[before] not in _HAVE or "VERB" not in kinds_of(words[at]):
        return None
    if tags[at] == "NN":
        known = words[at] in _SAME or words[at].endswith("t")
        return "VBN" if known and before < at - 1 else None
    return "VBN"


def _past(words: Sequence[str], tags: list[str], at: int) -> str | None:
    """Tells a past tense from a participle: `Rose held a rose`, but `a rose held by Mia`."""
    if tags[at] != "VBN" or at == 0:
        return None
    before = at - 1
    while before > 0 and tags[before] == "RB":
        before -= 1
    if tags[before] == "\u201d" and lemma_of(words[at], "VBD") in SAYING:
        return "VBD"
    following = words[at + 1] if at + 1 < len(words) else "."
    if at == 1 and words[0] in _FRONTED and tags[2:3] in (["DT"], ["NNP"], ["PRP$"], ["CD"]):
        return "VBD"  # `In stamped a postman`.
    if tags[before] == "," and tags[at + 1 : at + 2] in (["DT"], ["NNP"], ["PRP$"], ["PRP"]):
        return "VBD"
    if tags[before] not in _SUBJECTS:
        return None
    if following in {"by", "with", "in"} and tags[before] in {"NN", "NNS"}:
        return None
    return "VBD" if lemma_of(words[at], "VBD") != words[at] or words[at] in _SAME else None


def _series(words: Sequence[str], tags: list[str], at: int) -> str | None:
    """Mends a past tense in a row of verbs: `looked up, spun round and ran`, `and shot off`."""
    if at == 0 or tags[at] not in {"NN", "JJ", "VB", "VBP", "VBN"}:
        return None
    following = tags[at + 1] if at + 1 < len(tags) else "."
    if following in {"NN", "NNS"}:
        return None
    if tags[at] == "VBN":
        return "VBD" if tags[at - 1] == "," and _goes_on_in_row(words, tags, at) else None
    if words[at] not in _PASTS:
        return None
    if tags[at - 1] in {"CC", ","}:
        return "VBD" if _follows_past(words, tags, at) else None
    start = at - 1
    while start >= 0 and tags[start].startswith(("NN", "JJ", "DT", "PRP", "CD")):
        start -= 1
    bare = start < 0 or not (tags[start] in {"IN", "TO", "POS"} or tags[start].startswith("VB"))
    done = following in {"DT", "PRP$", "IN", "TO", "PRP", "CD", "RB", "."}
    return "VBD" if tags[at - 1] in _SUBJECTS and bare and done else None


def _made(words: Sequence[str], tags: list[str], at: int) -> str | None:
    """Mends a past tense that tells how a thing is made: `had a sword made of cardboard`."""
    if at < 2 or tags[at] != "VBD" or tags[at - 1] not in {"NN", "NNS"} or words[at] not in _MADE:
        return None
    following = words[at + 1] if at + 1 < len(words) else "."
    led = following in {"of", "from", "with", "in", "by", "out", "up", "round", "together"}
    start = max((place for place in range(at) if not tags[place].isalpha()), default=-1)
    verb = any(tag in {"VBD", "VBZ", "VBP"} for tag in tags[start + 1 : at])
    return "VBN" if led and verb else None


def _follows_past(words: Sequence[str], tags: Sequence[str], at: int) -> bool:
    """Returns whether the last verb before a place is a past tense by itself."""
    verbs = [place for place in range(at) if tags[place].startswith("VB")]
    return bool(verbs) and tags[verbs[-1]] == "VBD" and words[verbs[-1]] not in _BE | _HAVE


def _goes_on_in_row(words: Sequence[str], tags: Sequence[str], at: int) -> bool:
    if not _follows_past(words, tags, at):
        return False
    for place in range(at + 1, min(at + 9, len(tags) - 1)):
        if tags[place] == "CC":
            later = tags[place + 1 : place + 3]
            past = later[0] in {"VBD", "VBN"} or words[place + 1] in _PASTS
            return past or later == ["RB", "VBD"]
    return False


def _finite(word: str) -> str:
    if _is_past_form(word):
        return "VBD"
    return "VBZ" if word.endswith("s") else "VBP"


def _has_verb(tags: Sequence[str], at: int) -> bool:
    return any(tag.startswith("VB") for place, tag in enumerate(tags) if place != at)


def _had_better(words: Sequence[str], tags: list[str], at: int) -> str | None:
    """Mends what ought to be done: `they had better hop in`."""
    if words[at] in {"had", "'d"} and list(words[at + 1 : at + 2]) == ["better"]:
        follows = list(words[at + 2 : at + 3])
        return "MD" if follows and "VERB" in kinds_of(follows[0]) else None
    if words[at] == "better" and at and tags[at - 1] == "MD":
        return "RB"
    led = at > 1 and words[at - 1] == "better" and tags[at - 2] == "MD"
    return "VB" if led and "VERB" in kinds_of(words[at]) else None


def _state(words: Sequence[str], tags: list[str], at: int) -> str | None:
    """Mends a participle that says how somebody looks: `looked tired`, `felt frightened`."""
    if tags[at] not in {"VBN", "VBD"} or not at or not words[at].endswith("ed"):
        return None
    links = tags[at - 1].startswith("VB") and lemma_of(words[at - 1], tags[at - 1]) in _LOOKS
    return "JJ" if links else None


_LOOKS = frozenset({"look", "seem", "feel", "appear"})


def _infinitive(words: Sequence[str], tags: list[str], at: int) -> str | None:
    """Mends a base form that is also a past tense: `going to hit it`."""
    led = at > 0 and tags[at - 1] == "TO"
    return "VB" if led and tags[at] == "VBD" and words[at] in _SAME else None


MENDS: tuple[Mend, ...] = (
    _verb,
    _base,
    _infinitive,
    _past,
    _perfect,
    _series,
    _made,
    _state,
    _had_better,
)
"""The mends of verbs."""
