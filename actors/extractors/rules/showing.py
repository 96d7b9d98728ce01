"""Which clauses a picture can show: what happens on the page, not what is wished or remembered."""

from collections.abc import Sequence

from actors.extractors.rules.clauses import Clause
from actors.extractors.rules.cues import RELATIVE
from actors.extractors.rules.lexicon import verbs

_UNREAL_MODALS = frozenset(
    {"would", "should", "might", "may", "will", "shall", "must", "ought", "'ll", "had"}
)
_UNREAL_MARKERS = frozenset(
    {"if", "unless", "before", "until", "till", "like", "than", "since", "whether", "as if"}
)
_NOT_OFTEN = frozenset({"never", "hardly", "rarely", "seldom", "nowhere", "neither", "barely"})
_USUAL = frozenset({"used_to", "usually", "ago", "yesterday", "tomorrow", "someday"})
_ALWAYS = frozenset({"always", "often", "usually", "sometimes"})
_TOLD_BY = RELATIVE | {"how", "when"}
_YOUTH = frozenset({"small", "young", "little", "alive", "boy", "girl", "child", "baby", "kid"})
"""What somebody was long ago: `when he was small`."""


def is_denied(clause: Clause) -> bool:
    """Returns whether a clause says that something is not so."""
    if clause.negated or any(one.lower in _NOT_OFTEN for one in clause.adverbs):
        return True
    if clause.subject and all(one.negated for one in clause.subject):
        return True
    governor = clause.governor
    if governor is None:
        return False
    if governor.verb == "stop" and clause.tag == "VB":
        return is_denied(governor)  # `Did not stop to look for it`.
    if governor.verb == "give" and governor.particle == "up" and clause.tag == "VBG":
        return not is_denied(governor)
    return (governor.verb in verbs.DENYING) != is_denied(governor)


def is_unreal(clause: Clause) -> bool:
    """Returns whether a clause tells of what is only thought, wished, told, asked or past."""
    if clause.modal in _UNREAL_MODALS or clause.marker in _UNREAL_MARKERS:
        return not (clause.marker == "since" and _is_reason(clause))
    if clause.marker and [one.head.lower for one in clause.subject] == ["you"]:
        return True  # `The kind that you hit a ball with`.
    if clause.verb == "be" and clause.marker == "when" and _YOUTH & _said(clause):
        return True
    times = [one.head.lower for word, one in clause.places if not word]
    if _USUAL & {*times, *(one.lower for one in clause.adverbs)}:
        return True
    if clause.marker in _TOLD_BY and "once" in times_said(clause):
        return True  # `Gran, who once met a bear`.
    if clause.told or _only_compares(clause):
        return True
    if clause.marker in {"where", "as"} and any(one.lower in _ALWAYS for one in clause.adverbs):
        return True
    governor = clause.governor
    if governor is None:
        return False
    if is_unreal(governor):
        return True
    if _is_intended(clause, governor):
        return True
    if governor.verb == "look":
        return any(one.lower == "forward" for one in governor.adverbs)
    if clause.tag == "VB" and _is_done(governor):
        return False
    return governor.verb in verbs.IRREALIS or governor.verb == "say"


def _is_intended(clause: Clause, governor: Clause) -> bool:
    """Returns whether something is yet to be done: `was never going to hit it`."""
    led = governor.verb == "go" and governor.tag == "VBG" and "be" in governor.helpers
    return led and clause.tag == "VB" and not any(word for word, _ in governor.places)


def _is_done(governor: Clause) -> bool:
    """Returns whether a verb tells that what it leads to is done: `remembered to water it`."""
    if governor.verb == "remember":
        return not is_denied(governor)
    return governor.verb == "forget" and is_denied(governor)


def _is_reason(clause: Clause) -> bool:
    """Returns whether `since` gives a reason: `since there were no hats left`."""
    there = bool(clause.subject) and clause.subject[0].head.tag == "EX"
    none = clause.negated or any(one.negated for one in clause.objects)
    return there or (none and clause.verb in {"be", "have"} and not clause.perfect)


def times_said(clause: Clause) -> set[str]:
    """Returns the adverbs of a clause."""
    return {one.lower for one in clause.adverbs}


def _only_compares(clause: Clause) -> bool:
    """Returns whether a clause only compares: `as proud as a queen can be`, `as one walks`."""
    if clause.marker not in {"as", "than"}:
        return False
    subject = {one.head.lower for one in clause.subject}
    bare = not (clause.objects or clause.complements or clause.helpers)
    if clause.marker == "as" and bare and clause.verb in {"be", "do"} and clause.tag != "VBG":
        # `She was not white, as rabbits in books are`.
        return not any(one.head.tag == "EX" for one in clause.subject)
    vague = clause.modal in {"can", "could"} and clause.verb in {"be", "do"}
    return vague or subject in ({"one"}, {"you"}, {"people"})


def _said(clause: Clause) -> set[str]:
    """Returns what a clause says that its subject is."""
    return {one.token.lower for one in clause.complements} | {
        one.head.lemma for one in clause.objects
    }


def is_for_naught(clause: Clause) -> bool:
    """Returns whether a clause tells only for what there is nothing: `nobody to play with`."""
    if clause.tag != "VB" or clause.helpers or not clause.negated:
        return False
    near = [clause] if clause.governor is None else [clause, clause.governor]
    named = [one for each in near for one in (*each.subject, *each.phrases)]
    return any(one.negated for one in named)


def is_imagined(clause: Clause) -> bool:
    """Returns whether a clause tells of nothing that happens; what ends a wait does happen."""
    governor = clause.governor
    if governor is not None and governor.verb == "have" and clause.tag == "VB":
        return is_imagined(governor)  # `Had to laugh`.
    waited = clause.marker in {"until", "till"} and clause.tag in {"VBD", "VBZ", "VBP"}
    return not waited and is_unreal(clause)


def is_past(clause: Clause) -> bool:
    """Returns whether a clause tells of what was before: `had lost`."""
    return clause.perfect or (clause.governor is not None and is_past(clause.governor))


def is_shown(clause: Clause) -> bool:
    """Returns whether a clause tells what a picture can show."""
    return not (is_denied(clause) or is_unreal(clause) or is_past(clause))


def afar(clauses: Sequence[Clause], thinking: frozenset[str] = verbs.UNREAL_OBJECTS) -> set[int]:
    """Returns the clauses that only describe what somebody thinks of, by their `id`.

    `They dream of Grandfather, who crossed the sea`; `of the street where the trams went by`.
    """
    found: set[int] = set()
    thought: set[int] = set()
    before: Clause | None = None
    for clause in clauses:
        led = clause.marker in RELATIVE or clause.tag in {"VBG", "VB"}
        told = led and any(id(one) in thought for one in clause.subject)
        beside = before is not None and before.sentence == clause.sentence
        if beside and clause.marker == "where" and before is not None:
            last = list(before.phrases)[-1:]
            told = told or (bool(last) and before.verb in thinking)
        if told:
            found.add(id(clause))
        if clause.verb in thinking:
            thought |= {id(one) for one in clause.phrases}
        before = clause
    return found


def long_before(clauses: Sequence[Clause]) -> set[int]:
    """Returns the clauses in the past tense of a page that is told in the present, by `id`."""
    now = [one for one in clauses if one.tag in {"VBZ", "VBP"} and not one.marker]
    then = [one for one in clauses if one.tag == "VBD" and not one.helpers]
    if len(now) <= 2 * len(then):
        return set()
    return {id(one) for one in then if one.marker}


def is_all_around(clause: Clause) -> bool:
    """Returns whether `it` is all that is seen: `at noon it is blue outside`."""
    it = [one.head.lower for one in clause.subject] == ["it"] and clause.verb in {"be", "get"}
    return it and any(one.lower in {"outside", "outdoors", "everywhere"} for one in clause.adverbs)
