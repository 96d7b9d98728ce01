"""Senses: which of its meanings a homonym has, by the words around it."""

from collections.abc import Sequence
from itertools import pairwise

from actors.extractors.rules.lexicon.homonyms import HOMONYMS, Cue, Sense

_STARTS = frozenset({"DT", "PRP$", "POS", "CD"})
_WITHIN = frozenset({"JJ", "JJR", "JJS", "NN", "NNS", "VBN", "VBG"})


def sense_of(
    words: Sequence[str], tags: Sequence[str], lemmas: Sequence[str], at: int
) -> Sense | None:
    """Returns the sense of the noun at a place; None where the lexicon's only one will do.

    `words` are those of its sentence in lower case; the first cue that fits decides.
    """
    cues = HOMONYMS.get(lemmas[at])
    if cues is None or tags[at] not in {"NN", "NNS"}:
        return None
    if at + 1 < len(tags) and tags[at + 1] in {"NN", "NNS"}:
        return None  # `A light bulb`, `the chest pocket`.
    start = _start_of(tags, at)
    before = {*words[start:at], *(tags[one] for one in range(start, at) if tags[one] in _STARTS)}
    led = words[start - 1] if start else ""
    after = words[at + 1] if at + 1 < len(words) else ""
    pairs = (f"{one} {other}" for one, other in pairwise(lemmas))
    # The noun itself is no cue; a pair that it is in may be: `light on .`
    near = {*lemmas[:at], *lemmas[at + 1 :], *pairs}
    plural = tags[at] == "NNS"
    for cue in cues:
        if _fits(cue, before, led, after, near) and cue.plural in {None, plural}:
            return None if cue.sense is Sense.USUAL else cue.sense
    return None


def _start_of(tags: Sequence[str], at: int) -> int:
    """Returns where the phrase of a noun begins, with its article or owner."""
    while at > 0 and tags[at - 1] in _WITHIN:
        at -= 1
    return at - 1 if at > 0 and tags[at - 1] in _STARTS else at


def _fits(cue: Cue, before: set[str], led: str, after: str, near: set[str]) -> bool:
    """Returns whether all that a cue asks for is there, and nothing that it rules out."""
    if cue.bare and before:
        return False
    if (cue.led and led not in cue.led) or (cue.after and after not in cue.after):
        return False
    if (cue.before and not cue.before & before) or (cue.near and not cue.near & near):
        return False
    return not cue.but & (near | before)
