"""Referents: whom the names, nouns and pronouns of a text mean."""

from collections.abc import Iterable, Sequence

from actors.extractors.rules import kinds
from actors.extractors.rules.kin import SAME, kin_of
from actors.extractors.rules.lexicon import nouns
from actors.extractors.rules.lexicon.presence import UNREAL_LOOKS
from actors.extractors.rules.memory import Memory, Who
from actors.extractors.rules.names import Names
from actors.extractors.rules.phrases import NounPhrase
from actors.extractors.rules.pronouns import OpenPronouns
from actors.extractors.rules.tokens import Sentence, Token
from server.domain.characters import Gender

_GENDERS = {
    **dict.fromkeys(("she", "her", "hers", "herself"), Gender.FEMALE),
    **dict.fromkeys(("he", "him", "his", "himself"), Gender.MALE),
}
_FIRST = frozenset({"i", "me", "my", "myself", "mine"})
_FIRST_PLURAL = frozenset({"we", "us", "our", "ourselves", "ours"})
_PLURAL = frozenset({"they", "them", "their", "themselves", "both", "theirs"})
ALL = frozenset({"everyone", "everybody"})
"""The pronouns of all who are there."""
_WHOLE = frozenset({"both", "all", "each", "neither", "none"})
_PARTS = _WHOLE | {"one", "some", "most", "any", "either", "two", "three", "half", "many"}
_IT = frozenset({"it", "its", "itself"})
_NUMBERS = {
    **dict.fromkeys(("both", "two", "pair", "couple", "twin"), 2),
    **dict.fromkeys(("three", "trio"), 3),
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
}
_TOGETHER = frozenset(
    {
        *("friend", "pair", "two", "three", "team", "companion", "family", "trio", "couple", "pal"),
        *("other", "traveller", "sibling", "four", "five", "hero", "adventurer", "explorer"),
    }
)
_STATES = frozenset(
    {
        *("wet", "muddy", "tired", "hungry", "happy", "cold", "sleepy", "sad", "proud", "weary"),
        *("thirsty", "dusty", "soggy", "grubby", "excited", "dripping", "sandy", "frightened"),
    }
)
"""How those are of whom the text has told: `one wet dog`."""
_UNIQUE = frozenset(
    {
        *("dragon", "robot", "monster", "giant", "ghost", "unicorn", "witch", "wizard", "troll"),
        *("mermaid", "ogre", "yeti", "alien", "snowman", "genie", "vampire", "elephant", "giraffe"),
        *("camel", "dinosaur", "llama", "ostrich", "reindeer", "moose", "sphinx", "minotaur"),
        *("hippo", "rhino", "crocodile", "walrus", "penguin", "lion", "tiger", "whale", "octopus"),
        *("gannet", "pelican", "heron", "flamingo", "kangaroo", "koala", "panda", "sloth"),
    }
)
"""Beings of whom a story seldom has a second one: `a dragon` is still its dragon."""
_NO_THINGS = nouns.BEINGS | nouns.BODY
_BEASTS = frozenset({"animal", "creature", "beast"})
_TROOPS = frozenset({"family", "pair", "couple", "trio", "gang", "household"})
_KIN_PLURALS = frozenset({"twin", "sister", "brother", "sibling"})


class Referents:
    """Whom a text means, word after word; reading goes on from page to page."""

    def __init__(self, names: Names, narrator: int | None = None) -> None:
        """Takes who `I` is, if the text has said so."""
        self.names = names
        self.narrator = narrator
        self._memory = Memory(names.cast)
        self._roles: dict[str, int] = {}
        self._found: dict[tuple[int, int, str], Who] = {}
        self._sentence = 0
        self._opening = self._speaks = self._acts = self._is_subject = False
        self.open = OpenPronouns()
        self._thing = -1
        """The sentence that was about a thing last, if nobody was told of since."""

    def turn(self) -> None:
        """Goes on to the next page."""
        self._thing = -1
        self._memory.turn()
        self._found.clear()
        self.open = OpenPronouns()

    def begin(self, sentence: Sentence, index: int) -> None:
        """Goes on to a sentence of the page."""
        self._sentence = self._memory.sentence = index
        self._learn(sentence.tokens)

    def of(
        self,
        phrase: NounPhrase,
        *,
        subject: bool = False,
        but: Who = (),
        opening: bool = False,
        speaks: bool = False,
        acts: bool = False,
    ) -> Who:
        """Returns the characters that a phrase means, none of `but`, and remembers them.

        `opening` tells whether it may begin a story: `Once there was a girl`; `speaks`
        whether it is said to speak, `acts` whether it does what only somebody can do.
        """
        self._opening, self._speaks, self._acts = opening, speaks, acts
        self._is_subject = subject
        key = (self._sentence, phrase.start, phrase.head.lower)
        self._memory.mention(self.owner(phrase))
        if key not in self._found:
            self.open.see(phrase, self._sentence, self._memory, but)
            self._found[key] = self._find(phrase, but)
            if not self._found[key]:
                self._other(phrase, subject=subject)
        if phrase.head.lower not in ALL:
            self.remember(self._found[key])
        return self._found[key]

    def described(
        self, phrase: NounPhrase, looks: Sequence[NounPhrase], *, alone: bool = False
    ) -> Who:
        """Returns whom of those unknown `a girl with plaits` is, or `a girl` who acts `alone`."""
        if phrase.determiner not in {"a", "an"} or phrase.head.character is not None:
            return ()
        known = self._memory.named()
        able = [one for one in self.names.called(phrase.head.lemma) if one not in known]
        able = [one for one in able if kinds.fits(self.names, one, phrase)]
        if not (alone and kinds.is_plain(phrase, looks)):
            able = [one for one in able if kinds.answers(self.names.cast[one], phrase, looks)]
        if len(able) != 1:
            return ()
        self._found[self._sentence, phrase.start, phrase.head.lower] = (able[0],)
        self.call(phrase.head.lemma, able[0])
        self.remember(able)
        return (able[0],)

    def animal(self) -> Who:
        """Returns the animal of whom the text told last, on this page or before it."""
        return self._memory.animal(page=False)

    def owner(self, phrase: NounPhrase) -> Who:
        """Returns the characters whose thing a phrase is."""
        if not phrase.owner:
            return ()
        head = phrase.owner[-1]
        key = (self._sentence, phrase.start, "'s")
        if key not in self._found:
            own = head.tag == "PRP$"
            if head.lower in ALL:
                return ()  # `Everybody's mother`.
            found = self._pronoun(head.lower) if own else self._find(NounPhrase(phrase.owner))
            self._found[key] = found
        return self._found[key]

    def may_mean(self, phrase: NounPhrase) -> bool:
        """Returns whether `the boy` can be any of several of the cast, and nobody else yet."""
        noun = phrase.head.lemma
        definite = phrase.determiner == "the" and not phrase.plural
        return (
            definite
            and len(phrase.tokens) == 2
            and not self._memory.has_other(noun)
            and len(self.names.called(noun)) > 1
        )

    def latest(self, but: Who) -> Who:
        """Returns the one of whom this page told last, none of `but`."""
        return tuple(one for one in self._memory.named(page=True) if one not in but)[:1]

    def tell(self, phrases: Sequence[NounPhrase], who: Who) -> None:
        """Remembers whether a clause is about a thing, which `it` means then."""
        if who:
            self._thing = -1
        for phrase in phrases:
            head = phrase.head
            thing = head.is_noun and head.character is None and not (phrase.plural or phrase.owner)
            if thing and not phrase.negated and head.lemma not in _NO_THINGS:
                self._thing = self._sentence

    def join(self, groups: Sequence[Who]) -> None:
        """Remembers those who are named together, whom `they` may mean."""
        together = tuple(dict.fromkeys(one for group in groups for one in group))
        if len(together) > 1:
            self._memory.join(together)

    def lose(self, who: Iterable[int]) -> None:
        """Remembers those who are said not to be there."""
        self._memory.lose(who)

    def speak(self, who: Iterable[int]) -> None:
        """Remembers those who are said to have spoken."""
        self._memory.speak(who)

    def seen(self, who: Sequence[int]) -> None:
        """Remembers those who are there."""
        self._memory.seen(who)

    def _learn(self, tokens: Sequence[Token]) -> None:
        """Remembers what somebody is called beside the name: `Barnaby the cook`."""
        for at, token in enumerate(tokens):
            if token.character is None:
                continue
            after = [one for one in tokens[at + 1 : at + 6] if one.tag not in {"JJ", ","}]
            if len(after) > 1 and after[0].lower in {"the", "a", "an"} and _is_being(after[1]):
                joined = len(after) > 2 and (after[2].lower in {"and", "'s"} or after[2].is_noun)
                if tokens[at + 1].lower == "the" or (tokens[at + 1].lower == "," and not joined):
                    self._roles[after[1].lemma] = token.character
            before = tokens[at - 1] if at else None
            if before is not None and before.lower == "," and at > 1:
                before = tokens[at - 2]
                following = [one.tag for one in tokens[at + 1 : at + 3]]
                if following[:1] == ["CC"] or (
                    following[:1] == [","] and not following[-1].startswith(("VB", "RB", "WP"))
                ):
                    continue  # A list: `the cat, Mia, and Tom`.
            if before is not None and before.character is None and _is_being(before):
                self._roles[before.lemma] = token.character

    def call(self, noun: str, who: int) -> None:
        """Remembers that somebody is said to be something: `Old Mole was the guard`."""
        self._roles[noun] = who

    def remember(self, who: Sequence[int]) -> None:
        """Makes somebody the one of whom the text told last."""
        self._memory.name(who)

    def _other(self, phrase: NounPhrase, *, subject: bool) -> None:
        """Remembers somebody who is not of the cast."""
        head = phrase.head
        if not head.is_noun:
            return
        if phrase.plural or phrase.negated or phrase.determiner in {"no", "every", "each"}:
            being = head.lemma in nouns.BEINGS or head.lemma in _TROOPS
            self._memory.others = self._memory.others or (subject and being)
            body = head.lemma in nouns.BODY and bool(phrase.owner)
            self._memory.things = self._memory.things or (phrase.plural and not body)
            return
        if head.lemma in nouns.BEINGS and head.character is None:
            self._memory.name_other(head.lemma, salient=subject)

    def _find(self, phrase: NounPhrase, but: Who = ()) -> Who:
        head = phrase.head
        if head.character is not None:
            return (head.character,)
        counted = head.lower in _NUMBERS and phrase.determiner == "the"
        them = phrase.of is not None and phrase.of.head.lower in _PLURAL and not counted
        if them and head.lower in _NUMBERS:
            return self._memory.several(_NUMBERS[head.lower])  # `Three of them`.
        if phrase.of is not None and head.lower in _PARTS and not counted:
            return self._find(phrase.of, but) if head.lower in _WHOLE else ()
        if head.tag == "PRP" or head.lower in _PLURAL | ALL:
            return self._pronoun(head.lower, but)
        named = [one.character for one in phrase.tokens if one.character is not None]
        if named and not phrase.owner and head.lemma in nouns.ANIMALS | nouns.PEOPLE:
            return (named[-1],)
        if not (head.is_noun or head.tag == "CD"):
            return ()
        if any(one.lower in nouns.TOYS | UNREAL_LOOKS for one in phrase.tokens[:-1]):
            return ()
        many = head.lower in _NUMBERS and head.lemma != "twin"
        if phrase.plural or many or (head.lemma in _TROOPS and not phrase.owner):
            return self._several(head, phrase, but)
        if head.lemma in SAME and not (head.lemma == "twin" and not phrase.owner):
            return self._kin(phrase)
        if head.lemma in {"friend", "companion"} and phrase.owner and not phrase.adjectives:
            return self._memory.other_than(self.owner(phrase))
        if phrase.owner and not (head.lemma in nouns.ANIMALS and self.owner(phrase)):
            return self.names.only(head.lemma) if phrase.owner[-1].lower == "its" else ()
        return self._noun(head.lemma, phrase)

    def _kin(self, phrase: NounPhrase) -> Who:
        """Returns whom `her mother` or `the grandfather` means."""
        word = phrase.head.lemma
        if word in self._roles:
            return (self._roles[word],)
        own = self.names.called(SAME[word]) if not phrase.owner else []
        if len(own) == 1 and phrase.determiner not in {"a", "an", "another"}:
            return (own[0],)
        if not phrase.owner:
            return ()
        owners = self.owner(phrase)
        if (found := self._pronoun_kin(word, phrase, owners)) is not None:
            return (found,)
        if not owners and phrase.owner[-1].lower not in _FIRST:
            found = kin_of(word, (), self.names.cast) if word not in _KIN_PLURALS else None
        else:
            found = kin_of(word, owners, self.names.cast)
        return () if found is None else (found,)

    def _pronoun_kin(self, word: str, phrase: NounPhrase, owners: Who) -> int | None:
        """Returns whose kin fits where the last one of a gender has none: `her father`."""
        gender = _GENDERS.get(phrase.owner[-1].lower)
        named = [one for one in self._memory.named() if self.names.cast[one].gender is gender]
        for owner in (*owners, *named):
            if (
                gender is not None
                and (found := kin_of(word, (owner,), self.names.cast)) is not None
            ):
                return found
        return None

    def _noun(self, noun: str, phrase: NounPhrase) -> Who:
        able = [one for one in self.names.called(noun) if kinds.fits(self.names, one, phrase)]
        able = [one for one in able if self.names.is_own(noun, one)] or able
        said = {one.lower for one in phrase.tokens}
        if phrase.determiner == "one" and said & _STATES and len(able) == 1:
            return (able[0],)
        if phrase.determiner in {"a", "an", "one", "another", "some"}:
            if phrase.determiner == "one" and len(able) == 1 and self.names.is_own(noun, able[0]):
                return (able[0],)  # `In it were one captain and a crab`.
            return self._introduced(noun, able) if phrase.determiner in {"a", "an"} else ()
        if noun in self._roles:
            return (self._roles[noun],)
        if noun == "teacher":
            able = able or kinds.titled(self.names.cast)
        if noun in _BEASTS:
            able = kinds.beasts(self.names.cast)
        if noun == "twin":
            able = list(kinds.twins(self.names.cast))
        recent = [one for one in self._memory.named() if one in able]
        if "other" in said:
            able = [one for one in able if one not in recent[:1]]
            return (able[0],) if len(able) == 1 else ()
        if len(able) == 1 and not (noun in _BEASTS and not recent):
            # A stranger of the same kind was named since: `a boy`, then `the boy`.
            return () if self._memory.has_other(noun) and not recent else (able[0],)
        return tuple(recent[:1])

    def _introduced(self, noun: str, able: Sequence[int]) -> Who:
        """Returns whom the text names for the first time: `Down came a wolf`."""
        if len(able) != 1:
            return ()
        known = self._memory.named()
        if able[0] in known:
            return (able[0],) if noun in _UNIQUE else ()
        opening = self._opening and not known
        return (able[0],) if self.names.is_own(noun, able[0]) or opening else ()

    def _several(self, head: Token, phrase: NounPhrase, but: Who = ()) -> Who:
        number = next((_NUMBERS[one.lower] for one in phrase.tokens if one.lower in _NUMBERS), 0)
        number = number or _NUMBERS.get(head.lemma, 0)
        if number > 1 and _STATES & {one.lower for one in phrase.tokens[:-1]}:
            # `Three tired explorers crawled into bed`.
            beasts = kinds.beasts(self.names.cast)
            people = [one for one in range(len(self.names.cast)) if one not in beasts]
            return self._memory.several(number, people)
        bare = phrase.tokens[0].lower not in {"the", "both", "all", "these", "our"} | set(_NUMBERS)
        if bare or phrase.owner or (phrase.of is not None and head.lemma in _TROOPS):
            return ()
        if any(one.lower in {"other", "more"} for one in phrase.tokens[:-1]):
            return ()
        if head.lemma == "twin":
            return kinds.twins(self.names.cast) or self._memory.several(2)
        if head.lemma == "other":
            but = but or tuple(self._memory.named(page=True)[:1])
        able = self.names.called(head.lemma)
        if head.lemma in _BEASTS:
            able = kinds.beasts(self.names.cast)
        definite = phrase.tokens[0].lower in {"the", "both", "all", "these", "our"}
        if len(able) > 1 and (definite or number == len(able)):
            return tuple(able) if number in {0, len(able)} else self._memory.several(number, able)
        if not definite and head.lemma not in _TOGETHER:
            return ()
        if head.lemma in _TOGETHER | _KIN_PLURALS | _TROOPS or head.lower in _NUMBERS:
            return self._memory.several(number, but=but)
        return ()

    def _may_be_it(self, one: int) -> bool:
        """Returns whether `it` may mean somebody: not `Bruno looked at the lake. It was grey`."""
        known = self.names.cast[one].gender is not Gender.UNSPECIFIED
        return not known or self._acts or not self._is_subject

    def _pronoun(self, word: str, but: Who = ()) -> Who:
        first = () if self.narrator is None else (self.narrator,)
        if word in _FIRST:
            return first
        if word in _FIRST_PLURAL:
            return tuple(dict.fromkeys((*first, *self._memory.with_me(first))))
        if word in _PLURAL:
            others = self._memory.others and word != "both"
            return () if others else self._memory.plural(acts=self._acts)
        if word in ALL:
            return self._memory.everyone()
        if word in _IT:
            thing = self._thing >= 0 and self._thing >= self._sentence - 1
            if word != "it":
                return self._memory.animal(page=True)
            found = () if thing else self._memory.animal(page=True)
            return tuple(one for one in found if self._may_be_it(one))
        gender = _GENDERS.get(word)
        if gender is None:
            return ()
        but = () if word in {"himself", "herself"} else but
        return self._memory.single(gender, but, speaks=self._speaks)


def _is_being(token: Token) -> bool:
    return token.tag in {"NN", "NNP"} and token.lemma in nouns.BEINGS
