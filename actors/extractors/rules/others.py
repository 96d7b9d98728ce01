"""Others: those whom a clause tells of beside its subject, and whether they are there."""

from collections.abc import Iterator, Sequence

from actors.extractors.rules.clauses import Clause
from actors.extractors.rules.extras import (
    adorns,
    are_toys,
    departs,
    extras_of,
    figurative,
    inhabitants,
    is_being,
)
from actors.extractors.rules.kinds import said_with
from actors.extractors.rules.lexicon import nouns
from actors.extractors.rules.lexicon.presence import (
    ARRIVING,
    CLINGING,
    CROWDS,
    LIVING,
    MINDING,
    NEAR,
    PAINTING,
    SEEKING,
    STAYING,
    UNSEEN_BY,
)
from actors.extractors.rules.meeting import (
    is_bare,
    is_body,
    is_denied_object,
    is_errand,
    is_garment,
    is_general,
    is_grip,
    is_met,
    is_picture,
    is_pictured,
    is_told,
    only_tells,
    said_of,
    tells_apart,
    there_is,
    was_done,
)
from actors.extractors.rules.memory import Who
from actors.extractors.rules.phrases import NounPhrase
from actors.extractors.rules.props import is_thing
from actors.extractors.rules.referents import Referents
from actors.extractors.rules.roll import Roll
from actors.extractors.rules.showing import is_denied, is_unreal

_CROWDED = frozenset({"full", "crowded", "packed", "crammed"})
_SAVE = frozenset({"except", "but", "save"})


class Others:
    """Those whom the clauses of a page tell of beside their subjects."""

    def __init__(self, referents: Referents, roll: Roll) -> None:
        """Takes the roll of the page, to which they are added."""
        self._referents = referents
        self._roll = roll
        self.meant_by: dict[tuple[int, int], Who] = {}
        """Whom each object and each phrase after a preposition means."""

    def take(self, clause: Clause, subject: Who, *, hidden: bool) -> None:
        """Adds those whom a clause tells of beside its subject, if they are not `hidden`."""
        groups = []
        shown = not (is_unreal(clause) or was_done(clause) or tells_apart(clause))
        shown = shown and not (hidden or is_general(clause))
        nobody = any(one.negated for one in clause.subject) and clause.verb in {"be", *ARRIVING}
        for phrase in clause.objects:
            who = self._object(clause, phrase, subject)
            self.meant_by[clause.sentence, phrase.start] = who
            groups.append(who)
            if clause.verb == "lose" and not (is_denied(clause) or clause.passive):
                self._roll.gone(who)
            elif nobody and who and not phrase.negated:
                self._roll.here(who)  # `Nobody was there but Tom`.
            elif _is_there_as_well(clause, phrase):
                self._roll.here(who)
            elif is_denied_object(clause, phrase):
                self._unseen(clause, phrase, who)
            elif (clause.verb in MINDING and not clause.speech) or is_errand(clause):
                self._roll.minded |= set(who) - set(self._roll.there)
                self._roll.unmet.append(phrase)
                if clause.verb in PAINTING:
                    self._roll.likened.add(phrase.head.lemma)
            elif shown and (clause.verb not in SEEKING or is_told(clause)):
                self._beside(clause, phrase, who)
        for word, phrase in clause.places:
            if word in {"like", "as"} and phrase.head.lemma not in self._roll.extras:
                self._roll.likened.add(phrase.head.lemma)
            # `The hall was full of dancers. They sang.`
            told = word in {"of", "with"} and bool(_CROWDED & said_of(clause))
            who = self._referents.of(phrase, but=subject, subject=told)
            self.meant_by[clause.sentence, phrase.start] = who
            groups.append(who)
            self._near(clause, word, phrase, who, shown=shown)
        if not subject:
            self._referents.join(groups)

    def _object(self, clause: Clause, phrase: NounPhrase, subject: Who) -> Who:
        """Returns whom an object means; what the subject is said to be means the subject."""
        noun = phrase.head.lemma
        told = len(subject) == 1 and phrase.head.character is None and not is_denied(clause)
        if told and clause.verb == "be" and noun in nouns.BEINGS:
            the = phrase.determiner in {"the", "our"}
            if (the or self._plays(phrase)) and not phrase.plural:
                self._referents.call(noun, subject[0])
            return subject
        who = self._referents.of(phrase, but=subject, opening=there_is(clause, phrase))
        return who or self._referents.described(phrase, said_with(clause, phrase))

    def _plays(self, phrase: NounPhrase) -> bool:
        """Returns whether only one who plays it is meant later: `Tom was a dragon today`."""
        plain = phrase.determiner in {"a", "an"} and phrase.head.lemma not in _EVERYBODY
        return plain and not self._referents.names.called(phrase.head.lemma)

    def _near(
        self, clause: Clause, word: str, phrase: NounPhrase, who: Who, *, shown: bool
    ) -> None:
        """Decides whether those are there whom a preposition tells of: `with Tom`."""
        if word in _SAVE or (word == "without" and phrase.negated):
            self._except(clause, phrase, who)
        elif word in {"about", "of"} and not is_met(clause, word):
            self._roll.minded |= set(who) - set(self._roll.there)
            self._roll.unmet.append(phrase)
        elif clause.verb in PAINTING and is_being(phrase) and not (who or clause.passive):
            self._roll.likened.add(phrase.head.lemma)  # `Painted a man on a horse`.
        elif not ((word in UNSEEN_BY and word != "of") or phrase.negated or not shown):
            denied = is_denied(clause) and clause.verb in {"be", *ARRIVING}
            if denied or not (is_met(clause, word) or (word == "from" and is_body(phrase))):
                self._roll.unmet.append(phrase)
                return
            if clause.verb in LIVING:
                self._roll.homes += who
                self._roll.home_extras += extras_of(phrase, known=bool(who))
                return
            if is_grip(clause) and clause.verb == "go":
                self._roll.weak += (*who, *self._referents.owner(phrase))
                return  # `Did not let go of Mum's hand`.
            self._roll.here(who)
            self._bodies(clause, phrase)
            if is_grip(clause):
                self._roll.here(self._referents.owner(phrase))
            if not (figurative(clause.places) or (word == "with" and adorns(clause, phrase))):
                self._roll.show(extras_of(phrase, known=bool(who)), phrase)

    def _except(self, clause: Clause, phrase: NounPhrase, who: Who) -> None:
        """Adds or removes the exception: `nobody but Tom`, `everyone except Tom`."""
        nobody = any(one.negated for one in clause.subject)
        if not nobody:
            self._roll.gone(who)
        elif not is_unreal(clause):
            self._roll.here(who)
            plain = NounPhrase(phrase.tokens, phrase.start, phrase.owner)
            self._roll.extras += extras_of(plain, known=bool(who))

    def _beside(self, clause: Clause, phrase: NounPhrase, who: Who) -> None:
        """Adds those whom a clause's verb is done to."""
        if clause.verb in LIVING:
            self._roll.homes += who
            self._roll.home_extras += extras_of(phrase, known=bool(who))
            return
        self._roll.here(who)
        told_of = only_tells(clause, phrase)
        if not told_of:
            self._bodies(clause, phrase)
        if not (told_of or figurative(clause.places) or are_toys(clause.objects)):
            self._roll.show(extras_of(phrase, known=bool(who), verb=clause.verb), phrase)

    def _bodies(self, clause: Clause, phrase: NounPhrase) -> None:
        """Adds those whose bodies are told of: `in her eyes`, `in front of Tom`."""
        if is_body(phrase) and not is_garment(phrase) and clause.verb != "have":
            own = self._referents.owner(phrase)
            self._roll.here([one for one in own if one not in self._roll.minded])
            if phrase.owner and phrase.owner[-1].tag != "PRP$":
                owner = NounPhrase(phrase.owner)
                known = bool(own) or self._referents.may_mean(owner)
                self._roll.show(extras_of(owner, known=known), owner)
        near = phrase.head.lemma in NEAR or (clause.verb == "take" and is_picture(phrase))
        if phrase.of is not None and near:
            self._roll.here(self._referents.of(phrase.of))
        if is_garment(phrase) and clause.verb in CLINGING and phrase.owner:
            owner = NounPhrase(phrase.owner)
            who = self._referents.owner(phrase)
            self._roll.here(who)
            self._roll.extras += extras_of(owner, known=bool(who))

    def strangers(self, phrases: Sequence[NounPhrase], clause: Clause) -> Iterator[str]:
        """Yields the extras among the subjects of a clause."""
        if figurative(clause.places) or is_pictured(clause) or are_toys(phrases):
            return
        if _stands_for(clause):
            return
        yield from inhabitants(clause)
        leaving = departs(clause)
        for phrase in phrases:
            if leaving and (phrase.plural or phrase.head.lemma in CROWDS):
                continue
            if any(phrase is one for one in self._roll.unmet) or (
                not clause.verb and is_bare(phrase)
            ):
                continue
            known = self._referents.of(phrase, subject=True)
            vague = self._referents.may_mean(phrase)
            if not (phrase.determiner == "the" and phrase.head.lemma in self._roll.likened):
                yield from extras_of(phrase, known=bool(known) or vague)

    def _unseen(self, clause: Clause, phrase: NounPhrase, who: Who) -> None:
        """Decides of those whom a denied verb is done to: `could not see Tom`."""
        if clause.perfect and clause.verb in {"see", "hear", "find", "meet", "spot"}:
            self._roll.away(who)  # `Nobody had seen Tom since Tuesday`.
        elif any(one.negated for one in clause.subject) and clause.verb not in STAYING | ARRIVING:
            self._roll.here(who)
            self._roll.extras += extras_of(phrase, known=bool(who))
        elif phrase.head.lower in {"me", "i"}:
            return  # `It was not me.`
        elif clause.verb in {"be", *ARRIVING} or not set(who) & set(self._roll.there):
            self._roll.away(who)


_EVERYBODY = frozenset({"boy", "girl", "child", "man", "woman", "lady", "friend", "person", "kid"})


def _stands_for(clause: Clause) -> bool:
    """Returns whether things play somebody: `The sharks were the rug`."""
    objects = clause.objects if clause.verb == "be" and not clause.negated else []
    the = all(one.determiner == "the" for one in (*clause.subject, *objects))
    return bool(objects) and the and all(is_thing(one) for one in objects)


def _is_there_as_well(clause: Clause, phrase: NounPhrase) -> bool:
    """Returns whether somebody is there who does nothing either: `not even the dog stirred`."""
    even = phrase.negated and any(one.lower == "even" for one in clause.adverbs)
    return even and (clause.tag == "VBG" or clause.verb not in {"be", *ARRIVING, *STAYING})
