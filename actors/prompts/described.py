"""A description taken apart: the parts of a character, each being read."""

from collections.abc import Callable, Iterator

from actors.prompts.clothes import is_worn
from actors.prompts.denial import affirmed, is_none
from actors.prompts.reading import SILENT, Reading
from actors.prompts.told import Told
from actors.storybook.animals import KINDS
from actors.storybook.table import Match, Table
from actors.storybook.vocabulary import looks as words
from actors.storybook.vocabulary import people
from actors.storybook.vocabulary.traits import MODIFIERS, TASTES, UNSEEN
from server.domain.characters import Description
from server.domain.scenes import Figure, LossKind

_EYES = frozenset({"eye", "eyes", "eyed"})
_SPLITS = frozenset({",", ";", ".", "!", "?", "and", "with", "&"})


class Described:
    """The parts of a description without what it denies, and what was read of them.

    Features about clothes, hair and eyes belong to those parts: `a long braid`, `a tiara`.
    """

    def __init__(self, description: Description, figure: Figure) -> None:
        """Takes a description, and what a page says that its character has, or is without."""
        self.description = description
        self._without = {word for said in figure.without for word in said.split()}
        self._told: list[Told] = []
        said = (
            affirmed(one) for one in (*filter(is_of_body, figure.wearing), *description.features)
        )
        self.features = [Reading(each) for one in said for each in parts_of(one)]
        human = description.species.strip().lower() in people.HUMAN
        self.species = Reading("" if human else affirmed(description.species))
        self.kind = next(iter(KINDS.matches(self.species.words)), None)
        self.worn = [one.text for one in self._take(self.is_worn)]
        hair = [] if self.kind else [one.text for one in self._take(lambda one: is_hair(one.text))]
        eyes = [one.text for one in self._take(_is_of_eyes)]
        bald = is_none(description.hair) and not self.kind
        own = "bald" if bald else _said(description.hair)
        # What a page says of hair comes first: the first colour and the first style are drawn.
        self.hair = Reading(", ".join([*hair, own] if hair else [own]))
        self.eyes = Reading(", ".join([_said(description.eyes), *eyes]))
        self.skin = Reading(_said(description.skin))
        self.traits = [Reading(affirmed(one)) for one in description.traits]

    def tell(self, phrase: str, kind: LossKind, part: str = "", became: str = "") -> None:
        """Adds a part that was read."""
        self._told.append(Told(phrase, kind, part, became))

    def colour(self, reading: Reading, table: Table, noun: str, part: str) -> str:
        """Takes the colour of a part of the body; empty where none is said."""
        found = reading.take_colour(table)
        if found is None:
            return ""
        became = f"{found.meaning} {noun}" if found.bent else ""
        self.tell(f"{reading.said(found)} {noun}", LossKind.COLOUR, part, became)
        return found.meaning

    def flag(self, feature: str) -> bool:
        """Takes a feature of the face, which is there or not."""
        found = False
        for reading in (self.hair, self.skin, *self.features):
            for match in reading.find(words.FEATURES):
                if match.meaning != feature:
                    continue
                reading.mark([match])
                name = feature.removeprefix("a ")
                if name not in self._without:
                    became = name if match.bent else ""
                    self.tell(reading.said(match), LossKind.LOOK, name, became)
                    found = True
        return found

    def is_worn(self, feature: Reading) -> bool:
        """Returns whether a feature is something worn; an animal's coat is its fur."""
        coat = self.kind is not None and feature.words[-1:] == ["coat"]
        return is_worn(feature.text) and not coat

    def told(self) -> Iterator[Told]:
        """Yields what was read, then what is left, which nothing draws.

        What no picture can show is no loss: `brave`.
        """
        yield from self._told
        for reading in filter(lambda one: one.taken, self.features):
            reading.take_each(people.BODY)  # `freckles across her nose`
        for reading in (self.hair, self.eyes, self.skin, *self.features):
            for phrase in reading.left():
                yield Told(phrase, LossKind.LOOK)
        for trait in self.traits:
            for phrase in trait.left():
                if not is_unseen(phrase):
                    yield Told(phrase, LossKind.LOOK)

    def _take(self, fits: Callable[[Reading], bool]) -> list[Reading]:
        found = [one for one in self.features if fits(one)]
        self.features = [one for one in self.features if one not in found]
        return found


def is_unseen(trait: str) -> bool:
    """Returns whether no picture can show a trait: `very brave`, `loves books`."""
    said = [word for word in Reading(trait).words if word.isalnum()]
    if said and said[0] in TASTES:
        return True
    left = [word for word in said if word not in SILENT and word not in MODIFIERS]
    return bool(left) and UNSEEN.issuperset(left)


def parts_of(text: str) -> Iterator[str]:
    """Yields the features that a text lists: `freckles and goggles`."""
    reading = Reading(text)
    start = 0
    whole = {at for match in words.HAIR_COLOURS.matches(reading.words) for at in _inside(match)}
    for at, word in enumerate([*reading.words, ","]):
        # `salt and pepper` is one colour.
        if word in _SPLITS and at not in whole:
            if said := reading.phrase(start, at):
                yield said
            start = at + 1


def _said(text: str) -> str:
    return "" if is_none(text) else affirmed(text)


def _inside(match: Match) -> range:
    return range(match.start, match.end)


def is_of_body(said: str) -> bool:
    """Returns whether what a page says that somebody wears is hair, a beard or freckles."""
    features = {match.meaning for match in Reading(said).find(words.FEATURES)}
    return is_hair(said) or not features.isdisjoint({words.BEARD, words.FRECKLES})


def is_hair(feature: str) -> bool:
    """Returns whether a feature is about hair: `a long braid`, `bald`."""
    return _noun(Reading(feature), words.HAIR_COLOURS, words.HAIR_STYLES) in words.HAIR_NOUNS


def _is_of_eyes(feature: Reading) -> bool:
    return _noun(feature, words.EYES) in _EYES


def _noun(feature: Reading, *adjectives: Table) -> str:
    """Returns the first word of a feature after its adjectives."""
    nouns = words.HAIR_NOUNS | _EYES
    before = {word for table in adjectives for phrase in table.phrases for word in phrase} - nouns
    skipped = (before | words.VAGUE | words.SHADES | SILENT) - nouns
    return next((word for word in feature.words if word not in skipped), "")
