"""When a page happens: the time of day and the season."""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import TypeVar

from actors.extractors.rules.clauses import Clause
from actors.extractors.rules.hue import is_colour
from actors.extractors.rules.lexicon import verbs
from actors.extractors.rules.lexicon.looks import MEALS, SEASONS, TIMES
from actors.extractors.rules.phrases import NounPhrase
from actors.extractors.rules.showing import afar, is_denied, is_past, is_unreal, long_before
from actors.extractors.rules.tokens import Sentence, Token
from server.domain.scenes import DayTime, Season

_When = TypeVar("_When", bound=StrEnum)

_NOT_NOW = frozenset({"last", "tomorrow", "yesterday", "until", "till", "since", "good", "like"})
_LASTING = frozenset({"all", "whole", "every", "each", "long", "many"})
_LEADING = frozenset({"DT", "JJ", "PRP$", "CD", "RB"})
_COMPARING = frozenset({"like", "as", "than", "without", "until", "till", "since"})
_TELLING = frozenset({"of", "for", "about", "from"})
_SINKING = frozenset({"set", "sink", "go", "disappear", "vanish"})
_RISING = frozenset({"rise", "come"})


def read_time(
    sentences: Sequence[Sentence], clauses: Sequence[Clause]
) -> tuple[DayTime | None, Season | None]:
    """Returns the part of the day and the season of a page."""
    times: list[tuple[float, DayTime]] = []
    seasons: list[tuple[float, Season]] = []
    unseen = afar(clauses) | long_before(clauses)
    for clause in clauses:
        if is_unreal(clause) or id(clause) in unseen:
            continue
        tokens = sentences[clause.sentence].tokens
        times += [*_named(tokens, clause, TIMES), *_shown(clause)]
        seasons += _named(tokens, clause, SEASONS)
    return _best(times), _best(seasons)


def _best(found: Sequence[tuple[float, _When]]) -> _When | None:
    """Returns what is worth most, the last one of equals: where the page ends."""
    best, most = None, 0.0
    for worth, when in found:
        if worth >= most and worth > 0:
            best, most = when, worth
    return best


def _named(
    tokens: Sequence[Token], clause: Clause, words: Mapping[str, _When]
) -> Iterator[tuple[float, _When]]:
    """Yields what a clause names, each with its worth."""
    for at in range(clause.start, min(clause.end, len(tokens))):
        token = tokens[at]
        when = words.get(token.lower) or words.get(token.lemma)
        if when is None or token.is_verb or not _is_now(tokens, at, clause):
            continue
        if clause.never or any(one.lower == "never" for one in clause.adverbs):
            continue  # `Was never up before noon`.
        worth = 1.0 if token.lower in MEALS else 2.0
        if _leading(tokens, at) & _LASTING:
            worth -= 1.2
        if is_past(clause):
            before = any(one.lower == "had" for one in tokens[clause.start : clause.end])
            worth -= 3 if clause.verb == "be" else (2 if before else 0.8)
            worth += 2 if clause.tag == "VBG" else 0  # `Had been working all morning`.
        yield worth, when


def _is_now(tokens: Sequence[Token], at: int, clause: Clause) -> bool:
    """Returns whether a word says when the page happens, not what is compared or spoken of."""
    if at + 1 < len(tokens) and is_colour(tokens[at + 1].lower):
        return False  # `Midnight blue`.
    if _leading(tokens, at) & _NOT_NOW or not _is_season(tokens, at):
        return False
    phrase = _phrase_at(clause, at)
    over = any(one.lower == "over" for one in clause.adverbs) or clause.particle == "over"
    if over and phrase in clause.subject:
        return False
    if phrase is None:
        remembered = (
            at > 1
            and tokens[at - 1].lower == "the"
            and tokens[at - 2].lemma in verbs.UNREAL_OBJECTS
        )
        return not remembered
    if clause.verb == "be" and (is_denied(clause) or clause.perfect) and phrase in clause.objects:
        return False
    if phrase.negated:
        return False
    spoken = clause.verb in verbs.UNREAL_OBJECTS
    object_ = phrase in clause.objects or ("", phrase) in clause.places
    if spoken and object_ and phrase.determiner not in {"that", "this", "one"}:
        return False
    for word, placed in clause.places:
        inner = placed.of
        if (placed is phrase or inner is phrase) and (
            word in _COMPARING or (spoken and word in _TELLING)
        ):
            return False
    return True


def _leading(tokens: Sequence[Token], at: int) -> set[str]:
    """Returns the words before a word, back to its preposition or verb."""
    found: set[str] = set()
    at -= 1
    while at >= 0 and (tokens[at].tag in _LEADING or tokens[at].lower in _NOT_NOW):
        found.add(tokens[at].lower)
        if tokens[at].lower in _NOT_NOW:
            break
        at -= 1
    return found | ({tokens[at].lower} & _NOT_NOW if at >= 0 else set())


_BEFORE_SEASON = frozenset(
    {"in", "it", "was", "is", "of", "by", "during", "this", "that", "one", "early", "late", "until"}
)
_STARTING = frozenset({"come", "begin", "arrive", "be", "bring", "turn", "return", "pass"})


def _is_season(tokens: Sequence[Token], at: int) -> bool:
    """Returns whether `spring`, `fall`, `may` and `march` are a season or month here."""
    word = tokens[at].lower
    if word not in {"spring", "fall", "may", "march"}:
        return True
    before = tokens[at - 1].lower if at else ""
    before_that = tokens[at - 2].lower if at > 1 else ""
    following = tokens[at + 1] if at + 1 < len(tokens) else None
    start = at
    while start > 1 and tokens[start - 1].tag in {"JJ", ","}:
        start -= 1
    if start < at and word in {"spring", "fall"}:
        before, before_that = tokens[start - 1].lower, tokens[start - 2].lower
    if before in {"the", "early", "late"} and word in {"spring", "fall"}:
        return before_that in {"in", "by", "during", "of"} and not (
            following is not None and following.lower == "of"
        )
    if before in _BEFORE_SEASON:
        return True
    starts = following is not None and following.lemma in _STARTING
    compound = following is not None and following.is_noun and word == "spring" and before != "a"
    return word == "spring" and (
        compound or (before in {"", ",", "and", "when", "then"} and starts)
    )


def _phrase_at(clause: Clause, at: int) -> NounPhrase | None:
    for phrase in (*clause.subject, *clause.phrases):
        for one in (phrase, phrase.of):
            if one is not None and one.start <= at < one.start + len(one.tokens):
                return one
    return None


def _shown(clause: Clause) -> Iterator[tuple[float, DayTime]]:
    """Yields the time that sun, moon, stars and the dark show."""
    phrases = [*clause.subject, *clause.objects]
    phrases += [one for word, one in clause.places if word not in _COMPARING]
    unseen = clause.verb in verbs.UNREAL_OBJECTS
    for phrase in phrases:
        noun = phrase.head.lemma
        if noun in {"moon", "star"} and not (unseen and phrase not in clause.subject):
            yield 0.8, DayTime.NIGHT
        if noun == "sun" and clause.verb == "go" and clause.perfect and not is_denied(clause):
            yield 1.5, DayTime.EVENING  # `The sun has gone.`
        if noun == "sun" and phrase in clause.subject and not is_denied(clause):
            if clause.verb in _SINKING and (clause.particle in {"down", ""}):
                yield (
                    (2.0 if clause.verb in {"set", "sink"} or clause.particle else 0),
                    (DayTime.EVENING),
                )
            elif clause.verb == "be" and clause.particle == "down":
                yield 1.5, DayTime.EVENING
            elif clause.verb == "rise" or (clause.verb == "come" and clause.particle == "up"):
                yield 2.0, DayTime.DAWN
    subject = clause.subject[0].head.lower if clause.subject else ""
    said = {one.token.lower for one in clause.complements if not one.negated}
    around = {one.lower for one in clause.adverbs}
    within = any(word in {"in", "inside", "under", "behind", "down"} for word, _ in clause.places)
    if within or around & {"there", "here", "inside", "somewhere"} or is_denied(clause):
        return  # `It was dark in the cupboard.`
    if "dark" in said and subject in {"it", "night", "sky"}:
        nearly = around & {"nearly", "almost", "getting"} or clause.verb in {"grow", "get"}
        yield 1.0, DayTime.EVENING if nearly else DayTime.NIGHT
    if "late" in said and subject == "it":
        yield 0.9, DayTime.EVENING
