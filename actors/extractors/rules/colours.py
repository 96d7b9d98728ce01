"""Colours and patterns, with the things that have them."""

from collections.abc import Iterator, Sequence

from actors.extractors.rules.clauses import Clause, all_phrases, end_of
from actors.extractors.rules.hue import (
    coloured,
    has_colour,
    is_colour,
    is_name,
    is_plain_colour,
    merged,
    names_colour,
    part_of,
    together,
)
from actors.extractors.rules.lexicon import colouring, hues, nouns, verbs
from actors.extractors.rules.lexicon.abstract import ABSTRACT
from actors.extractors.rules.lexicon.denial import VISIBLE
from actors.extractors.rules.lone import Lone, back, is_one_of_several
from actors.extractors.rules.loss import gone, lacking
from actors.extractors.rules.phrases import NounPhrase
from actors.extractors.rules.props import SOUGHT
from actors.extractors.rules.showing import is_all_around, is_denied, is_unreal
from actors.extractors.rules.things import Things
from actors.extractors.rules.tokens import Sentence, Token

_UNSEEN = verbs.UNREAL_OBJECTS - {"paint", "draw", "sing", "read", "hear", "love", "like", "visit"}


def read_colours(
    sentences: Sequence[Sentence], clauses: Sequence[Clause], subjects: Sequence[str]
) -> tuple[str, ...]:
    """Returns the coloured things of a page: `dark red coat`.

    `subjects` are the names of those whom each clause is about.
    """
    found: list[str] = []
    things, said = Things(), ""
    around = {one.sentence for one in clauses if is_all_around(one)}
    for clause, name in zip(clauses, subjects, strict=True):
        it = clause.sentence in around and [one.head.lower for one in clause.subject] == ["it"]
        if not (it or _is_imagined(clause)):
            beside = [one for one in clauses if one.sentence == clause.sentence]
            tokens = sentences[clause.sentence].tokens
            reading = _Reading(tokens, clause, name, beside, things)
            hues_read = [*reading.read(), *reading.same(said)]
            found += hues_read if reading.counts else together(hues_read)
            said = reading.last
            over = gone(clause)
            found = [one for one in found if one.split()[-1] not in over]
        things.name(clause)
    return tuple(dict.fromkeys(one for one in found if not _is_of_idea(one)))


def _is_of_idea(said: str) -> bool:
    """Returns whether a colour was read with a noun that nobody sees: `the pink company`."""
    noun = said.split()[-1].casefold()
    return noun in ABSTRACT and noun not in VISIBLE and noun not in colouring.SEEN


def _is_imagined(clause: Clause) -> bool:
    """Returns whether a clause tells of what is not there: `if`, `would`, `wanted to`."""
    then = {"ago", "yesterday", "tomorrow", "someday", "before", "formerly"}
    if any(one.lower in then for one in clause.adverbs) or clause.particle == "before":
        return True
    if clause.told or clause.marker in {"if", "unless", "whether", "as if", "like", "than"}:
        return True
    if clause.modal in {"would", "should", "might", "may", "will", "shall", "must"}:
        return True
    governor = clause.governor
    return governor is not None and (governor.verb in verbs.IRREALIS or is_unreal(governor))


class _Reading:
    """The colours of one clause."""

    def __init__(
        self,
        tokens: Sequence[Token],
        clause: Clause,
        name: str,
        beside: Sequence[Clause],
        things: Things,
    ) -> None:
        """Takes the clauses of the same sentence, its own among them, and the things before."""
        self._tokens = tokens
        self._name = name
        self._clause = clause
        self._things = things
        self._gone = lacking(clause)
        self._phrases = all_phrases([clause])
        self._beside = all_phrases(beside)
        self._elsewhere = {
            said.at for one in beside if one is not clause for said in one.complements
        }
        self._lone = Lone(tokens, clause, self._beside)
        self.counts = any(one.head.lower in {"one", "ones"} for one in self._phrases)
        """Whether it tells several things apart: `a blue one, a striped one`."""
        self.last = ""
        """The last colour that was said of the subject."""

    def read(self) -> Iterator[str]:
        for phrase in self._shown():
            yield from self._own(phrase)
        yield from merged(list(self._alone()))
        for phrase in self._phrases:
            yield from self._named(phrase)
        denied = is_denied(self._clause)
        for token in self._tokens[self._clause.start : self._clause.end]:
            yield from filter(None, ["" if denied else part_of(token.lower)])
        if self._clause.verb in colouring.MAKING and self._clause.tag in {"VBN", "VBD"}:
            yield from self._made()

    def _alone(self) -> Iterator[str]:
        """Yields the colours that do not stand before their noun."""
        taken: set[int] = set()
        for at in range(self._clause.start, min(self._clause.end, len(self._tokens))):
            if at not in taken | self._elsewhere and self._lone.stands(at):
                start, end = self._lone.run(at)
                taken |= set(range(start, end))
                yield from self._said(start, end)

    def same(self, said: str) -> Iterator[str]:
        """Yields the colour of the clause before, if this one has it too: `so were her boots`."""
        clause = self._clause
        first = [one.lower for one in self._tokens[max(0, clause.start - 2) : clause.end]]
        also = clause.verb == "be" and "so" in first and not (clause.objects or clause.places)
        if said and also and not clause.complements and not is_denied(clause):
            for one in clause.subject:
                yield from self._with(said, one)

    def _shown(self) -> Iterator[NounPhrase]:
        """Yields the phrases of the clause whose things are there."""
        clause = self._clause
        denied = is_denied(clause) and clause.verb in colouring.HAVING
        imagined = any(self._is_imagined(one) for one in self._phrases)
        if imagined:
            return
        yield from (one for one in clause.subject if one not in self._gone)
        for phrase in clause.objects:
            hidden = denied and phrase not in clause.affirmed
            if not hidden and clause.verb not in _UNSEEN and phrase not in self._gone:
                yield phrase
        thought = False
        for word, phrase in clause.places:
            # `Thought of the bakery with its pink cakes`.
            thought = thought or (word in {"of", "for", "about"} and clause.verb in _UNSEEN)
            new = phrase.determiner in {"a", "an"} or clause.verb in {"wait", "wish", "long"}
            sought = word == "for" and clause.verb in SOUGHT and new
            thought = thought or sought  # `Looked for a boy with a white shirt`.
            kept = word in {"except", "for"} and clause.verb in {"be", "have"}
            kept = kept and not (denied or thought) and bool(clause.complements)
            if kept or (word not in colouring.SIMILES and not thought):
                yield phrase

    def _is_imagined(self, phrase: NounPhrase) -> bool:
        """Returns whether a pronoun stands for what is only dreamt of."""
        if phrase.head.is_noun or self._clause.verb in verbs.SAYING:
            return False  # `She said it to a man in blue`.
        thing = self._things.of(phrase)
        return thing is not None and self._things.is_unreal(thing)

    def _own(self, phrase: NounPhrase) -> Iterator[str]:
        """Yields a phrase's colours before its noun, and those after `of`."""
        if phrase.negated:
            return
        hued = is_colour(phrase.head.lower) and len(phrase.tokens) <= 3
        if hued and is_one_of_several(phrase):
            thing = self._things.of(NounPhrase(phrase.tokens[:1]), self._before(phrase))
            if thing is not None and thing.plural:
                yield from self._with(coloured(phrase.tokens), thing)
            return
        if is_plain_colour(phrase.head):
            # `A fog the yellowish grey of old wool`.
            apposed = self._ending(phrase.start)
            if apposed is not None:
                yield from self._with(coloured(phrase.tokens), apposed)
            return
        said = "" if is_name(phrase) else coloured(phrase.tokens[:-1])
        if said and self._clause.verb == "be" and self._says_hue(phrase):
            for one in self._clause.subject:
                yield from self._with(said, one)
            return
        if said and has_colour(phrase.head, phrase.tokens[:-1]):
            yield from self._with(said, phrase)
        of = phrase.of
        if of is None or of.negated:
            return
        inner = coloured(of.tokens[:-1])
        eaten = bool(inner) and of.head.lemma in hues.GROWN  # `A dab of pink cream`.
        if of.head.lemma in hues.MATERIALS or (is_colour(of.head.lower) and not eaten):
            hue = inner or coloured(of.tokens)
            if hue and phrase.head.lemma not in hues.AMOUNTS and not names_colour(phrase):
                yield from self._with(hue, phrase)
                return
        yield from self._own(of)

    def _says_hue(self, phrase: NounPhrase) -> bool:
        """Returns whether a phrase only says what the subject looks like.

        `His nose was the reddest thing`, `the curtain was red velvet`, `the sea was green today`.
        """
        head = phrase.head.lemma
        stuff = head in hues.MATERIALS and not phrase.determiner
        there = any(one.head.tag == "EX" for one in self._clause.subject)
        said = any(one is phrase for one in self._clause.objects) and not there
        return head in {"thing", "today", "tonight", "now"} or (said and stuff)

    def _before(self, phrase: NounPhrase) -> list[NounPhrase]:
        named = [one for one in self._beside if one.start < phrase.start]
        return [one for one in named if not is_plain_colour(one.head)]

    def _said(self, start: int, end: int) -> Iterator[str]:
        """Yields colours that stand alone, with the thing that they are said of."""
        said = coloured(self._tokens[start:end])
        at = back(self._tokens, start)
        word = self._tokens[at - 1].lower if at else ""
        if word in {"in", "with"} and at > 1 and self._tokens[at - 2].lower in hues.PATTERNS:
            # `Checked in red and cream`.
            said = f"{said} {self._tokens[at - 2].lower}"
            at = back(self._tokens, at - 2)
            word = self._tokens[at - 1].lower if at else ""
        if word in {"once", "formerly"} or self._is_of_the_weather():
            return
        phrase = self._ending(at - 1 if word in {",", "of"} else at)
        if phrase is not None and self._is_compared(phrase):
            phrase = None  # `Thin as paper and red as flame`.
        if phrase is not None and word == "," and self._only_lies_there(phrase):
            phrase = None
        if phrase is not None and word == ",":
            phrase = self._with_parts(phrase)
        if phrase is not None and self._is_beside_the_point(phrase, start):
            phrase = None
        if phrase is None and self._clause.verb in colouring.DYEING and not self._clause.passive:
            led = self._clause.marker in {"that", "which"}
            whole = self._ending(self._clause.start) if led else None
            for one in (*self._clause.objects, *([whole] if whole else [])):
                yield from self._with(said, one)  # `A crown that he had painted gold`.
        elif part := self._part_after(end):
            yield from self._with(said, part)
        elif phrase is not None:
            yield from self._with(said, phrase)
        elif (word == "in" or self._clause.verb == "wear") and self._is_about_people():
            yield f"{said} clothes"
        elif self._name and all(one.head.tag == "PRP" for one in self._clause.subject):
            turns = self._clause.verb in colouring.TURNING
            yield f"{said} face" if turns else f"{said} {self._name}"
        else:
            self.last = said
            for one in self._subject():
                yield from self._with(said, one)

    def _part_after(self, end: int) -> NounPhrase | None:
        """Returns the part of a body that alone has a colour: `only blue about the knees`."""
        parts = [one for word, one in self._clause.places if word in colouring.PARTLY]
        near = [one for one in parts if one.begin == end + 1 and one.head.lemma in nouns.BODY]
        return near[0] if near else None

    def _is_of_the_weather(self) -> bool:
        """Returns whether a colour is that of all around: `it was cool there, and green`."""
        said = {one.lower for one in self._clause.adverbs}
        subject = self._clause.subject
        it = len(subject) == 1 and subject[0].head.lower == "it"
        return it and bool(said & {"there", "here", "everywhere", "outside", "inside"})

    def _with_parts(self, phrase: NounPhrase) -> NounPhrase:
        """Returns what a phrase is a part of: `a coat with brass buttons, dark green and long`."""
        words = [word for word, one in self._clause.places if one is phrase]
        whole = self._ending(phrase.begin - 1)
        if not words or phrase.head.lemma in nouns.BODY or whole is None:
            return phrase
        # `There was a boat on the water, small and blue`.
        new = whole.determiner in {"a", "an"} and phrase.determiner == "the"
        part = words[0] == "with" or (words[0] in {"in", "on", "by", "at"} and new)
        return whole if part and whole.head.character is None else phrase

    def _is_beside_the_point(self, phrase: NounPhrase, start: int) -> bool:
        """Returns whether a phrase before a colour has nothing to do with it.

        `On one leg, as grey as the sky`; `pink on one side and green on the other`.
        """
        placed = [one for word, one in self._clause.places if word in {"on", "in", "at", "with"}]
        where = any(one is phrase for one in placed) and bool(self._clause.subject)
        likened = start > 1 and self._tokens[start - 1].lower == "as"
        side = phrase.head.lemma in {"side", "inside", "outside", "end", "top", "underside"}
        return where and (likened or side)

    def _is_compared(self, phrase: NounPhrase) -> bool:
        return any(
            one is phrase and word in {"as", "like", "than"} for word, one in self._clause.places
        )

    def _only_lies_there(self, phrase: NounPhrase) -> bool:
        """Returns whether a phrase is where the subject is: `hung from the beams, red and blue`."""
        clause = self._clause
        where = any(
            placed is phrase
            and (word not in {"in", "with", "of"} or placed.head.lemma in colouring.ROWS)
            for word, placed in clause.places
        )
        things = [self._things.of(one) for one in clause.subject if one.head.tag != "EX"]
        hangs = clause.verb in colouring.HANGING
        return (
            where
            and hangs
            and any(one is not None and one.head.character is None for one in things)
        )

    def _is_about_people(self) -> bool:
        return all(
            one.head.character is not None
            or one.head.lemma in nouns.PEOPLE
            or one.head.tag == "PRP"
            for one in self._clause.subject
        )

    def _subject(self) -> list[NounPhrase]:
        """Returns the subject, which is after `of` in `all of them`."""
        if self._clause.subject:
            return self._clause.subject
        return [phrase for word, phrase in self._clause.places if word == "of"][:1]

    def _ending(self, at: int) -> NounPhrase | None:
        """Returns the phrase that ends before a place."""
        ending = [
            one
            for one in self._beside
            if end_of(one) == at and one.head.lower not in {"pale", "dark", "bright", "light"}
        ]
        return ending[0] if ending else None

    def _made(self) -> Iterator[str]:
        """Yields the colour of what something is made of: `made of black ebony`."""
        for word, phrase in self._clause.places:
            said = coloured(phrase.tokens)
            if word in {"of", "from"} and said and phrase.head.lemma in hues.MATERIALS:
                for one in self._clause.subject:
                    yield from self._with(said, one)

    def _named(self, phrase: NounPhrase) -> Iterator[str]:
        """Yields the colours of `the colour of plums`."""
        clause = self._clause
        if phrase.of is None or not names_colour(phrase):
            return
        beside = self._ending(phrase.begin)
        if beside is not None:
            # `A door the colour of butter`.
            yield from self._with(coloured(phrase.of.tokens) or phrase.of.head.lemma, beside)
        dyed = clause.verb in colouring.DYEING and clause.passive
        if beside is not None or not (clause.verb in colouring.BEING or dyed):
            return
        if not (phrase.negated or (is_denied(clause) and phrase not in clause.affirmed)):
            said = coloured(phrase.of.tokens) or phrase.of.head.lemma
            for one in clause.subject:
                yield from self._with(said, one)

    def _with(self, said: str, phrase: NounPhrase) -> Iterator[str]:
        """Yields a colour with the thing that a phrase means."""
        before = [one for one in self._phrases if one.start < phrase.start]
        if phrase.head.lower == "ones":
            located = [one for word, one in self._clause.places if word in {"on", "in", "at"}]
            before = [one for one in before if not any(one is each for each in located)]
        alike = [one for one in before if one.head.lower in {"one", "ones"}]
        if alike and phrase.head.lower in {"one", "ones"}:
            # `A red one and a blue one` are of one kind.
            phrase, before = alike[0], [one for one in before if one.start < alike[0].start]
        thing = self._things.of(phrase, before)
        if thing is None or phrase.negated or self._things.is_unreal(thing):
            return
        # `Painted the door green` is no shade of green, and `one of cream` has no colour.
        said = " ".join(one for one in said.split() if one != thing.head.lower)
        if is_plain_colour(thing.head) or not said:
            return
        if said in hues.HAIR_ONLY and thing.head.lemma not in hues.HAIRY | nouns.ANIMALS:
            return
        head = thing.head
        if head.character is None:
            if head.lemma not in hues.UNCOLOURED:
                yield f"{said} {_compound(thing)}"
        elif self._clause.verb in colouring.TURNING:
            yield f"{said} face"
        else:
            yield f"{said} {head.text}"


def _compound(phrase: NounPhrase) -> str:
    """Returns the noun of a phrase with those before it that say what it is: `dressing gown`."""
    words = [phrase.head.lemma]
    for one in reversed(phrase.tokens[:-1]):
        if one.tag not in {"NN", "VBG"} or is_colour(one.lower) or one.lower in hues.SHADES:
            break
        words.insert(0, one.lower)
    return " ".join(words)
