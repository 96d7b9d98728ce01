"""Who is on a page: the characters who are there, and the others beside them."""

from collections.abc import Iterator, Sequence

from actors.extractors.rules.clauses import Clause
from actors.extractors.rules.extras import adorns, are_toys, extras_of, figurative, inhabitants
from actors.extractors.rules.leaving import has_left, is_away
from actors.extractors.rules.lexicon import nouns
from actors.extractors.rules.lexicon.actions import ACTIONS
from actors.extractors.rules.lexicon.colouring import SHINING
from actors.extractors.rules.lexicon.presence import (
    ARRIVING,
    BEASTLY,
    CLINGING,
    FIGURES,
    LAID,
    LIVING,
    MINDING,
    MUTTERING,
    NEAR,
    PICTURES,
    SEEKING,
    STAYING,
    THINGLY,
    UNSEEN_BY,
)
from actors.extractors.rules.lexicon.verbs import SAYING
from actors.extractors.rules.meeting import (
    is_afar,
    is_bare,
    is_body,
    is_call,
    is_denied_object,
    is_errand,
    is_garment,
    is_general,
    is_met,
    is_picture,
    is_pictured,
    is_there_though,
    is_thought_by,
    is_told,
    only_tells,
    said_of,
    tells_apart,
    there_is,
    was_done,
)
from actors.extractors.rules.memory import Who
from actors.extractors.rules.phrases import NounPhrase
from actors.extractors.rules.presence import Presence
from actors.extractors.rules.referents import ALL, Referents
from actors.extractors.rules.roll import Roll
from actors.extractors.rules.showing import is_denied, is_unreal, long_before
from actors.extractors.rules.speech import addressed, calls_names, introduces, only_names
from actors.extractors.rules.tokens import Sentence

_ALONE = frozenset({"alone", "lonely"})
_DREAMING = frozenset({"dream", "imagine", "picture"})
_BACKGROUND = frozenset(
    {"that", "which", "whom", "what", "where", "because", "for", "since", "as", "though"}
)
"""The markers of clauses that tell what was before: `because Tom had left`."""
_SAVE = frozenset({"except", "but", "save"})


def read_presence(
    sentences: Sequence[Sentence], clauses: Sequence[Clause], referents: Referents
) -> Presence:
    """Returns who is on the next page."""
    referents.turn()
    reading = _Reading(referents)
    reading.before = long_before(clauses)
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
        self._subjects: list[Who] = []
        self._owners: dict[tuple[int, int], Who] = {}
        self._meant_by: dict[tuple[int, int], Who] = {}
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
        self._others(clause, who)
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
        return Presence(there, roll.absent, extras, self._subjects, self._owners, self._meant_by)

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
        if speaks and phrase.head.is_noun:
            self._referents.speak(who)
        if phrase.head.tag == "PRP" and len(who) > 1:
            return tuple(one for one in who if one not in self._roll.absent)
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
            self._roll.home_extras += self._strangers(clause.subject, clause)
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
            self._roll.extras += self._strangers(clause.subject, clause)

    def _others(self, clause: Clause, subject: Who) -> None:
        """Adds those whom a clause tells of beside its subject."""
        groups = []
        shown = not (is_unreal(clause) or was_done(clause) or tells_apart(clause))
        shown = shown and not (self._dreams or self.asks)
        nobody = any(one.negated for one in clause.subject) and clause.verb in {"be", *ARRIVING}
        for phrase in clause.objects:
            who = self._object(clause, phrase, subject)
            self._meant_by[clause.sentence, phrase.start] = who
            groups.append(who)
            if clause.verb == "lose" and not (is_denied(clause) or clause.passive):
                self._roll.gone(who)
            elif nobody and who and not phrase.negated:
                self._roll.here(who)  # `Nobody was there but Tom`.
            elif is_denied_object(clause, phrase):
                self._unseen(clause, phrase, who)
            elif (clause.verb in MINDING and not clause.speech) or is_errand(clause):
                self._roll.minded |= set(who) - set(self._roll.there)
                self._roll.unmet.append(phrase)
            elif shown and (clause.verb not in SEEKING or is_told(clause)):
                self._beside(clause, phrase, who)
        for word, phrase in clause.places:
            who = self._referents.of(phrase, but=subject)
            self._meant_by[clause.sentence, phrase.start] = who
            groups.append(who)
            self._near(clause, word, phrase, who, shown=shown)
        if not subject:
            self._referents.join(groups)

    def _object(self, clause: Clause, phrase: NounPhrase, subject: Who) -> Who:
        """Returns whom an object means; what the subject is said to be means the subject."""
        noun = phrase.head.lemma
        told = len(subject) == 1 and phrase.head.character is None and not is_denied(clause)
        if told and clause.verb == "be" and noun in nouns.BEINGS:
            if phrase.determiner in {"the", "our"} and not phrase.plural:
                self._referents.call(noun, subject[0])
            return subject
        return self._referents.of(phrase, but=subject, opening=there_is(clause, phrase))

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

    def _near(
        self, clause: Clause, word: str, phrase: NounPhrase, who: Who, *, shown: bool
    ) -> None:
        """Decides whether those are there whom a preposition tells of: `with Tom`."""
        if word in _SAVE or (word == "without" and phrase.negated):
            self._except(clause, phrase, who)
        elif word in {"about", "of"} and not is_met(clause, word):
            self._roll.minded |= set(who) - set(self._roll.there)
            self._roll.unmet.append(phrase)
        elif not ((word in UNSEEN_BY and word != "of") or phrase.negated or not shown):
            denied = is_denied(clause) and clause.verb in {"be", *ARRIVING}
            if denied or not (is_met(clause, word) or (word == "from" and is_body(phrase))):
                self._roll.unmet.append(phrase)
                return
            if clause.verb in LIVING:
                self._roll.homes += who
                self._roll.home_extras += extras_of(phrase, known=bool(who))
                return
            self._roll.here(who)
            self._bodies(clause, phrase)
            if not (figurative(clause.places) or (word == "with" and adorns(clause, phrase))):
                self._roll.extras += extras_of(phrase, known=bool(who))

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
            self._roll.extras += extras_of(phrase, known=bool(who), verb=clause.verb)

    def _bodies(self, clause: Clause, phrase: NounPhrase) -> None:
        """Adds those whose bodies are told of: `in her eyes`, `in front of Tom`."""
        if is_body(phrase) and not is_garment(phrase) and clause.verb != "have":
            own = self._referents.owner(phrase)
            self._roll.here([one for one in own if one not in self._roll.minded])
            if phrase.owner and phrase.owner[-1].tag != "PRP$":
                owner = NounPhrase(phrase.owner)
                known = bool(own) or self._referents.may_mean(owner)
                self._roll.extras += extras_of(owner, known=known)
        near = phrase.head.lemma in NEAR or (clause.verb == "take" and is_picture(phrase))
        if phrase.of is not None and near:
            self._roll.here(self._referents.of(phrase.of))
        if is_garment(phrase) and clause.verb in CLINGING and phrase.owner:
            owner = NounPhrase(phrase.owner)
            who = self._referents.owner(phrase)
            self._roll.here(who)
            self._roll.extras += extras_of(owner, known=bool(who))

    def _strangers(self, phrases: Sequence[NounPhrase], clause: Clause) -> Iterator[str]:
        if figurative(clause.places) or is_pictured(clause) or are_toys(phrases):
            return
        yield from inhabitants(clause)
        for phrase in phrases:
            if any(phrase is one for one in self._roll.unmet) or (
                not clause.verb and is_bare(phrase)
            ):
                continue
            known = self._referents.of(phrase, subject=True)
            vague = self._referents.may_mean(phrase)
            yield from extras_of(phrase, known=bool(known) or vague)

    def _unseen(self, clause: Clause, phrase: NounPhrase, who: Who) -> None:
        """Decides of those whom a denied verb is done to: `could not see Tom`."""
        if clause.perfect and clause.verb in {"see", "hear", "find", "meet", "spot"}:
            self._roll.away(who)  # `Nobody had seen Tom since Tuesday`.
        elif any(one.negated for one in clause.subject) and clause.verb not in STAYING | ARRIVING:
            self._roll.here(who)
            self._roll.extras += extras_of(phrase, known=bool(who))
        elif clause.verb in {"be", *ARRIVING} or not set(who) & set(self._roll.there):
            self._roll.away(who)
