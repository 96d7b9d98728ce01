"""What figures wear and look like on a page, and what they do not wear any more."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from actors.extractors.rules.clauses import Clause
from actors.extractors.rules.lexicon import garments, nouns
from actors.extractors.rules.lexicon.abstract import is_abstract
from actors.extractors.rules.loss import is_of_subject, lacking
from actors.extractors.rules.memory import Who
from actors.extractors.rules.phrases import NounPhrase
from actors.extractors.rules.presence import Presence
from actors.extractors.rules.showing import is_denied, is_imagined, is_past
from actors.extractors.rules.things import Things
from server.domain.characters import FrozenCharacter

_ON = frozenset(
    {"on", "over", "round", "around", "onto", "about", "in", "across", "upon", "behind"}
)

_NOT_WORN = nouns.BODY - garments.ADORNMENTS | garments.LIGHTS


class Wardrobe:
    """What each figure wears at the end of a page, and what it has taken off or lost."""

    def __init__(self) -> None:
        self._worn: dict[int, dict[str, str]] = defaultdict(dict)
        self._without: dict[int, dict[str, None]] = defaultdict(dict)

    def put_on(self, who: Who, noun: str, words: str) -> None:
        """Adds a garment or a look, by its noun and in the text's words."""
        for one in who:
            self._without[one].pop(noun, None)
            if len(words) >= len(self._worn[one].get(noun, "")):
                self._worn[one][noun] = words

    def take_off(self, who: Who, noun: str) -> None:
        """Adds what is not worn, or no more."""
        for one in who:
            self._worn[one].pop(noun, None)
            self._without[one][noun] = None

    def worn_by(self, one: int) -> tuple[str, ...]:
        """Returns what a figure wears or looks like."""
        return tuple(self._worn[one].values()) if one in self._worn else ()

    def without(self, one: int) -> tuple[str, ...]:
        """Returns what a figure does not wear."""
        return tuple(self._without[one]) if one in self._without else ()


def read_wearing(clauses: Sequence[Clause], presence: Presence) -> Wardrobe:
    """Returns what the figures of a page wear."""
    found, things = Wardrobe(), Things()
    beasts = {
        clause.sentence
        for clause in clauses
        for phrase in (*clause.subject, *clause.phrases)
        if phrase.head.lemma in garments.BEASTLY
    }
    for clause, who in zip(clauses, presence.subjects, strict=True):
        if not is_imagined(clause):
            reading = _Dressing(clause, who, presence, things)
            for wearer, phrase in reading.worn():
                if phrase.head.lemma == "coat" and clause.sentence in beasts:
                    continue  # `His coat was brown, his mane silver.`
                found.put_on(wearer, name_of(phrase), _words(phrase))
            for wearer, look in reading.looks():
                found.put_on(wearer, look.split()[-1], look)
            for wearer, noun in reading.taken_off():
                found.take_off(wearer, noun)
        things.name(clause)
    return found


def name_of(phrase: NounPhrase) -> str:
    """Returns the noun of a phrase in its base form; `glasses` stay so."""
    head = phrase.head
    return head.lower if head.lower in nouns.PAIRS else head.lemma


def is_garment(phrase: NounPhrase) -> bool:
    """Returns whether a phrase is about something to wear."""
    if phrase.head.sense is not None:
        return False  # `A bow and arrows`.
    return bool({phrase.head.lemma, phrase.head.lower} & nouns.GARMENTS)


def _words(phrase: NounPhrase) -> str:
    return phrase.words if phrase.head.lower in nouns.PAIRS else phrase.base


class _Dressing:
    """What one clause says about clothes."""

    def __init__(self, clause: Clause, who: Who, presence: Presence, things: Things) -> None:
        self._clause = clause
        self._who = who
        self._owners = presence.owners
        self._things = things
        self._denied = is_denied(clause)
        self._pair = (clause.verb, clause.particle)

    def worn(self) -> Iterator[tuple[Who, NounPhrase]]:
        """Yields garments with those who wear them."""
        if self._denied:
            return
        yield from self._donned()
        yield from self._on_bodies()
        yield from self._dressed_in()
        yield from self._soaked()
        yield from self._own()

    def _donned(self) -> Iterator[tuple[Who, NounPhrase]]:
        """Yields what is put on or worn by the subject: `wore a hat`, `put on his boots`."""
        clause = self._clause
        wears = clause.verb in garments.WEARING and not is_past(clause)
        puts = self._pair in garments.PUTTING_ON
        only_with = all(word == "with" or one.head.lower == "it" for word, one in clause.places)
        has = clause.verb == "have" and only_with and not clause.helpers
        yield from self._parts()
        for phrase in clause.objects:
            thing = self._things.of(phrase)
            if phrase.negated or thing is None:
                continue
            if puts and phrase is not thing and is_garment(thing):
                yield self._who, thing
            several = phrase.tokens[0].tag == "CD" and phrase.plural
            if wears or (is_garment(phrase) and (puts or (has and not several))):
                yield self._who, phrase

    def _parts(self) -> Iterator[tuple[Who, NounPhrase]]:
        """Yields garments of which a part is named: `rolled up the sleeves of her jumper`."""
        clause = self._clause
        off = self._pair in garments.TAKING_OFF
        for phrase in (*clause.subject, *clause.objects, *(one for _, one in clause.places)):
            of = phrase.of
            if of is None or off or not (of.owner and is_garment(of)):
                continue
            if phrase.head.lemma in garments.PARTS:
                yield self._owner(of), of

    def _on_bodies(self) -> Iterator[tuple[Who, NounPhrase]]:
        """Yields what is on a head or round a neck: `tied the scarf round Tom's neck`."""
        clause = self._clause
        bodies = [
            phrase
            for word, phrase in clause.places
            if word in _ON and phrase.head.lemma in garments.WEARABLE_ON
        ]
        if not bodies:
            return
        things = list(clause.objects)
        if not things or clause.verb in garments.SITTING:
            things += [one for one in clause.subject if not self._who]
        things += [
            phrase
            for word, phrase in clause.places
            if (word == "with" or clause.verb == "have") and phrase not in bodies
        ]
        body = bodies[0]
        moved = clause.verb in garments.PLACING | garments.SITTING | {"have", "be"}
        for phrase in things:
            thing = self._things.of(phrase)
            worn = thing is not None and (
                is_garment(thing) or thing.head.lemma in garments.ADORNMENTS
            )
            if thing is None or phrase.negated or not (worn or moved) or _is_being(thing):
                continue
            if thing.head.lemma in _NOT_WORN:
                continue
            stuck = phrase is thing and body.head.lemma in garments.HAIRY | {
                "ear",
                "head",
                "buttonhole",
            }
            if worn or stuck:
                yield self._owner(body), thing

    def _dressed_in(self) -> Iterator[tuple[Who, NounPhrase]]:
        """Yields what somebody is in: `in her nightgown`, `changed into a dress`."""
        clause, layered = self._clause, False
        for word, phrase in clause.places:
            if phrase.negated or not phrase.head.is_noun:
                continue
            wrapped = clause.verb in garments.WRAPPING and word in {"in", "up", "with"}
            changed = word == "into" and clause.verb in garments.CHANGING
            inside = word in {"in", "with"} and not self._searches()
            inside = inside and not (word == "in" and phrase.head.lemma in garments.FASTENERS)
            inside = inside and not self._is_bed(word, phrase)
            # `In a jacket over a kimono`.
            layered = layered or (inside and is_garment(phrase))
            under = layered and word in {"over", "under"}
            under = under or (word == "under" and clause.verb in {"sit", "stand", "sleep", "walk"})
            if word == "with" and self._is_trimming(phrase):
                continue
            if wrapped or (is_garment(phrase) and (changed or inside or under)):
                yield self._wearer(phrase), phrase

    def _soaked(self) -> Iterator[tuple[Who, NounPhrase]]:
        """Yields garments into which something gets: `sand ran into Tom's sandals`."""
        clause = self._clause
        there = [one for one in clause.objects if one.head.lemma in garments.FLAWS]
        flawed = clause.verb in {"be", "have"} and bool(there)
        thing = not any(_is_being(one) or one.head.tag == "PRP" for one in clause.subject)
        for word, phrase in clause.places:
            inside = word in {"in", "into", "under", "inside", "through", "down"}
            owner = self._owner(phrase) if phrase.owner else self._who
            if not (inside and is_garment(phrase) and owner):
                continue
            if flawed or (thing and phrase.owner and clause.verb in garments.SEEPING):
                yield owner, phrase

    def _searches(self) -> bool:
        """Returns whether somebody looks for something, which `looked like a king` does not say."""
        clause = self._clause
        looks = clause.verb == "look" and any(word == "like" for word, _ in clause.places)
        return clause.verb in garments.SEARCHING and not looks

    def _is_bed(self, word: str, phrase: NounPhrase) -> bool:
        """Returns whether somebody is in a garment as in a nest: `the dog lay in the hat`."""
        small = phrase.head.lemma in garments.SMALL and phrase.determiner == "the"
        return word == "in" and small and self._clause.verb in garments.NESTING

    def _is_trimming(self, place: NounPhrase) -> bool:
        """Returns whether a phrase is a part of a garment: `a dress with silver buttons`."""
        ending = [*self._clause.objects, *(one for _, one in self._clause.places)]
        return any(is_garment(one) and one.end == place.begin - 1 for one in ending)

    def _wearer(self, place: NounPhrase) -> Who:
        """Returns who is in a garment: whom the words name right before, else the subject."""
        clause = self._clause
        start = place.begin - 1
        for phrase in (*clause.objects, *(one for _, one in clause.places)):
            if phrase is place or phrase.end != start:
                continue
            if phrase.head.character is not None:
                return (phrase.head.character,)
            if _is_being(phrase):
                return ()
        for phrase in clause.subject:
            # `The seller, a boy in a checked shirt, scratches his chin.`
            if phrase.end == start and _is_being(phrase):
                return () if phrase is not clause.subject[0] or not self._who else self._who
        return self._who

    def _own(self) -> Iterator[tuple[Who, NounPhrase]]:
        """Yields somebody's garment of which the text tells something: `Tom's cap was green`."""
        clause = self._clause
        gone = lacking(clause)
        bodily = clause.verb in garments.SOUNDING | {"have"} or all(
            one.head.lemma in nouns.BODY for _, one in clause.places
        )
        for phrase in clause.subject:
            if not (phrase.owner and is_garment(phrase)) or phrase in gone:
                continue
            if clause.verb == "have" and any(is_abstract(one.head.lemma) for one in clause.objects):
                continue  # `Her hat had a history.`
            if clause.verb in garments.SHOWING and bodily and not clause.passive:
                yield self._who, phrase

    def _owner(self, phrase: NounPhrase) -> Who:
        return self._owners.get((self._clause.sentence, phrase.start), ()) or self._who

    def looks(self) -> Iterator[tuple[Who, str]]:
        """Yields how figures look: `bald`, `dark blonde hair`, `bare feet`, `plaits`."""
        clause = self._clause
        said = [
            one.token.lower for one in clause.complements if not one.negated and not self._denied
        ]
        if "bald" in said:
            yield self._who, "bald"
        has = clause.verb == "have" and not self._denied
        phrases = [(one, bool(one.owner)) for one in clause.subject]
        phrases += [(one, bool(one.owner) or has) for one in clause.objects]
        near = {"with", "in", "on"}
        phrases += [
            (one, bool(one.owner) or (word in near and self._wearer(one) == self._who))
            for word, one in clause.places
        ]
        past = is_past(clause)
        isnt = self._denied and clause.verb == "be"
        for phrase, own in phrases:
            if own and not (phrase.negated or isnt or (past and phrase in clause.subject)):
                wearer = self._owner(phrase) if phrase.owner else self._who
                yield from ((wearer, look) for look in _look(phrase))
        for phrase in clause.subject:
            if phrase.owner and phrase.head.lemma in garments.HAIRY:
                yield from self._done(phrase, said)

    def _done(self, phrase: NounPhrase, said: Sequence[str]) -> Iterator[tuple[Who, str]]:
        """Yields how hair is: `her hair was white`, `in two plaits`."""
        clause = self._clause
        if clause.verb not in {"be", "hang", "look", "turn"} or self._denied:
            return
        if said and "bald" not in said and clause.verb != "hang":
            yield self._who, f"{' '.join(said)} {name_of(phrase)}"
        for word, placed in clause.places:
            if word == "in" and placed.head.lemma in garments.HAIRY | {"knot"}:
                yield self._who, placed.words

    def taken_off(self) -> Iterator[tuple[Who, str]]:
        """Yields what is not worn, or no more."""
        clause = self._clause
        parted = lacking(clause)
        wears = clause.verb in garments.WEARING | {"have", "put", "own", "find", "bring"}
        wears = wears or self._pair in garments.PUTTING_ON
        given = clause.verb in garments.GIVING
        for phrase in clause.objects:
            off = phrase in parted or self._pair in garments.TAKING_OFF
            off = off or clause.verb in garments.UNDOING or (given and bool(phrase.owner))
            denied = phrase.negated or (self._denied and wears and phrase not in clause.affirmed)
            it = self._pair in garments.TAKING_OFF and phrase.head.lower == "it"
            thing = self._things.garment() if it else phrase
            if thing is None or not is_garment(thing):
                continue
            if denied or (off and not self._denied):
                yield self._who, name_of(thing)
        for word, phrase in clause.places:
            out = word == "of" and clause.particle == "out" and clause.verb in garments.CHANGING
            none = clause.verb == "be" and self._denied and word == "in"
            none = none and not is_of_subject(clause, phrase)
            if is_garment(phrase) and (phrase.negated or out or none):
                yield self._who, name_of(phrase)
        for phrase in clause.subject:
            if is_garment(phrase) and phrase.owner and phrase in parted:
                yield self._who, name_of(phrase)
        yield from self._lacking_words()

    def _lacking_words(self) -> Iterator[tuple[Who, str]]:
        said = [one.token.lower for one in self._clause.complements]
        for word in (*said, *(one.lower for one in self._clause.adverbs)):
            if word in {"barefoot", "barefooted"}:
                yield self._who, "shoe"
            elif word.endswith("less") and word[:-4] in nouns.GARMENTS:
                yield self._who, word[:-4]


def _is_being(phrase: NounPhrase) -> bool:
    known = phrase.head.character is not None
    return known or phrase.head.lemma in nouns.BEINGS


def _look(phrase: NounPhrase) -> Iterator[str]:
    """Yields the look that a part of a body has by its adjectives."""
    noun = phrase.head.lemma
    if any(one.lower == "bald" for one in phrase.tokens):
        yield "bald"
    bare = any(one.lower in {"bare", "naked"} for one in phrase.tokens) and noun in nouns.BODY
    done = noun in garments.HAIRDOS or (noun in garments.HAIRY and phrase.adjectives)
    if bare or done:
        yield phrase.words.removeprefix("own ")


def is_known(look: str, character: FrozenCharacter) -> bool:
    """Returns whether a description tells already of the beard or plaits that a page names."""
    noun = look.split()[-1]
    told = " ".join((character.description.hair, *character.description.features)).lower()
    return noun.rstrip("s") in garments.HAIRDOS and noun.rstrip("s") in told
