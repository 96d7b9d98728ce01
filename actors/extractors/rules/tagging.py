"""Tags put right where the tagger, which was made for newspapers, misreads stories."""

from collections.abc import Sequence
from itertools import chain

from actors.extractors.rules import mends_near, mends_nouns, mends_verbs, mends_words


def mended(words: Sequence[str], tags: Sequence[str]) -> list[str]:
    """Returns the tags of the words of a sentence, in lower case, after all mends."""
    better = list(tags)
    groups = (mends_words.MENDS, mends_nouns.MENDS, mends_verbs.MENDS, mends_near.MENDS)
    for mend in (*chain.from_iterable(groups), *mends_words.LAST):
        for at in range(len(words)):
            better[at] = mend(words, better, at) or better[at]
    return better
