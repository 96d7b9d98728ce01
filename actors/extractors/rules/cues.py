"""Cues: the words by which the parser tells how the parts of a sentence belong together."""

from collections.abc import Sequence

from actors.extractors.rules.clauses import Clause
from actors.extractors.rules.lexicon import nouns
from actors.extractors.rules.lexicon.looks import SEASONS, TIMES
from actors.extractors.rules.lexicon.presence import PICTURES
from actors.extractors.rules.phrases import NounPhrase, Part
from actors.extractors.rules.tokens import Token

ACTING = frozenset({"he", "she", "it", "they", "we", "i", "there"})
ALONE = frozenset({"outside", "inside", "in", "above", "below", "up", "down", "out"})
RELATIVE = frozenset({"who", "which", "that", "whom", "whose"})
REPORTING = frozenset({"that", "what", "how", "whether", "where", "if", "why"})
PARTICLES = frozenset(
    {
        "behind",
        "up",
        "down",
        "off",
        "out",
        "away",
        "on",
        "over",
        "back",
        "in",
        "around",
        "round",
        "along",
    }
)
SEEING = frozenset({"see", "watch", "find", "notice", "spot", "meet", "hear", "catch", "leave"})
ADDRESSING = frozenset({"tell", "ask", "remind", "show", "promise", "warn", "teach"})
MAKING = frozenset({"make", "let", "help", "see", "watch", "hear", "feel"})
TELLING = frozenset(
    {
        *("think", "know", "say", "tell", "hope", "wish", "dream", "remember", "wonder", "believe"),
        *("imagine", "ask", "promise", "forget", "explain", "hear", "feel", "be", "pretend"),
    }
)
SUBORDINATE = frozenset(
    {"as", "before", "after", "until", "till", "since", "for", "like", "than", "once", "because"}
)
CARRIED = SUBORDINATE | {"if", "when", "who", "that", "which"}
COMING = frozenset(
    {
        *("come", "go", "stand", "sit", "lie", "hang", "step", "run", "fly", "walk", "jump", "be"),
        *("live", "creep", "march", "hop", "ride", "swim", "crawl", "leap", "fall", "roll", "pop"),
    }
)
WHILES = frozenset(
    {
        *("day", "time", "week", "month", "year", "hour", "minute", "moment", "while", "second"),
        *("way", "mile", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"),
        *("sunday", "birthday", "today", "instant", "inch", "bit", "lot"),
    }
)
PHRASAL = frozenset(
    {
        *(("take", "off"), ("put", "on"), ("pull", "on"), ("pull", "off"), ("pick", "up")),
        *(("throw", "away"), ("put", "down"), ("hold", "up"), ("lift", "up"), ("kick", "off")),
        *(("slip", "off"), ("slip", "on"), ("turn", "off"), ("blow", "out"), ("hang", "up")),
        *(("put", "away"), ("leave", "behind"), ("set", "down"), ("give", "up"), ("put", "up")),
        *(("lay", "down"), ("shake", "off"), ("tie", "on"), ("button", "up"), ("roll", "up")),
        *(("throw", "off"), ("hold", "out"), ("pull", "out"), ("take", "out"), ("turn", "on")),
        *(("blow", "up"), ("snatch", "up"), ("scoop", "up"), ("gather", "up"), ("open", "up")),
        *(("reel", "in"), ("bring", "in"), ("haul", "in"), ("hand", "in"), ("fish", "out")),
        *(("hand", "out"), ("give", "out"), ("pour", "out"), ("spread", "out"), ("lay", "out")),
        *(("put", "out"), ("share", "out"), ("hold", "on"), ("wave", "away"), ("wipe", "away")),
        *(("pull", "up"), ("pull", "down"), ("push", "away"), ("throw", "down"), ("throw", "up")),
        *(("let", "out"), ("give", "back"), ("give", "away"), ("bring", "out"), ("bring", "back")),
        *(("lift", "off"), ("lift", "out"), ("cut", "off"), ("cut", "out"), ("break", "off")),
        *(("drink", "up"), ("eat", "up"), ("gobble", "up"), ("pack", "up"), ("wrap", "up")),
        *(("put", "back"), ("put", "out"), ("take", "down"), ("fold", "up"), ("wind", "up")),
        *(("zip", "up"), ("push", "up"), ("hitch", "up"), ("lace", "up"), ("do", "up")),
        *(("hand", "over"), ("knock", "over"), ("throw", "back"), ("shake", "out")),
    }
)


def is_loose(clause: Clause) -> bool:
    """Returns whether the verb of a clause is a participle or infinitive alone."""
    return not clause.helpers and clause.tag in {"VBG", "VBN", "VB"}


def lists(clauses: Sequence[Clause]) -> bool:
    """Returns whether what comes after a colon was only told, dreamt or painted."""
    last = clauses[-1] if clauses else None
    if last is None:
        return False
    shown = (*last.subject, *last.objects)
    pictured = any(one.head.lemma in PICTURES for one in shown)
    return last.verb in REPORTED or (pictured and last.verb not in {"carry", "hold", "drop"})


REPORTED = frozenset(
    {
        *("speak", "tell", "talk", "describe", "dream", "imagine", "promise", "remember", "paint"),
        *("draw", "expect", "picture", "wish", "mention", "sketch"),
    }
)
"""Verbs of telling what is not there."""


def is_spot(clause: Clause, phrase: NounPhrase | None) -> bool:
    """Returns whether a phrase only tells where somebody is: `stood on the stool`."""
    return any(
        one is phrase
        and word in {"on", "at", "in", "by", "beside", "near", "under"}
        and one.head.character is None
        and one.head.lemma not in nouns.BEINGS
        for word, one in clause.places
    )


def tells_time(phrase: NounPhrase) -> bool:
    """Returns whether a phrase can stand alone for a time or a measure: `one day`, `all night`."""
    head = phrase.head
    return (
        head.is_noun
        and phrase.of is None
        and (head.lemma in TIMES or head.lemma in SEASONS or head.lemma in WHILES)
    )


def with_of(phrase: NounPhrase, of: NounPhrase) -> NounPhrase:
    """Returns a phrase with the one after `of`."""
    return NounPhrase(phrase.tokens, phrase.start, phrase.owner, phrase.negated, of)


def denied(phrase: NounPhrase, *, whole: bool) -> NounPhrase:
    """Returns a phrase that is denied if its clause as a `whole` is: `there was not a lamp lit`."""
    negated = phrase.negated or whole
    return NounPhrase(phrase.tokens, phrase.start, phrase.owner, negated, phrase.of)


def asked(clause: Clause, main: Token) -> bool:
    """Returns whether a verb completes one that asks: `did the fox see`."""
    fronted = all(one.negated for one in clause.subject)  # `No boot could they see`.
    if not fronted or len(clause.objects) == 0 or clause.places:
        return False
    if clause.verb == "do" or clause.tag == "MD":
        return main.tag in {"VB", "VBP"}
    return clause.verb in {"be", "have"} and main.tag in {"VBG", "VBN", "VBD"}


def acts(before: Clause, last: NounPhrase | None) -> bool:
    """Returns whether the phrase before a participle does it: `met a boy fishing`."""
    if last is None or last.head.lower.endswith(("self", "selves")):
        return False
    if before.places and before.places[-1][1] is last:
        return before.places[-1][0] == "with" or last.head.lemma in nouns.PEOPLE
    if not before.objects or before.objects[-1] is not last:
        return False
    being = last.head.character is not None or last.head.lemma in nouns.BEINGS
    return being or before.verb in SEEING or before.verb == "be"


def agents(before: Clause, tag: str, last: NounPhrase | None) -> list[NounPhrase]:
    """Returns who does what a verb says that has no subject and comes after a clause.

    `last` is the phrase directly before the verb, if one is.
    """
    there = not before.subject or before.subject[0].head.tag == "EX"
    it = bool(before.subject) and before.subject[0].head.lower in {"it", "that"}
    somebody = [one for one in before.objects if one.head.character is not None]
    if (there or it) and somebody and before.verb == "be" and tag == "VBG":
        return somebody[-1:]  # `It was Tom, waving`.
    if there and before.objects:
        return before.objects[-1:] if before.subject else list(before.objects)
    if tag == "VBN" and last is not None:
        return [last]
    if tag == "VB" and last is not None and before.places and before.places[-1] == ("for", last):
        return [last]
    if tag == "VB" and last is not None and before.objects and before.verb in MAKING:
        return before.objects[-1:]
    if tag == "VBG" and last is not None and acts(before, last):
        return [last]
    return list(before.subject)


def listed(done: Sequence[Clause], clause: Clause) -> list[NounPhrase] | None:
    """Returns the list that goes on after an aside: `red peppers, that are hot, and a thistle`."""
    aside = clause.marker in {"that", "which"} and clause.verb == "be"
    if not (aside and clause.complements and clause.subject):
        return None
    lists = (one.objects for one in reversed(done) if one is not clause)
    return next((one for one in lists if any(each is clause.subject[0] for each in one)), None)


def being(clause: Clause, last: NounPhrase | None) -> NounPhrase | None:
    """Returns whom `who` means after a phrase: the man of `a man in blue overalls, who waved`."""
    named = [*clause.subject, *clause.objects, *(one for _, one in clause.places)]
    if last is None or _is_somebody(last) or last not in named:
        return last
    before = [one for one in named if one.start < last.start and _is_somebody(one)]
    return max(before, key=lambda one: one.start, default=last)


def _is_somebody(phrase: NounPhrase) -> bool:
    head = phrase.head
    return (
        head.tag in {"PRP", "NNP", "NNPS"}
        or head.lemma in nouns.BEINGS
        or head.character is not None
    )


def attach(
    clause: Clause, last: NounPhrase | None, group: Sequence[NounPhrase]
) -> NounPhrase | None:
    """Puts the phrase after `of` into the last phrase of a clause, and returns the last one then.

    What is joined stands beside it: `a basket of eggs and no umbrella`.
    """
    for held in (clause.objects, clause.subject):
        if held and last is held[-1]:
            held[-1:] = [with_of(held[-1], group[0]), *group[1:]]
            return held[-1]
    if clause.places and last is clause.places[-1][1]:
        word, placed = clause.places[-1]
        clause.places[-1:] = [(word, one) for one in (with_of(placed, group[0]), *group[1:])]
        return clause.places[-1][1]
    return None


def counts(part: Part | None) -> bool:
    """Returns whether a part is a number alone."""
    return part is not None and part.tokens[0].tag == "CD"


def asks(clause: Clause) -> bool:
    """Returns whether a clause begins with the verb that a question does: `had Rose seen`."""
    bare = not (clause.subject or clause.objects or clause.places)
    return bare and (clause.verb in {"do", "have", "be"} or clause.tag == "MD")


def presents(clause: Clause) -> bool:
    """Returns whether a clause shows somebody: `This is Tom`."""
    shown = bool(clause.subject) and clause.subject[0].head.lower in {"this", "that", "here"}
    named = any(one.head.character is not None for one in clause.objects)
    return shown and named and clause.verb == "be" and not clause.negated
