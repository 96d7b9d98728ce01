"""Loss: what a clause says is not there any more, taken off, or hidden."""

from collections.abc import Iterator

from actors.extractors.rules.clauses import Clause
from actors.extractors.rules.lexicon import garments, nouns
from actors.extractors.rules.lexicon.denial import CLEARING, DYING, EXISTING, HIDING
from actors.extractors.rules.lexicon.hands import HANDHELD
from actors.extractors.rules.phrases import NounPhrase
from actors.extractors.rules.showing import is_imagined
from actors.extractors.rules.things import Things

_OWN = HANDHELD | nouns.GARMENTS
_SCARCELY = frozenset({"hardly", "barely", "scarcely", "rarely", "seldom"})
_MISSING = frozenset({"missing", "lost", "away", "over", "gone", "nowhere"})


def lacking(clause: Clause) -> list[NounPhrase]:
    """Returns the phrases of a clause whose things it says are not there any more."""
    return list(_ended(clause))


def _ended(clause: Clause) -> Iterator[NounPhrase]:
    """Yields what is over, taken off or lost."""
    yield from _parted(clause)
    said = {one.token.lower for one in clause.complements if not one.negated}
    said |= {one.lower for one in clause.adverbs}
    adrift = clause.verb == "be" and bool(_MISSING & (said | {clause.particle}))
    adrift = adrift and all(one.token.lower in _MISSING for one in clause.complements)
    adrift = adrift or _is_sought_in_vain(clause)
    if clause.verb == "miss" and "be" in clause.helpers and clause.objects:
        yield from clause.objects  # `The dinosaur was missing a rib`.
        return
    # `The boat was going up the river` is there.
    leaving = clause.tag == "VBG" and clause.verb != "miss"
    gone = "be" in clause.helpers and clause.verb in {"go", "miss", "lose"} and not leaving
    gone = gone or _is_lost(clause)
    for phrase in clause.subject:
        noun = phrase.head.lemma
        away = _has_fled(clause, phrase, said)
        away = away or (not clause.objects and _clears(clause, noun, away="away" in said))
        if adrift or gone or away or {noun, "*"} & _ends(clause):
            yield phrase


def _has_fled(clause: Clause, phrase: NounPhrase, said: set[str]) -> bool:
    """Returns whether a thing has gone off, not just gone somewhere: `his hat had blown away`."""
    if not clause.perfect or clause.verb not in _FLEEING or clause.complements:
        return False
    if phrase.head.lemma in nouns.PEOPLE or clause.particle not in {"", "away"}:
        return False
    if clause.particle == "away" or "away" in said:
        return True
    somewhere = bool(clause.places) or phrase.determiner in {"a", "an"} or _MANNERS & said
    return clause.verb == "go" and not somewhere


def _ends(clause: Clause) -> frozenset[str]:
    """Returns the nouns that are no more after a clause; `the sun, going down` is seen still."""
    if clause.verb in {"go", "set"} and clause.tag == "VBG":
        return frozenset()
    pair = f"{clause.verb} {clause.particle}"
    return DYING.get(clause.verb, frozenset()) | DYING.get(pair, frozenset())


def _is_lost(clause: Clause) -> bool:
    """Returns whether a thing is missing, eaten or sold: `the top button missing`."""
    if clause.verb == "miss":
        return clause.tag == "VBG" and not (clause.helpers or clause.objects)
    if clause.verb == "go" and clause.tag == "VBN" and not clause.helpers:
        return True  # `His cap gone, he shivered.`
    if clause.verb == "be" and clause.particle == "off":
        return all(one.head.lemma in nouns.GARMENTS for one in clause.subject)
    done = clause.passive and "be" in clause.helpers and not clause.modal
    return done and clause.verb in _USING and clause.helpers.count("be") == 1


_USING = frozenset({"eat", "sell", "steal"})
"""Verbs after which a thing is not there: `the cake was eaten`."""
_MANNERS = frozenset({"well", "badly", "wrong", "right", "smoothly", "by", "past", "on"})
"""How things go that are not gone: `the rehearsal had gone badly`."""


def _is_sought_in_vain(clause: Clause) -> bool:
    """Returns whether a clause goes on to say that a thing is nowhere: `nowhere to be found`."""
    governor = clause.governor
    if governor is None or clause.verb not in {"see", "find"}:
        return False
    return clause.passive and any(one.lower == "nowhere" for one in governor.adverbs)


def _clears(clause: Clause, noun: str, *, away: bool) -> bool:
    """Returns whether the sky or the air is clear after it: `the fog rolled off the lake`."""
    words = {word for word, _ in clause.places}
    if noun in {"moon", "star"} and clause.verb in HIDING and words & {"behind", "below"}:
        return True
    parted = away or clause.particle in {"away", "off", "out"} or bool(words & {"off"})
    out = any(one.head.lemma == "sea" and word == "to" for word, one in clause.places)
    return noun in CLEARING.get(clause.verb, frozenset()) and (parted or out)


def gone(clause: Clause) -> frozenset[str]:
    """Returns the nouns of what a clause says is not there, or there no more.

    `There was no boat`, `the stars went out`, `no ferryman stood by the water`.
    """
    ended = {one.head.lemma for one in _ended(clause) if not one.head.character}
    if is_imagined(clause) or any(one.lower in _SCARCELY for one in clause.adverbs):
        return frozenset(ended) if not is_imagined(clause) else frozenset()
    ended |= {one.head.lemma for one in unlit(clause)}
    there = bool(clause.subject) and clause.subject[0].head.tag == "EX"
    named: list[NounPhrase] = []
    if there and clause.verb in EXISTING:
        named = [one for one in clause.objects if one.negated or clause.negated]
        named = [one for one in named if one not in clause.affirmed]
    elif clause.verb in EXISTING | {""} and not (clause.objects or clause.complements):
        named = [one for one in clause.subject if one.negated]
    plain = [one for one in named if not one.adjectives and one.of is None]
    return frozenset(ended | {one.head.lemma for one in plain if one.head.is_noun})


def unlit(clause: Clause) -> list[NounPhrase]:
    """Returns the fires and lights that a clause says do not burn: `the fire wasn't lit`."""
    if not (clause.negated and clause.verb in _BURNING) or clause.objects:
        return []
    return [one for one in clause.subject if one.head.lemma in _FLAMES]


_BURNING = frozenset({"light", "burn", "shine", "glow", "kindle", "lay"})
_FLAMES = frozenset({"fire", "flame", "bonfire", "campfire", "sun", "moon", "star", "glow"})


def unseen(clause: Clause, named: Things) -> frozenset[str]:
    """Returns the nouns of what somebody cannot see: `I can't see it, I can only hear it`."""
    if clause.verb not in {"see", "find"} or clause.modal not in {"can", "could"}:
        return frozenset()
    if not clause.negated or is_imagined(clause):
        return frozenset()
    things = [named.of(one) for one in clause.objects]
    return frozenset(one.head.lemma for one in things if one is not None)


def _parted(clause: Clause) -> Iterator[NounPhrase]:
    """Yields the objects that somebody has no more."""
    pair = (clause.verb, clause.particle)
    things = [
        one
        for one in clause.objects
        if (one.head.is_noun or one.of is not None) and one.head.character is None
    ]
    parted = pair in garments.REMOVING or clause.verb in _LOSING
    things = [one for one in things if (clause.verb, one.head.lemma) != ("shed", "tear")]
    parted = parted or (clause.verb == "hide" and not clause.places)
    aside = clause.verb in {"lay", "put"} and any(one.lower == "aside" for one in clause.adverbs)
    if parted or aside or (clause.verb == "leave" and _leaves_behind(clause)):
        yield from things
    elif pair == ("run", "out") or _is_bare(clause) or _is_used_up(clause):
        at = clause.complements[0].at if clause.complements else 0
        # `Eleven of the pots are empty`: the pots are there.
        yield from (one for word, one in clause.places if word == "of" and one.start > at)


def _is_used_up(clause: Clause) -> bool:
    """Returns whether somebody has none left: `they were out of milk`."""
    named = [one for word, one in clause.places if word == "of"]
    bare = all(len(one.tokens) == 1 and not one.owner for one in named)
    there = any(one.head.lemma in nouns.PLACES | {"bed", "water"} for one in named)
    return (clause.verb, clause.particle) == ("be", "out") and bare and not there


def is_of_subject(clause: Clause, phrase: NounPhrase) -> bool:
    """Returns whether a phrase tells of the subject: `the man in the grey cloak`."""
    return any(one.end == phrase.begin - 1 for one in clause.subject)


def _is_bare(clause: Clause) -> bool:
    """Returns whether a clause says of what there is none: `bare of leaves`."""
    return any(one.token.lower in {"bare", "empty", "free"} for one in clause.complements)


_LOSING = frozenset({"remove", "shed", "lose", "forget", "lack"})
_FLEEING = frozenset({"go", "fly", "run", "sail", "swim", "blow", "drift", "melt", "fade", "move"})


def _leaves_behind(clause: Clause) -> bool:
    where = [phrase for word, phrase in clause.places if word in {"at", "in", "on", "by", "with"}]
    home = any(one.head.lower == "home" for one in where)
    # `Left his umbrella on its hook`.
    own = any(one.owner and one.head.lemma in _OWN for one in clause.objects)
    if own and any(not one.negated for one in where):
        return True
    if clause.particle == "behind" or home:
        return True
    # `An orange that somebody had left on the sill`, `had left a note` are there.
    known = any(one.owner or one.determiner == "the" for one in clause.objects)
    return clause.perfect and bool(where) and known and clause.marker not in {"that", "which"}
