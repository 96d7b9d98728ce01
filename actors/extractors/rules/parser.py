"""The parser: reads the parts of a sentence, from left to right, into clauses."""

from actors.extractors.rules import cues, groups
from actors.extractors.rules.clauses import Clause, Complement
from actors.extractors.rules.drafts import lend_subjects, rejoin, turn
from actors.extractors.rules.lexicon.garments import WRAPPING
from actors.extractors.rules.parsing import Parsing
from actors.extractors.rules.phrases import Kind, NounPhrase, Part, parts_of, phrases_of
from actors.extractors.rules.tokens import Sentence, Token


def read_clauses(sentence: Sentence, index: int = 0) -> list[Clause]:
    """Returns the clauses of a sentence, from the first to the last."""
    return _Parser(parts_of(sentence.tokens), index).read()


class _Parser(Parsing):
    """Reads the parts of one sentence from left to right."""

    def read(self) -> list[Clause]:
        at = 0
        while at < len(self._parts):
            self._at, self._drafts.start = at, self._parts[at].start
            at = self._take(self._parts[at], at)
            self._clause.end = self._parts[at - 1].end
        self._drafts.stop()
        lend_subjects(self._drafts.done)
        rejoin(self._drafts.done)
        return self._drafts.done

    def _take(self, part: Part, at: int) -> int:
        match part.kind:
            case Kind.NOUN:
                return self._noun(at)
            case Kind.VERB:
                self._verb(part, at)
            case Kind.PREPOSITION:
                return self._preposition(part, at)
            case Kind.OPENS:
                self._opens(part, at)
            case Kind.ADJECTIVE:
                self._complement(part)
            case Kind.ADVERB:
                self._adverb(part, at)
            case Kind.SPEECH:
                self._clause.speech = True
                if self._clause.verb and groups.begins(self._parts, at + 1):
                    self._drafts.stop()
            case Kind.JOIN:
                self._join(part)
            case Kind.MARK:
                self._mark(part)
        return at + 1

    def _mark(self, part: Part) -> None:
        if part.word == "," and self._at and self._parts[self._at - 1].kind is Kind.ADVERB:
            self._negator = ""  # `Not north nor south, it had dropped`.
        if part.word in {"\u2014", "(", ")"} and self._clause.subject and not self._clause.verb:
            return
        if part.word in {";", ":", ".", "!", "?"}:
            self._drafts.stop()
            colon = part.word == ":" and bool(self._drafts.done)
            self._drafts.described = self._drafts.done[-1].subject if colon else []
            self._drafts.telling = part.word == ":" and cues.lists(self._drafts.done)
        elif part.word in {"\u2014", "\u2026", "...", "(", ")"}:
            self._next()

    # Phrases.

    def _noun(self, at: int) -> int:
        group, end = self._group(at)
        leads = groups.leads_clause(self._parts, end)
        clause, comma = self._clause, groups.after_mark(self._parts, at)
        aside = all(cues.tells_time(one) for one in group) and not self._needs(at, end)
        if aside or groups.next_door(self._parts, at):
            clause.places += [("", one) for one in group]
            return end
        denied = self._parts[at - 1].word in {"neither", "nor", "or", "but"}
        opened = groups.joined(self._parts, at) or (comma and not clause.objects)
        opened = opened or groups.goes_so(self._parts, at)
        if clause.verb and opened and not leads and not denied:
            # `The sun rose, the miller and his son slept`: two subjects of one verb.
            both, after = groups.read_group(self._parts, at, negated=False, verbed=False)
            if groups.leads_clause(self._parts, after):
                group, end, leads = both, after, True
        if clause.verb and leads and not self._completes(at, end):
            self._next_of_tale(at)
        elif clause.verb and comma and groups.absolute(self._parts, at, end):
            self._next()
        elif clause.subject and not clause.verb and clause.complements and comma:
            # `Her arms full of flowers, Mia ran`.
            self._next()
        elif clause.subject and not clause.verb and groups.apposed(self._parts, clause, at, end):
            return self._aside(group, end)
        elif clause.subject and not clause.verb and not groups.joined(self._parts, at):
            self._another_subject(end)
        elif groups.joined_after_comma(self._parts, at) and (
            held := cues.listed(self._drafts.done, clause)
        ):
            held.extend(group)
            return end
        self._target().extend(group)
        if self._clause.verb and self._clause.negated and self._but:
            self._clause.affirmed += group
        self._last = group[-1]
        return end

    def _aside(self, group: list[NounPhrase], end: int) -> int:
        """Takes what stands between a subject and its verb: `Mia, the fox`, `Tom, hat in hand`."""
        clause, parts = self._clause, self._parts
        self._last = clause.subject[-1]
        placed = end + 1 < len(parts) and parts[end].kind is Kind.PREPOSITION
        if placed and parts[end].word != "of" and parts[end + 1].kind is Kind.NOUN:
            places, after = groups.read_group(parts, end + 1, negated=False, verbed=True)
            self._drafts.place(group, [(parts[end].word, one) for one in places])
            return after
        self._drafts.add(clause.subject, "be", group)
        return end

    def _next_of_tale(self, at: int) -> None:
        """Begins a clause that may be what the one before it tells: `knew the fox was there`."""
        before = self._clause
        direct = self._parts[at - 1].kind is Kind.VERB
        self._next()
        if direct and before.verb in cues.TELLING:
            self._clause.governor = before

    def _another_subject(self, end: int) -> None:
        """Tells `the boat Will built sank` from a phrase that is no subject."""
        before = self._clause
        if groups.leads_clause(self._parts, end) and groups.finite_later(self._parts, end) > 1:
            self._drafts.interrupt()
            self._drafts.whose = before.subject[-1:]
            self._clause.marker = "that"
        elif groups.verb_follows(self._parts, end):
            before.places += [("", one) for one in before.subject]
            before.subject = []

    # Verbs.

    def _verb(self, part: Part, at: int) -> None:
        tokens = [one for one in part.tokens if one.tag not in {"RB", "TO"}]
        main = tokens[-1] if tokens else part.tokens[-1]
        helpers = tuple(one.lower if one.tag == "MD" else one.lemma for one in tokens[:-1])
        denied = any(one.lower in {"not", "never"} for one in part.tokens)
        tag = "VBN" if main.lower == "gone" else main.tag
        infinitive = part.tokens[0].tag == "TO"
        loose = infinitive or (tag in {"VBG", "VBN"} and not helpers)
        before = self._clause
        joined = groups.joined(self._parts, at)
        direct = at > 0 and self._parts[at - 1].kind is Kind.NOUN
        denied = denied or (infinitive and direct and phrases_of(self._parts[at - 1]).negated)
        if cues.asked(self._clause, main):
            helpers = (before.verb, *before.helpers, *helpers)
            before.subject, before.objects = before.objects, before.subject
        elif loose and before.subject and not before.verb:
            if groups.finite_later(self._parts, at + 1):
                self._drafts.interrupt(list(before.subject))
            elif tag == "VBN" and main.lower != "gone":
                tag = "VBD"
        elif before.verb and groups.is_finite(part) and self._drafts.waiting and not joined:
            self._drafts.resume()
        elif before.objects and groups.is_finite(part) and self._there_is() and direct:
            # `There was one bowl left`.
            self._next(subject=[cues.denied(before.objects[-1], whole=before.negated)])
            tag = "VBN"
        elif before.verb:
            helpers, denied = self._coordinate(part, at, main, helpers, denied)
            if tag == "VBN" and not helpers and joined and before.tag in {"VBD", "VBP"}:
                tag = "VBD"
        clause = self._clause
        clause.verb, clause.tag, clause.helpers = main.lemma, tag, helpers
        clause.never = any(one.lower == "never" for one in part.tokens)
        clause.adverbs += [
            one for one in part.tokens if one.tag == "RB" and one.lower not in {"not", "never"}
        ]
        clause.negated = clause.negated or denied or bool(self._negator)
        self._negator = ""

    def _coordinate(
        self, part: Part, at: int, main: Token, helpers: tuple[str, ...], denied: bool
    ) -> tuple[tuple[str, ...], bool]:
        """Begins the clause of a verb that has no subject of its own."""
        before, joined = self._clause, groups.joined(self._parts, at)
        infinitive = part.tokens[0].tag == "TO"
        loose = main.tag in {"VBG", "VBN", "VB"} and not helpers
        denied = denied or (loose and self._there_is() and before.negated)
        told = self._drafts.told(apart=groups.joined_after_comma(self._parts, at))
        self._next(subject=self._agents(main, at))
        if not self._clause.subject and self._parts[at - 1].word in cues.PARTICLES:
            self._clause.particle = self._parts[at - 1].word
        if infinitive or (main.tag == "VBG" and not helpers and groups.governed(self._parts, at)):
            self._clause.governor = before
            if infinitive and any(one.lower == "too" for one in before.adverbs):
                denied = True
            if self._parts[at - 1].kind is Kind.PREPOSITION:
                self._clause.marker = self._parts[at - 1].word
        elif joined and loose and (main.tag == before.tag or before.perfect):
            # `Wanted to run and jump`, `was singing and dancing`, `did not run or jump`.
            helpers, self._clause.governor = before.helpers, before.governor
            self._clause.marker = before.marker
            denied = denied or (before.negated and self._parts[at - 1].word in {"or", "nor"})
        elif joined and told.marker in cues.CARRIED:
            self._clause.marker, self._clause.governor = told.marker, told.governor
        return helpers, denied

    def _agents(self, main: Token, at: int) -> list[NounPhrase]:
        """Returns who does what a verb without a subject says."""
        before = self._clause
        turn(before)
        direct = at > 0 and self._parts[at - 1].kind is Kind.NOUN
        if cues.presents(before) and main.tag in {"VBG", "VBN"}:
            return list(before.objects)  # `This is Tom, running`.
        if groups.inverted(self._parts, at) and main.lemma in cues.COMING:
            return []
        if main.lemma in WRAPPING and main.tag == "VBN" and cues.is_spot(before, self._last):
            return list(before.subject)  # `Stood on the stool wrapped in a towel`.
        past = main.tag == "VBN" and before.tag in {"VBD", "VBP"}
        if groups.joined(self._parts, at) and (past or groups.is_finite(self._parts[at])):
            return list(self._drafts.told(apart=groups.joined_after_comma(self._parts, at)).subject)
        return cues.agents(before, main.tag, self._last if direct else None)

    # Prepositions and what opens a clause.

    def _preposition(self, part: Part, at: int) -> int:
        word = part.word
        following = self._parts[at + 1] if at + 1 < len(self._parts) else None
        if word == "without":
            self._negator = "without"
        if following is None or following.kind is not Kind.NOUN:
            self._alone(part, at, following)
            return at + 1
        if (
            (following.word in cues.ACTING and (following.word != "it" or word in cues.ALONE))
            and groups.verb_follows(self._parts, at + 2)
            and (word not in cues.SUBORDINATE)
            and not groups.holds(self._parts, at)
        ):
            if self._clause.verb and groups.apart(self._parts, at):
                self._next()  # `And up he went`.
            self._adverb(part, at)
            return at + 1
        if word == "outside" and groups.goes_on(self._parts, at + 1) and not self._clause.verb:
            self._clause.adverbs += part.tokens  # `Outside the first flakes are falling`.
            return at + 1
        time = word == "for" and cues.tells_time(phrases_of(following))
        if word in cues.SUBORDINATE and not time and groups.clause_follows(self._parts, at + 1):
            self._opens(part, at)
            return at + 1
        clause = self._clause
        if self._particle(word, at) or self._comes_along(word, at):
            clause.particle = word
            return at + 1
        group, end = self._group(at + 1)
        if clause.verb and clause.subject and groups.turned(self._parts, at, end):
            self._next()  # `And in his lap lay the kite`.
            clause = self._clause
        direct = at > 0 and self._parts[at - 1].kind is Kind.NOUN
        if word == "of" and direct and (last := cues.attach(clause, self._last, group)):
            self._last = last
            return end
        clause.places += [(word, phrase) for phrase in group]
        self._last = group[-1]
        return end

    def _alone(self, part: Part, at: int, following: Part | None) -> None:
        """Takes a preposition that no phrase follows."""
        if self._clause.verb and groups.comes_out(self._parts, at):
            self._next()  # `Korn whistled, and out of the coal hole came a dragon`.
        word, clause = part.word, self._clause
        if following is None:
            led, tag = False, ""
        else:
            led, tag = following.kind in {Kind.VERB, Kind.PREPOSITION}, following.tokens[-1].tag
        if word in cues.PARTICLES and tag.startswith("VB") and groups.joined(self._parts, at):
            return
        if word == "outside" and (clause.verb or not clause.subject):
            clause.adverbs += part.tokens
        if word == "out" and clause.objects and following is not None and following.word == "of":
            return
        if word in cues.PARTICLES and (clause.verb or (led and not clause.subject)):
            clause.particle = clause.particle or word
        elif word in cues.SUBORDINATE and tag.startswith("VB") and tag != "VBG":
            self._opens(part, at)

    def _opens(self, part: Part, at: int) -> None:
        before, word = self._clause, part.word
        following = self._parts[at + 1] if at + 1 < len(self._parts) else None
        relative = word in cues.RELATIVE and self._last is not None and at > 0
        led = groups.verb_follows(self._parts, at + 1) or (
            following is not None and following.kind is Kind.VERB
        )
        last = cues.being(before, self._last) if word == "who" else self._last
        subject = [last] if relative and led and last is not None else []
        if before.subject and not before.verb and groups.finite_later(self._parts, at) > 1:
            subject = list(before.subject) if subject and len(before.subject) > 1 else subject
            self._drafts.interrupt(subject)
        else:
            self._next(subject=subject)
        self._clause.marker = word
        aside = word in {"which", "whom"} and at > 1 and self._parts[at - 1].word == ","
        after_noun = at > 0 and self._parts[at - 1 - aside].kind is Kind.NOUN
        if word in {"that", "which", "who", "whom"} and after_noun and not led:
            self._drafts.whose = [self._last] if self._last is not None else []
        tells = before.verb in cues.ADDRESSING or not after_noun
        if word in cues.REPORTING and before.verb in cues.TELLING and tells:
            self._clause.governor = before

    def _complement(self, part: Part) -> None:
        denied = (self._clause.negated and not self._but) or bool(self._negator)
        self._negator = ""
        self._clause.complements += [
            Complement(one, denied, place)
            for place, one in enumerate(part.tokens, part.start)
            if one.tag != "DT"
        ]

    def _adverb(self, part: Part, at: int) -> None:
        word, clause = part.word, self._clause
        following = self._parts[at + 1] if at + 1 < len(self._parts) else None
        if word in {"not", "never"}:
            place = at + 1
            while place < len(self._parts) and self._parts[place].kind is Kind.ADVERB:
                place += 1
            near = self._parts[place].kind if place < len(self._parts) else Kind.MARK
            if cues.counts(following) and near is Kind.MARK:
                return  # `One yellow boot, and not two.`
            if clause.verb and near is Kind.MARK and self._parts[at - 1].kind is not Kind.VERB:
                self._negator = "not"  # `Straight, not sideways.`
                return
            if near is Kind.PREPOSITION and clause.subject and not clause.verb:
                clause.negated = True
            elif near in {Kind.NOUN, Kind.ADJECTIVE, Kind.PREPOSITION} and not self._ends_verb(at):
                self._negator = "without"
            elif not (clause.verb and groups.apart(self._parts, at)):
                clause.negated = True
                clause.never = word == "never"
        elif word in cues.PARTICLES and not clause.particle and self._takes_particle(following):
            clause.particle = word
        elif word in {"instead", "rather"} and following is not None and following.word == "of":
            self._negator = "instead of"
        elif word in {"only", "just"} and clause.negated:
            self._but = True
        elif self._negator == "not":
            self._complement(part)
        else:
            joined = clause.verb and self._parts[at - 1].kind is Kind.JOIN
            there = word in {"there", "here"} and groups.finite_later(self._parts, at + 1)
            if joined and (self._leads(at + 1) or there):
                self._next()  # `A bell rang, and somewhere Tom called`.
            self._clause.adverbs += part.tokens

    def _join(self, part: Part) -> None:
        # `He had no rope. Or a torch.`
        alone = part.word == "or" and not self._at and not groups.finite_later(self._parts, 0)
        if part.word in {"neither", "nor"} or alone:
            self._negator = "neither"
        elif part.word in {"but", "yet", "so"}:
            self._negator = ""
            self._but = part.word == "but" and bool(self._clause.verb)
