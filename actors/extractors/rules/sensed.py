"""Sensed things: what the sense of a page says of those that the rules have read."""

from collections.abc import Iterable, Iterator, Mapping

from actors.extractors.learned.sense import Sense
from actors.extractors.rules.english import lemma_of

_SHOWN = 0.3
"""How likely a thing must be one that the picture shows."""
_SURE = 0.5
"""The same not to be doubted; of those below more are wrong than right."""
_FEW = 13
"""A page of fewer words is left to the rules: it names little that its picture can do without."""


def shown(said: Iterable[str], sense: Sense) -> list[str]:
    """Returns the things that the picture shows."""
    return [one for one in said if _share(one, sense) >= _SHOWN]


def faint(said: Iterable[str], sense: Sense) -> Iterator[str]:
    """Yields the things of which it is not sure whether the picture shows them."""
    return (one for one in said if _share(one, sense) < _SURE)


def _share(said: str, sense: Sense) -> float:
    """Returns how likely a thing is shown; what the page does not say in one word is sure."""
    share = share_of(said, sense.seen) if sense.length >= _FEW else None
    return 1.0 if share is None else share


def share_of(said: str, shares: Mapping[str, float]) -> float | None:
    """Returns the share of the last of some words, in any form that it has on the page."""
    last = said.lower().replace("-", " ").split()[-1:]
    forms = [one for word, one in shares.items() if last and last[0] in {word, *_bases(word)}]
    return max(forms, default=None)


def _bases(word: str) -> tuple[str, str]:
    return lemma_of(word, "NNS"), lemma_of(word, "NN")
