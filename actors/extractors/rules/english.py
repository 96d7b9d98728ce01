"""English words: their parts of speech and base forms; only this module imports the libraries.

Parts of speech are those of the Penn Treebank (`NN`, `VBD`, `JJ`).
"""

import warnings
from collections.abc import Sequence
from functools import cache, lru_cache
from threading import Lock

import lemminflect
from textblob.taggers import PatternTagger

# Pages are read in threads, and two that load at once undo each other's filter of warnings.
_LOADING = Lock()
_KINDS = {"N": "NOUN", "V": "VERB", "J": "ADJ", "R": "ADV", "M": "VERB"}
_NOUNS = {"leaves": "leaf", "wellies": "welly"}
_BASES = {
    # Forms that the dictionary gives another word first.
    "lay": "lie",
    "rose": "rise",
    "left": "leave",
    "saw": "see",
    "found": "find",
    "fell": "fall",
    "felt": "feel",
    "wound": "wind",
    "bore": "bear",
    "ground": "grind",
    "bound": "bind",
}


def tags_of(words: Sequence[str]) -> list[str]:
    """Returns the tag of each word of a sentence."""
    if not words:
        return []
    with _LOADING:
        tagger = _tagger()
    tagged = tagger.tag(" ".join(words), tokenize=False)
    return [tag for _, tag in tagged]


@cache
def _tagger() -> PatternTagger:
    tagger = PatternTagger()
    with warnings.catch_warnings():
        # Its first use reads a file that the library leaves for the collector to close.
        warnings.simplefilter("ignore", ResourceWarning)
        tagger.tag("a", tokenize=False)
    return tagger


@lru_cache(maxsize=20_000)
def kinds_of(word: str) -> frozenset[str]:
    """Returns what a word can be: NOUN, VERB, ADJ, ADV; nothing for an unknown one."""
    return frozenset(lemminflect.getAllLemmas(word))


@lru_cache(maxsize=20_000)
def lemma_of(word: str, tag: str) -> str:
    """Returns the base form of a word in lower case: `wolves` as NNS is `wolf`."""
    kind = _KINDS.get(tag[:1])
    if kind is None or tag in {"NNP", "RP", "MD"}:
        return word
    if kind == "VERB" and word in _BASES and tag in {"VBD", "VBN"}:
        return _BASES[word]
    if kind == "NOUN" and word in _NOUNS:
        return _NOUNS[word]
    if kind == "NOUN" and "-" in word:
        head, _, last = word.rpartition("-")
        return f"{head}-{lemma_of(last, tag)}"
    found = lemminflect.getAllLemmas(word).get(kind)
    if kind == "NOUN" and tag == "NN" and found and word in found:
        return word
    if not found and kind == "NOUN" and tag == "NNS":
        found = lemminflect.getAllLemmasOOV(word, kind).get(kind)
    return found[0] if found else word
