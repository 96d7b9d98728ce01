"""Groups: the noun phrases that are joined, and whether a clause begins with one."""

from collections.abc import Sequence

from actors.extractors.rules.clauses import Clause
from actors.extractors.rules.lexicon import nouns
from actors.extractors.rules.phrases import Kind, NounPhrase, Part, phrases_of

_FINITE = frozenset({"VBD", "VBZ", "VBP", "MD"})
_JOINS = frozenset({",", "and", "or", "nor", "&"})
_OPENING = frozenset({"as", "before", "after", "until", "till", "since", "than", "like", "for"})
_FAR = 9


def is_finite(part: Part) -> bool:
    """Returns whether a part is a verb that can be the first of its clause."""
    return part.kind is Kind.VERB and any(one.tag in _FINITE for one in part.tokens)


def verb_follows(parts: Sequence[Part], at: int) -> bool:
    """Returns whether a finite verb follows at once, or after adverbs."""
    while at < len(parts) and parts[at].kind is Kind.ADVERB:
        at += 1
    return at < len(parts) and is_finite(parts[at])


def leads_clause(parts: Sequence[Part], at: int) -> bool:
    """Returns whether a phrase that ends at a place is the subject of a verb after it.

    Between the two may stand adverbs, and what belongs to the phrase: `the boy in the red coat`,
    `the girl sitting on the wall`.
    """
    end = min(len(parts), at + _FAR)
    loose = relative = False
    while at < end:
        part = parts[at]
        if is_finite(part) and not relative:
            return True
        if is_finite(part):
            relative = False
            at += 2 if at + 1 < end and parts[at + 1].kind is Kind.NOUN else 1
            continue
        if part.kind is Kind.OPENS and part.word in {"who", "that", "which"}:
            relative, loose = True, True
            at += 2 if at + 1 < end and parts[at + 1].kind is Kind.NOUN else 1
            continue
        if part.word == "," and not loose and (after := _aside_end(parts, at)):
            return verb_follows(parts, after)
        if part.kind is Kind.PREPOSITION and at + 1 < end and parts[at + 1].kind is Kind.NOUN:
            if part.word in _OPENING and verb_follows(parts, at + 2):
                return False
            at += 2
        elif part.kind is Kind.VERB and part.tokens[-1].tag in {"VBG", "VBN"} and not loose:
            loose = True
            at += 2 if at + 1 < end and parts[at + 1].kind is Kind.NOUN else 1
        elif part.kind is Kind.ADVERB or (
            part.kind is Kind.ADJECTIVE and parts[at - 1].word in {"as", "so"}
        ):
            at += 1
        else:
            return False
    return False


def _aside_end(parts: Sequence[Part], at: int) -> int:
    """Returns the end of what stands between commas: `, in her best hat, `; 0 if nothing does."""
    first = parts[at + 1] if at + 1 < len(parts) else None
    if first is not None and first.word in {"who", "whose"}:
        # `And Tom, who was late, ran`.
        ends = (place for place in range(at + 2, min(len(parts), at + _FAR + 9)))
        return next((place + 1 for place in ends if parts[place].word == ","), 0)
    if first is None or first.kind is not Kind.PREPOSITION:
        return 0
    for place in range(at + 2, min(len(parts), at + _FAR + 3)):
        part = parts[place]
        if part.word == ",":
            return place + 1
        if part.kind in {Kind.MARK, Kind.SPEECH, Kind.OPENS} or is_finite(part):
            return 0
    return 0


def finite_later(parts: Sequence[Part], at: int) -> int:
    """Returns how many finite verbs are left before the sentence's next stop."""
    count = 0
    for part in parts[at:]:
        if part.kind is Kind.MARK and part.word in {";", ":", ".", "!", "?"}:
            break
        if part.kind is Kind.SPEECH:
            break
        count += is_finite(part)
    return count


def read_group(
    parts: Sequence[Part], at: int, *, negated: bool, verbed: bool
) -> tuple[list[NounPhrase], int]:
    """Returns the phrases that are joined from a place on, `a hat, a scarf and boots`, and the end.

    `negated` tells whether something before denies them, `verbed` whether their clause has its
    verb already, so that a verb after one of them begins another clause.
    """
    found = [_phrase(parts[at], negated)]
    end = at + 1
    while True:
        joins = end
        while joins < len(parts) and parts[joins].word in _JOINS:
            joins += 1
        if joins == end or joins >= len(parts) or joins - end > 2:
            break
        following = parts[joins]
        if following.kind is not Kind.NOUN or not _listed(parts, end, joins):
            break
        if verbed and _leads(parts, joins):
            break
        if any(part.word == "and" for part in parts[at + 1 : end]) and parts[end].word == ",":
            break
        if verb_follows(parts, joins + 1) and parts[joins - 1].word == ",":
            break
        found.append(_phrase(following, negated or parts[joins - 1].word == "nor"))
        end = joins + 1
    return found, end


def _leads(parts: Sequence[Part], at: int) -> bool:
    """Returns whether a phrase at a place is a subject, alone or with the one joined to it."""
    if leads_clause(parts, at + 1):
        return True
    joined = at + 2 < len(parts) and parts[at + 1].word == "and"
    return joined and parts[at + 2].kind is Kind.NOUN and leads_clause(parts, at + 3)


def _listed(parts: Sequence[Part], end: int, joins: int) -> bool:
    """Returns whether what is between two phrases joins them: a comma only if `and` comes later."""
    if parts[joins - 1].word != ",":
        return True
    later = parts[joins + 1 : joins + 10]
    if [part.word for part in later[:2]] == ["and", "i"]:
        return False  # `We sat on the roof, Tom and I`.
    for place, part in enumerate(later):
        following = later[place + 1] if place + 1 < len(later) else None
        if part.kind is Kind.JOIN and part.word in {"and", "or"}:
            return following is not None and following.kind is Kind.NOUN
        aside = place > 0 and later[place - 1].word == ","
        of = part.kind is Kind.PREPOSITION and part.word in {"of", "with"} and not aside
        if not of and (part.kind not in {Kind.NOUN, Kind.MARK} or part.word in {";", ":"}):
            return False
    return False


def _phrase(part: Part, negated: bool) -> NounPhrase:
    phrase = phrases_of(part)
    if negated:
        phrase = NounPhrase(phrase.tokens, phrase.start, phrase.owner, True)
    return phrase


def after_mark(parts: Sequence[Part], at: int) -> bool:
    """Returns whether a comma, dash or speech comes before a place."""
    return at > 0 and parts[at - 1].word in {",", "\u201d", "\u2014", "("}


def joined(parts: Sequence[Part], at: int) -> bool:
    """Returns whether `and` or the like comes before a place, adverbs apart."""
    while at > 0 and parts[at - 1].kind is Kind.ADVERB:
        at -= 1
    return at > 0 and parts[at - 1].kind is Kind.JOIN


def apart(parts: Sequence[Part], at: int) -> bool:
    """Returns whether a comma or a joining word is directly before a place: `, not really`."""
    return after_mark(parts, at) or (at > 0 and parts[at - 1].kind is Kind.JOIN)


def goes_so(parts: Sequence[Part], at: int) -> bool:
    """Returns whether `, so` or `, then` comes before a place."""
    return at > 1 and parts[at - 1].word in {"so", "then"} and after_mark(parts, at - 1)


def governed(parts: Sequence[Part], at: int) -> bool:
    """Returns whether a participle completes the verb before it: `stopped running`."""
    return at > 0 and parts[at - 1].kind in {Kind.VERB, Kind.PREPOSITION}


def absolute(parts: Sequence[Part], at: int, end: int) -> bool:
    """Returns whether a phrase has its own place or doing: `she stood, her nose in the air`."""
    first = parts[at].tokens[0].tag
    if end >= len(parts) or first not in {"PRP$", "DT", "CD", "NNP"}:
        return False
    following = parts[end]
    if following.kind is Kind.VERB:
        return following.tokens[-1].tag in {"VBG", "VBN"}
    if first == "NNP":
        return False
    if following.kind is Kind.ADJECTIVE:
        return first == "PRP$" or _at_body(parts, end + 1)
    if following.kind is not Kind.PREPOSITION or following.word in {"of", "to"}:
        return False
    own = parts[at].tokens[-1].lemma in nouns.BODY
    return first == "PRP$" or own or _at_body(parts, end)


def _at_body(parts: Sequence[Part], at: int) -> bool:
    """Returns whether a place on a body follows: `in her hands`."""
    if at + 1 >= len(parts) or parts[at].kind is not Kind.PREPOSITION:
        return False
    return parts[at + 1].tokens[-1].lemma in nouns.BODY


def apposed(parts: Sequence[Part], clause: Clause, at: int, end: int) -> bool:
    """Returns whether a phrase says who the one before is: `Mia, the fox`, `Pip the mouse`."""
    if not after_mark(parts, at):
        named = clause.subject[-1].head.character is not None
        direct = parts[at - 1].kind is Kind.NOUN
        return named and direct and parts[at].tokens[0].tag in {"DT", "PRP$"}
    following = parts[end] if end < len(parts) else None
    if following is None or not all(one.head.is_noun for one in clause.subject):
        return False
    if following.word in {",", "\u2014", ")"} or verb_follows(parts, end):
        return True
    after = parts[end + 2].word if end + 2 < len(parts) else ""
    return following.kind is Kind.PREPOSITION and after in {",", "\u2014"}


def clause_follows(parts: Sequence[Part], at: int) -> bool:
    """Returns whether a subject and its verb follow: `as Rose and Will walked home`."""
    if leads_clause(parts, at + 1):
        return True
    joins = parts[at + 1].word if at + 1 < len(parts) else ""
    _, end = read_group(parts, at, negated=False, verbed=False)
    return joins == "and" and end == at + 3 and leads_clause(parts, end)


def joined_after_comma(parts: Sequence[Part], at: int) -> bool:
    """Returns whether `, and` comes before a place, adverbs apart."""
    while at > 0 and parts[at - 1].kind is Kind.ADVERB:
        at -= 1
    return at > 1 and parts[at - 1].kind is Kind.JOIN and parts[at - 2].word == ","


def inverted(parts: Sequence[Part], at: int) -> bool:
    """Returns whether a verb stands between a place and its subject: `and out jumped a frog`."""
    if at + 1 >= len(parts) or parts[at + 1].kind is not Kind.NOUN:
        return False
    before = at
    while before > 0 and parts[before - 1].kind in {Kind.PREPOSITION, Kind.NOUN, Kind.ADVERB}:
        before -= 1
    opened = parts[before - 1].kind in {Kind.JOIN, Kind.MARK} if before else False
    return opened and before < at and parts[before].kind is not Kind.NOUN


def begins(parts: Sequence[Part], at: int) -> bool:
    """Returns whether a new sentence begins at a place, by its capital."""
    if at >= len(parts):
        return False
    token = parts[at].tokens[0]
    return token.text[:1].isupper() and token.text != "I" and token.character is None


def turned(parts: Sequence[Part], at: int, end: int) -> bool:
    """Returns whether a place after `and` comes before its verb: `and in his lap lay the kite`."""
    if at == 0 or parts[at - 1].kind is not Kind.JOIN or end + 1 >= len(parts):
        return False
    verb, subject = parts[end], parts[end + 1]
    led = verb.kind is Kind.VERB and subject.kind is Kind.NOUN and is_finite(verb)
    return led and len(verb.tokens) == 1 and verb.tokens[0].lemma in _TURNING


def comes_out(parts: Sequence[Part], at: int) -> bool:
    """Returns whether what comes out of somewhere follows: `and out of the hole came a fox`."""
    if at == 0 or at + 4 >= len(parts) or parts[at - 1].kind is not Kind.JOIN:
        return False
    kinds = [one.kind for one in parts[at + 2 : at + 5]] == [Kind.NOUN, Kind.VERB, Kind.NOUN]
    out = (parts[at].word, parts[at + 1].word) == ("out", "of")
    return out and kinds and is_finite(parts[at + 3])


def holds(parts: Sequence[Part], at: int) -> bool:
    """Returns whether what is in it comes after its verb: `in it were Tom and a dog`."""
    if at + 3 >= len(parts) or parts[at + 1].word != "it":
        return False
    opens = at == 0 or parts[at - 1].kind in {Kind.JOIN, Kind.MARK}
    verb, subject = parts[at + 2], parts[at + 3]
    turned = verb.kind is Kind.VERB and subject.kind is Kind.NOUN and len(verb.tokens) == 1
    return opens and turned and verb.tokens[0].lemma in _TURNING


_TURNING = frozenset({"be", "lie", "sit", "stand", "hang", "come", "run", "lay", "grow", "shine"})


def next_door(parts: Sequence[Part], at: int) -> bool:
    """Returns whether a phrase only tells where: `Next door, Tom was asleep`."""
    words = [one.lower for one in parts[at].tokens]
    return words == ["next", "door"] and at + 1 < len(parts) and parts[at + 1].word == ","


def goes_on(parts: Sequence[Part], at: int) -> bool:
    """Returns whether a phrase is the subject of what is going on: `flakes are falling`."""
    verb = parts[at + 1] if at + 1 < len(parts) else None
    return verb is not None and verb.kind is Kind.VERB and verb.tokens[-1].tag == "VBG"
