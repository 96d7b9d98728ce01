"""The weather of a page."""

from collections.abc import Iterator, Sequence

from actors.extractors.rules.clauses import Clause
from actors.extractors.rules.lexicon import nouns, verbs
from actors.extractors.rules.lexicon.looks import WEATHERS
from actors.extractors.rules.loss import lacking
from actors.extractors.rules.phrases import NounPhrase
from actors.extractors.rules.showing import afar, is_denied, is_imagined, is_past, long_before
from actors.extractors.rules.tokens import Token
from server.domain.scenes import Weather

_FALLING = frozenset({"rain", "snow", "drizzle"})
_NOT_NOW = frozenset({"like", "as", "than", "without", "after", "before", "until", "till", "since"})
_TELLING = frozenset({"of", "about", "for", "from", "to"})
_STIRRING = frozenset({"blow", "fall", "shine", "come", "howl", "rage", "pour", "rise", "stir"})
_PLAIN = {"raining": "rain", "snowing": "snow"}


def read_weather(clauses: Sequence[Clause]) -> tuple[Weather, ...]:
    """Returns the weather that a page shows, without what has stopped on it."""
    found: list[Weather] = []
    unseen = afar(clauses) | long_before(clauses)
    for clause in clauses:
        if is_imagined(clause) or id(clause) in unseen:
            continue
        gone = lacking(clause)
        over = {WEATHERS[one.head.lemma] for one in gone if one.head.lemma in WEATHERS}
        if is_denied(clause):
            over |= {WEATHERS[clause.verb]} if clause.verb in _FALLING else set()
            found = [one for one in found if one not in over]
            if clause.verb in _FALLING:
                continue
        found = [one for one in found if one not in over]
        found += [one for one in _shown(clause, gone) if not _is_before(clause, one)]
    return tuple(dict.fromkeys(found))


def _is_before(clause: Clause, weather: Weather) -> bool:
    """Returns whether weather was there before the page; snow stays."""
    governor = clause.governor
    begun = governor is not None and governor.verb in {"begin", "start"}
    goes_on = governor is not None and governor.verb in {"stop", "cease"} and is_denied(governor)
    begun = begun or goes_on  # `It has not stopped raining.`
    # `It had been raining since breakfast`: it still is.
    begun = begun or (clause.tag == "VBG" and "be" in clause.helpers and clause.verb in _FALLING)
    turned = clause.verb in {"turn", "change", "come"}  # `The rain had turned to sleet.`
    return is_past(clause) and not (begun or turned) and weather is not Weather.SNOW


def _shown(clause: Clause, gone: Sequence[NounPhrase]) -> Iterator[Weather]:
    denied = is_denied(clause)
    impersonal = not clause.subject or clause.subject[0].head.lower == "it"
    if clause.verb in _FALLING and not denied:
        yield WEATHERS[clause.verb]
    elif clause.verb == "pour" and impersonal and not clause.objects and not denied:
        yield Weather.RAIN
    if clause.verb in {"hail", "thunder", "storm"} and impersonal and clause.subject and not denied:
        yield Weather.STORM
    said = [one.token for one in clause.complements if not one.negated and not denied]
    for token in said:
        if token.lower in WEATHERS:
            yield WEATHERS[token.lower]
    for phrase in clause.subject:
        if phrase.of is None and not denied and not _has_source(clause):
            yield from _falls(phrase, clause.verb)
        still = denied and not clause.objects and clause.verb in _STIRRING
        still = still or (denied and phrase.head.lemma == "sun" and clause.verb in _UP)
        if phrase not in gone and not still and not _sinks(clause, phrase):
            yield from _of(phrase)
    told = clause.verb in verbs.UNREAL_OBJECTS - {"hear", "love", "like", "hate", "smell"}
    for phrase in clause.objects:
        if not (told or phrase in gone) and (not denied or phrase in clause.affirmed):
            bathing = phrase.head.lemma == "shower" and clause.verb in {"take", "have"}
            yield from () if bathing else _of(phrase)
    compared = -9
    for word, phrase in clause.places:
        # `Like a leaf in the wind` goes on comparing.
        goes_on = phrase.start in {compared + 1, compared + 2}
        if word in {"like", "as", "than"} or goes_on:
            compared = phrase.start + len(phrase.tokens)
        elif word not in _NOT_NOW and not (told and word in _TELLING):
            yield from _of(phrase)


def _has_source(clause: Clause) -> bool:
    """Returns whether what falls comes off a thing or into a room: `fell from the tap`."""
    if any(word in _OFF and one.head.lemma not in _SKIES for word, one in clause.places):
        return True
    return any(one.head.lemma in _INNER for _, one in clause.places)


_OFF = frozenset({"from", "off", "of", "down"})
_SKIES = frozenset({"sky", "cloud", "heaven", "above"})
_INNER = frozenset(
    {
        *("sink", "basin", "bath", "bathtub", "tub", "cup", "glass", "bowl", "plate", "pan", "pot"),
        *("floor", "carpet", "rug", "table", "tablecloth", "paper", "page", "desk", "pillow"),
        *("soup", "tap", "ceiling", "kitchen", "bathroom", "cave", "cellar", "shelf", "bed"),
    }
)
"""What a drop falls on or in that is no rain."""


def _falls(phrase: NounPhrase, verb: str) -> Iterator[Weather]:
    """Yields the weather of what falls: `the first flakes are falling`."""
    noun = phrase.head.lemma
    if any(one.is_noun for one in phrase.tokens[:-1]):
        return  # `Paint drops`.
    if noun in {"drop", "raindrop"} and verb in {"fall", "patter", "splash", "drip"}:
        yield Weather.RAIN
    if noun in {"flake", "snowflake"} and verb in {"fall", "drift", "whirl", "dance", "settle"}:
        yield Weather.SNOW


_UP = frozenset({"be", "rise", "come", "shine", "climb", "get"})
"""Verbs that a text denies of the sun before it is up, or after it has gone."""


def _sinks(clause: Clause, phrase: NounPhrase) -> bool:
    return phrase.head.lemma == "sun" and clause.verb in {"set", "sink"}


def _of(phrase: NounPhrase) -> Iterator[Weather]:
    """Yields the weather that a phrase names: not that of `a storm of laughter`, `snow boots`."""
    if phrase.negated:
        return
    head = phrase.head
    inner = phrase.of.head.lemma if phrase.of is not None else ""
    named = head.lemma in WEATHERS and head.tag != "NNP" and head.lemma != "shower"
    if named and (not inner or inner in WEATHERS):
        yield WEATHERS[head.lemma]
    elif head.lemma == "shower" and (not inner and phrase.determiner != "the"):
        yield Weather.RAIN
    for one in phrase.tokens[:-1]:
        describes = one.tag.startswith("JJ") or head.lemma in WEATHERS
        if one.lower in WEATHERS and describes and _is_sky(head):
            yield WEATHERS[one.lower]
    if phrase.of is not None and head.lemma not in {"colour", "color", "shade", "picture"}:
        yield from _of(phrase.of)


def _is_sky(head: Token) -> bool:
    """Returns whether a thing can be rainy or sunny: a day, a garden, but no smile."""
    return head.lemma not in nouns.BODY | nouns.GARMENTS | {"smile", "mood", "voice", "temper"}
