"""Who is on a page: the characters who are there, and the others beside them."""

from collections.abc import Sequence

from actors.extractors.rules.clauses import Clause
from actors.extractors.rules.extras import departs
from actors.extractors.rules.kinds import said_with
from actors.extractors.rules.leaving import has_left, is_away
from actors.extractors.rules.lexicon import nouns
from actors.extractors.rules.lexicon.actions import ACTIONS
from actors.extractors.rules.lexicon.colouring import SHINING
from actors.extractors.rules.lexicon.places import RESTING
from actors.extractors.rules.lexicon.presence import (
    ARRIVING,
    BEASTLY,
    FIGURES,
    LAID,
    LIVING,
    MINDING,
    MUTTERING,
    PICTURES,
    SEEKING,
    STAYING,
    THINGLY,
)
from actors.extractors.rules.lexicon.verbs import SAYING
from actors.extractors.rules.loss import gone
from actors.extractors.rules.meeting import (
    is_afar,
    is_body,
    is_call,
    is_garment,
    is_general,
    is_pictured,
    is_there_though,
    is_thought_by,
    said_of,
    tells_apart,
    was_done,
)
from actors.extractors.rules.memory import Who
from actors.extractors.rules.others import Others
from actors.extractors.rules.phrases import NounPhrase
from actors.extractors.rules.presence import Presence
from actors.extractors.rules.referents import ALL, Referents
from actors.extractors.rules.roll import Roll
from actors.extractors.rules.showing import afar, is_denied, is_unreal, long_before
from actors.extractors.rules.speech import (
    addressed,
    calls_names,
    introduces,
    only_names,
)
from actors.extractors.rules.tokens import Sentence

_ALONE = frozenset({"alone", "lonely"})
_DREAMING = frozenset({"dream", "imagine", "picture"})
_BACKGROUND = frozenset(
    {"that", "which", "whom", "what", "where", "because", "for", "since", "as", "though"}
)
"""The markers of clauses that tell what was before: `because Tom had left`."""


def read_presence(
    sentences: Sequence[Sentence], clauses: Sequence[Clause], referents: Referents
) -> Presence:
    """Returns who is on the next page."""
    referents.turn()
    reading = _Reading(referents)
    reading.before = long_before(clauses) | afar(clauses, _DREAMING)
    for index, sentence in enumerate(sentences):
        referents.begin(sentence, index)
        reading.asks = sentence.text.endswith("?")
        reading.ends = sentence.text[-1:]
        for clause in clauses:
            if clause.sentence == index:
                reading.take(clause)
        reading.end(sentence)
    return reading.presence()


class _Reading:
    """Who a page shows, clause after clause."""

    def __init__(self, referents: Referents) -> None:
        self._referents = referents
        self._roll = Roll(referents)
        self._beside = Others(referents, self._roll)
        self._subjects: list[Who] = []
        self._owners: dict[tuple[int, int], Who] = {}
        self._dreams = False
        self._main: Who = ()
        self._asked = False
        self._noun = ""
        self._pictured: tuple[int, frozenset[int]] = (-1, frozenset())
        self.before: set[int] = set()
        """The clauses that tell of what was long before, by their `id`."""
        self.asks = False
        """Whether the sentence is a question of the tale: `Where was Tom?`"""
        self.ends = ""
        """The mark that ends the sentence."""

    def take(self, clause: Clause) -> None:
        """Reads the next clause."""
        who = self._subject(clause)
        self._reveal(clause)
        if who:
            self._dreams = False
        everyone = any(one.head.lower in ALL for one in clause.subject)
        if who and not (clause.marker or clause.governor or everyone):
            self._main = who
        self._place(clause, who)
        over = gone(clause)
        if departs(clause):
            over |= {one.head.lemma for one in clause.subject if one.plural}
        self._roll.extras = [one for one in self._roll.extras if one not in over]
        self._beside.take(clause, who, hidden=self._dreams or self.asks)
        pictures = any(one.head.lemma in PICTURES for one in clause.phrases)
        if who and (clause.verb in _DREAMING or pictures) and not is_denied(clause):
            self._dreams = True
        for phrase in (*clause.subject, *clause.phrases):
            if is_body(phrase):
                self._referents.remember(self._referents.owner(phrase))
        if not everyone:
            self._referents.remember(who)
        for phrase in (*clause.subject, *clause.phrases):
            if phrase.owner:
                self._owners[clause.sentence, phrase.start] = self._referents.owner(phrase)
        if _ALONE & said_of(clause):
            self._roll.alone |= set(who)

    def end(self, sentence: Sentence) -> None:
        """Ends a sentence: those to whom its speeches are said are there."""
        self._referents.remember(self._main)
        speakers, self._main = self._main, ()
        names = self._referents.names
        named = introduces(sentence.spoken, names, asked=self._asked)
        if named:
            self._referents.call(self._noun, named[0])
            self._roll.extras = [one for one in self._roll.extras if one != self._noun]
        self._roll.here(named)
        self._asked = any("name" in one or "who are you" in one.lower() for one in sentence.spoken)
        called = addressed(sentence.spoken, names)
        if speakers and not called and calls_names(sentence.spoken):
            called = list(self._referents.latest(speakers))
        self._roll.here([one for one in called if one not in self._roll.absent])
        self._recognise(sentence)

    def _recognise(self, sentence: Sentence) -> None:
        """Adds who is named in a low voice, and takes back the stranger who that is."""
        if not any(one.lemma in MUTTERING for one in sentence.tokens):
            return
        who = only_names(sentence.spoken, self._referents.names)
        self._roll.here(who)
        if who and self._roll.extras[-1:] and self._roll.extras[-1] in FIGURES:
            del self._roll.extras[-1:]

    def presence(self) -> Presence:
        """Returns who is there after the last clause."""
        roll = self._roll
        there = roll.call()
        extras = list(dict.fromkeys(roll.extras))
        return Presence(
            *(there, roll.absent, extras, self._subjects, self._owners, self._beside.meant_by),
            open=self._referents.open,
        )

    def _subject(self, clause: Clause) -> Who:
        """Returns whom a clause is about, with the owners of what is on their bodies."""
        if is_thought_by(clause):
            clause.subject, clause.objects = clause.objects, []
        self._called(clause)
        groups = [self._meant(clause, one) for one in clause.subject]
        if not all(one.negated for one in clause.subject):
            # `Not Tom but Mia held the reins`.
            pairs = list(zip(clause.subject, groups, strict=True))
            groups = [group for phrase, group in pairs if not phrase.negated]
            self._roll.away([one for phrase, group in pairs if phrase.negated for one in group])
        if not any(one.head.lower in ALL for one in clause.subject):
            self._referents.join(groups)
        who = tuple(dict.fromkeys(one for group in groups for one in group))
        if not who:
            bodies = [
                self._referents.owner(one)
                for one in clause.subject
                if is_body(one) and not (is_garment(one) and clause.verb in LAID - {"be"})
            ]
            who = tuple(dict.fromkeys(one for group in bodies for one in group))
        self._subjects.append(who)
        self._referents.tell(clause.subject, who)
        self._noun = clause.subject[-1].head.lemma if clause.subject else ""
        return who

    def _reveal(self, clause: Clause) -> None:
        """Takes back the stranger of whom a clause says who it is: `It was Tom`."""
        it = bool(clause.subject) and clause.subject[0].head.lemma in {"it", "that", "name"}
        named = any(one.head.character is not None for one in clause.objects)
        if it and named and clause.verb == "be" and not is_denied(clause):
            del self._roll.extras[-1:]

    def _meant(self, clause: Clause, phrase: NounPhrase) -> Who:
        """Returns whom a subject means; `it` barks only if it is an animal."""
        if phrase.head.lower == "it" and clause.verb in BEASTLY:
            return self._referents.animal()
        if phrase.head.lower == "we" and any(one.head.lower == "i" for one in clause.objects):
            # `We sat on the roof, Tom and I`.
            both = [self._referents.of(one) for one in clause.objects]
            return tuple(dict.fromkeys(one for group in both for one in group))
        speaks = clause.speech and clause.verb in SAYING
        acts = clause.verb in ACTIONS - THINGLY and not clause.passive
        if phrase.head.lower == "it" and clause.verb in SHINING:
            return ()  # `Her fur was brown, and it shone.`
        who = self._referents.of(phrase, subject=True, speaks=speaks, acts=acts)
        alone = len(clause.subject) == 1 and (acts or clause.verb in RESTING) and not clause.negated
        looks = said_with(clause, phrase)
        who = who or self._referents.described(phrase, looks, alone=alone)
        if speaks and phrase.head.is_noun:
            self._referents.speak(who)
        if phrase.head.tag == "PRP" and len(who) > 1:
            done_to = [one for one in clause.objects if one.head.lower in {"her", "him", "me"}]
            apart = {one for each in done_to for one in self._referents.of(each)}
            # `They rocked her`: she is none of them.
            return tuple(one for one in who if one not in self._roll.absent | apart)
        return who

    def _place(self, clause: Clause, who: Who) -> None:
        """Decides whether the subject of a clause is there."""
        if is_general(clause):
            self._roll.unmet += clause.subject
        if clause.subject and any(clause.subject[-1] is one for one in self._roll.unmet):
            return
        shown = (clause.sentence, frozenset(who))
        if is_pictured(clause) or is_afar(clause) or shown == self._pictured:
            self._pictured = shown
            return
        if id(clause) in self.before or (clause.governor is not None and is_away(clause.governor)):
            return
        if is_call(clause, self.ends) or (
            self.asks and not clause.speech and clause.marker not in {"why", "how"}
        ):
            return
        negated = bool(clause.subject) and all(one.negated for one in clause.subject)
        if is_away(clause) or has_left(clause):
            self._roll.away(who)
        elif is_unreal(clause):
            if is_there_though(clause) and not negated:
                self._roll.weak += who
        elif negated and (clause.verb in STAYING | ARRIVING or not clause.verb):
            self._roll.away(who)
        elif was_done(clause) or tells_apart(clause):
            told = clause.marker in _BACKGROUND
            self._roll.weak += () if told and clause.perfect else who
        elif clause.verb in LIVING and not clause.speech:
            self._roll.homes += who
            self._roll.home_extras += self._beside.strangers(clause.subject, clause)
        else:
            self._strongly(clause, who)

    def _strongly(self, clause: Clause, who: Who) -> None:
        if clause.verb in MINDING | SEEKING and any(
            one.head.lower in ALL for one in clause.subject
        ):
            return  # `Everybody knows that`.
        pronoun = bool(clause.subject) and clause.subject[0].head.tag == "PRP"
        if pronoun and set(who) <= self._roll.minded and clause.verb not in ARRIVING:
            return
        self._roll.here(who)
        still = clause.verb == "be" and clause.tag != "VBG"
        self._roll.still = self._roll.still | set(who) if still else self._roll.still - set(who)
        if not is_denied(clause) or clause.verb not in {"be", *ARRIVING}:
            self._roll.extras += self._beside.strangers(clause.subject, clause)

    def _called(self, clause: Clause) -> None:
        """Remembers who somebody is said to be: `The boy was called Tom`, `The boy was Tom`."""
        named = clause.verb in {"call", "name"} and clause.passive
        if not (named or clause.verb == "be") or is_denied(clause):
            return
        who = [one.head.character for one in clause.objects[:1]]
        for phrase in clause.subject:
            being = phrase.head.lemma in nouns.BEINGS
            if being and phrase.head.character is None and who and who[0] is not None:
                self._referents.call(phrase.head.lemma, who[0])
                self._roll.extras = [one for one in self._roll.extras if one != phrase.head.lemma]
