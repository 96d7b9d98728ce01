"""Pronouns that leave it open whom they mean."""

from dataclasses import dataclass, field

from actors.extractors.rules.memory import Memory, Who
from actors.extractors.rules.phrases import NounPhrase
from server.domain.characters import Gender

_SINGLE = {"she": Gender.FEMALE, "he": Gender.MALE}
_SEVERAL = frozenset({"they", "them", "both"})


@dataclass(slots=True)
class OpenPronouns:
    """The pronouns of a page that can mean others, by their sentences and places in these.

    `rivals` has whom `she` or `he` can mean alike, `loose` has those of several whom the page has
    not named together.
    """

    rivals: dict[tuple[int, int], tuple[str, ...]] = field(default_factory=dict)
    loose: set[tuple[int, int]] = field(default_factory=set)

    def see(self, phrase: NounPhrase, sentence: int, memory: Memory, but: Who) -> None:
        """Remembers a pronoun that is open, before it is taken for one of those it can mean."""
        word, place = phrase.head.lower, (sentence, phrase.start)
        if word in _SINGLE:
            if rivals := memory.rivals(_SINGLE[word], but):
                self.rivals[place] = rivals
        elif word in _SEVERAL and not memory.is_group_told():
            self.loose.add(place)
