"""What somebody can be seen to do."""

from collections.abc import Sequence

from actors.extractors.rules.clauses import Clause
from actors.extractors.rules.cues import COMING
from actors.extractors.rules.lexicon import nouns, verbs
from actors.extractors.rules.lexicon.abstract import ABSTRACT
from actors.extractors.rules.lexicon.actions import ACTIONS
from actors.extractors.rules.lexicon.deeds import DEEDS, LIGHT
from actors.extractors.rules.lexicon.foods import FOODS
from actors.extractors.rules.lexicon.garments import HAIRY
from actors.extractors.rules.lexicon.hands import GIVING
from actors.extractors.rules.lexicon.looks import MOOD_OF, SEASONS, TIMES
from actors.extractors.rules.lexicon.poses import POSES
from actors.extractors.rules.phrases import NounPhrase
from actors.extractors.rules.props import is_thing

_NO_GOALS = frozenset(
    {"like", "as", "than", "about", "without", "for", "during", "until", "since", "except", "of"}
)
_LEADING = frozenset({"go", "come", "keep", "burst", "begin", "start", "continue", "get"})
"""Verbs that only lead to the one after them: `came running`, `began to sing`."""
_POSTURES = frozenset({"curl", "perch", "huddle", "sprawl", "hunch", "cuddle", "snuggle", "seat"})
"""Verbs whose passive is a pose of its subject: `was curled up`."""
_EMPTY = frozenset({"breath", "way", "time", "turn", "best", "mind", "course", "place"})
_RISING = frozenset({"up", "down", "in", "out", "off", "on"})
_BOARDING = frozenset({"in", "into", "on", "onto"})
_BERTHS = frozenset({"bath", "bed", "bus", "car", "taxi", "train", "tub"})
_ATTEMPTS = frozenset({"try", "attempt", "seem", "appear", "pretend", "need", "teach"})
_ASLEEP = frozenset({"asleep", "fast-asleep"})
_AUDIBLE = frozenset(
    {
        "laugh",
        "giggle",
        "chuckle",
        "sob",
        "gasp",
        "sing",
        "sniff",
        "yawn",
        "shout",
        "yell",
        "scream",
        "roar",
    }
)
_PHASES = frozenset({("stop", ""), ("give", "up"), ("carry", "on"), ("keep", "on"), ("go", "on")})
"""Verbs with their particles that only tell whether what they lead to begins, goes on or ends."""
_BURSTS = {"tear": "cry", "laughter": "laugh", "song": "sing", "giggle": "giggle"}


def doings(clause: Clause, leads: Sequence[Clause]) -> list[str]:
    """Returns what a clause's subject can be seen to do.

    `leads` are the clauses that this one governs.
    """
    if any(one.lower in {"almost", "nearly"} for one in clause.adverbs):
        return []
    found = [_doing(clause, leads)]
    if _is_asleep(clause):
        found.append(_said("sleep", "", [], clause.places))
    return [one for one in found if one]


def _doing(clause: Clause, leads: Sequence[Clause]) -> str:
    if not clause.verb or is_of_body(clause) or (clause.passive and clause.verb not in _POSTURES):
        return ""
    governor = clause.governor
    if governor is not None and (governor.verb in _ATTEMPTS or _is_to_be(clause)):
        return ""
    tags = {one.tag for one in leads}
    if clause.verb in _LEADING and tags & {"VBG", "VB"}:
        return ""
    if (clause.verb, clause.particle) in _PHASES and "VBG" in tags:
        return ""
    if clause.verb in {"fall", "turn"} and clause.complements and not clause.objects:
        return ""
    if clause.verb == "look" and _looks_after(clause):
        return ""
    if clause.verb == "call" and _gives_name(clause):
        return ""
    if outing := _outing(clause):
        return outing
    if clause.verb == "burst":
        return next((_BURSTS.get(one.head.lemma, "") for _, one in clause.places), "")
    if clause.verb in LIGHT and (deed := _deed(clause)):
        return deed
    if clause.verb == "get" and not clause.objects and (_rises(clause) or _boards(clause)):
        return _said(clause.verb, clause.particle, [], clause.places)
    if clause.verb == "make" and _makes(clause):
        return _said("make", "", clause.objects[:1], [])
    if clause.verb in {"take", "move"} and _handles(clause):
        return _said(clause.verb, clause.particle, clause.objects[:1], [])
    if clause.verb.rpartition("-")[2] not in ACTIONS | POSES or clause.verb in verbs.WEARING:
        return ""
    if clause.speech and clause.verb in verbs.SAYING and clause.verb not in _AUDIBLE:
        return ""
    if clause.objects and clause.verb not in COMING and all(one.negated for one in clause.objects):
        return ""
    if any(one.head.lemma in _EMPTY for one in clause.objects[:1]):
        return ""
    goals = clause.objects[1:] if clause.verb in GIVING and clause.objects[1:] else clause.objects
    return _said(clause.verb, clause.particle, goals, clause.places)


def is_of_body(clause: Clause) -> bool:
    """Returns whether only a part of somebody does it: `her hands shook`."""
    return any(
        bool(one.owner) and one.head.lemma in nouns.BODY | HAIRY | {"shadow"}
        for one in clause.subject
    )


def _makes(clause: Clause) -> bool:
    """Returns whether something is made that can be eaten, or made just now: `makes pancakes`."""
    made = clause.objects[:1] if clause.tag == "VBG" and not clause.marker else []
    if any(is_thing(one) or one.head.lower == "something" for one in made):
        return True
    return any(one.head.lemma in FOODS and not one.negated for one in clause.objects[:1])


def _rises(clause: Clause) -> bool:
    return clause.particle in _RISING


def _boards(clause: Clause) -> bool:
    """Returns whether somebody climbs into or onto a thing: `they got into the bath`."""
    return any(
        word in _BOARDING and (is_thing(phrase) or phrase.head.lemma in _BERTHS)
        for word, phrase in clause.places[:1]
    )


def _handles(clause: Clause) -> bool:
    """Returns whether a thing is taken or moved by hand: `took the rope`, not `took an hour`."""
    if len(clause.objects) != 1 or clause.objects[0].negated:
        return False
    return is_thing(clause.objects[0]) or clause.objects[0].head.lemma in nouns.GARMENTS


def _gives_name(clause: Clause) -> bool:
    """Returns whether a clause only tells somebody's name: `a boy called Sami`."""
    told = clause.speech or clause.objects or clause.places or clause.particle
    return not told and any(one.determiner in {"a", "an"} for one in clause.subject)


def _looks_after(clause: Clause) -> bool:
    """Returns whether no eyes look: `was looking after me`, `looked tired`."""
    how = bool(clause.complements) and not (clause.places or clause.particle)
    return how or any(word in {"after", "like"} for word, _ in clause.places[:1])


def _is_to_be(clause: Clause) -> bool:
    """Returns whether a clause says what is yet to be done: `all he had to do was to jump`."""
    governor = clause.governor
    return governor is not None and governor.verb == "be" and clause.tag == "VB"


def _is_asleep(clause: Clause) -> bool:
    words = {one.token.lower for one in clause.complements if not one.negated}
    return bool(words & _ASLEEP)


def _deed(clause: Clause) -> str:
    """Returns the action that the object names: `took a bite of the apple` is `bite apple`."""
    named = next((one for one in clause.objects if DEEDS.get(one.head.lemma)), None)
    if named is None or named.negated or named.owner:
        return ""
    best = any(one.tag == "JJS" for one in named.tokens)
    if named.determiner == "no" or (named.determiner == "the" and not best):
        return ""
    goals = [one for one in clause.objects if one is not named]
    if named.of is not None:
        goals = [named.of]
    return _said(DEEDS[named.head.lemma], "", goals, clause.places)


_OUTINGS = frozenset({"go", "set", "come", "stop", "head", "leave"})


def _outing(clause: Clause) -> str:
    """Returns the action that somebody goes for: `went for a swim in the lake`."""
    for place, (word, phrase) in enumerate(clause.places):
        deed = DEEDS.get(phrase.head.lemma, "")
        gone = word == "for" and clause.verb in _OUTINGS
        if deed and (gone or (word == "into" and clause.verb in {"break", "burst", "fall"})):
            return _said(deed, "", [], clause.places[place + 1 :])
    return ""


def _said(
    verb: str,
    particle: str,
    goals: Sequence[NounPhrase],
    places: Sequence[tuple[str, NounPhrase]],
) -> str:
    """Returns an action in words, with what it is done to, or else where."""
    said = [verb, particle]
    named = [
        one
        for one in goals
        if one.head.is_noun and not one.negated and one.head.lemma not in {"other", "one"}
    ]
    if named:
        said.append(_words(named[0]))
    for word, phrase in places:
        felt = phrase.head.lemma in MOOD_OF or (
            word in {"with", "in"} and phrase.head.lemma in ABSTRACT | {"mouth", "eye", "heart"}
        )
        felt = felt or (word in {"in", "with"} and phrase.head.lemma in nouns.GARMENTS)
        # `At night they stood`: the time is told of the picture, not of what they do.
        when = phrase.head.lemma in TIMES or phrase.head.lemma in SEASONS
        placed = word and word not in _NO_GOALS and not (felt or when)
        if placed and phrase.head.is_noun and not phrase.negated:
            said += [word, _words(phrase)]
            break
    return " ".join(filter(None, said))


def _words(phrase: NounPhrase) -> str:
    head = phrase.head
    return head.text if head.character is not None else phrase.words


WEAK = frozenset(
    {"come", "go", "take", "put", "get", "give", "turn", "set", "stop", "pause", "wait", "enter"}
    | {"leave", "arrive", "meet", "bring", "reach", "return", "start", "hear", "call"}
    | {"approach", "feel", "move"}
)
"""Actions that a picture shows only where somebody does nothing else."""


def shown_doing(doing: Sequence[str]) -> tuple[str, ...]:
    """Returns the actions that make a picture, each once."""
    strong = [one for one in doing if one.split()[0] not in WEAK]
    return tuple(dict.fromkeys(strong or doing))
