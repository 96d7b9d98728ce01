"""How somebody looks to feel."""

from collections.abc import Iterator

from actors.extractors.rules.clauses import Clause
from actors.extractors.rules.lexicon import gestures, verbs
from actors.extractors.rules.lexicon.deeds import LIGHT
from actors.extractors.rules.lexicon.looks import MOOD_OF
from actors.extractors.rules.phrases import NounPhrase
from actors.extractors.rules.showing import is_denied, is_past
from server.domain.scenes import Mood

_SPOKEN = frozenset({"cry", "growl", "roar", "wail"})
_OTHERWISE = frozenset({"tear", "cross", "content", "fear", "wonder"})
"""Verbs that look like the words of moods: `tore off the paper`, `crossed the road`."""
_MAKING = frozenset({"make", "keep", "leave", "render"})
_SHOWN = frozenset({"tear", "smile", "grin", "frown"})
"""What is seen on somebody's face: `a smile spread over Rose's face`."""
_FACES = frozenset({"face", "eye"})


def moods(clause: Clause) -> Iterator[Mood]:
    """Yields the moods that a clause gives to its subject."""
    if is_past(clause):
        return
    denied = is_denied(clause)
    nobody = bool(clause.subject) and all(one.negated for one in clause.subject)
    yield from () if nobody else _described(clause.subject)
    if not clause.objects and not nobody:
        for complement in clause.complements:
            if not complement.negated and complement.token.lower in MOOD_OF:
                yield MOOD_OF[complement.token.lower]
    if denied:
        return
    if shown := list(_gestures(clause)):
        yield from shown
        return
    spoken = clause.speech and clause.verb in _SPOKEN & verbs.SAYING
    felt = clause.verb in MOOD_OF and clause.verb not in _OTHERWISE
    if felt and not spoken and not clause.passive:
        yield MOOD_OF[clause.verb]
    if clause.verb == "wonder":
        yield Mood.CURIOUS
    yield from _felt(clause)
    for adverb in clause.adverbs:
        if adverb.lower in MOOD_OF:
            yield MOOD_OF[adverb.lower]
    for word, phrase in clause.places:
        if word in {"with", "in", "into", "for"} and not phrase.negated:
            yield from _named(phrase)
    if clause.verb in LIGHT | {"show", "flash", "wear"}:
        for phrase in clause.objects:
            if not phrase.negated:
                yield from _named(phrase)
    if clause.subject and clause.subject[0].head.lemma in _FACES and clause.verb == "light":
        yield Mood.HAPPY


def _gestures(clause: Clause) -> Iterator[Mood]:
    """Yields the moods that a body shows: `stamped his foot`, `her lip trembled`."""
    for phrase in clause.subject:
        if mood := gestures.BY_THEMSELVES.get((phrase.head.lemma, clause.verb)):
            yield mood
    for phrase in clause.objects:
        if (mood := gestures.DONE.get((clause.verb, phrase.head.lemma))) and not phrase.negated:
            yield mood
    said = {one.token.lower for one in clause.complements if not one.negated}
    for word, phrase in clause.places:
        if word == "with" and not phrase.negated:
            words = said | {one.lower for one in phrase.tokens[:-1]}
            found = [gestures.OPENED.get((phrase.head.lemma, one)) for one in sorted(words)]
            yield from (one for one in found if one is not None)


def _described(subject: list[NounPhrase]) -> Iterator[Mood]:
    """Yields the mood that describes the only subject: `the frightened boy`."""
    if len(subject) != 1 or subject[0].negated:
        return
    for adjective in subject[0].adjectives:
        if adjective.lower in MOOD_OF:
            yield MOOD_OF[adjective.lower]


def _felt(clause: Clause) -> Iterator[Mood]:
    """Yields the mood of a participle: `was frightened by the noise`."""
    if not clause.passive:
        return
    verb = clause.verb
    for said in (f"{verb}ed", f"{verb}d", f"{verb[:-1]}ied"):
        if said in MOOD_OF:
            yield MOOD_OF[said]


def _named(phrase: NounPhrase) -> Iterator[Mood]:
    if phrase.head.lemma in MOOD_OF and phrase.of is None:
        yield MOOD_OF[phrase.head.lemma]


def moods_of_others(clause: Clause) -> Iterator[tuple[int, Mood]]:
    """Yields the moods of characters whom a clause names beside its subject, by their places.

    They are those of its object, `made Tom happy`, and of whose tears it tells.
    """
    if is_past(clause) or is_denied(clause):
        return
    if clause.verb in _MAKING and clause.objects:
        who = clause.objects[0].head.character
        for complement in clause.complements:
            if who is not None and complement.token.lower in MOOD_OF and not complement.negated:
                yield who, MOOD_OF[complement.token.lower]
    shown = next((one.head.lemma for one in clause.subject if one.head.lemma in _SHOWN), "")
    for _, phrase in clause.places if shown else ():
        for owner in phrase.owner:
            if owner.character is not None:
                yield owner.character, MOOD_OF[shown]
