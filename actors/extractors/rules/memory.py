"""Memory: of whom a text has told, and who is there, so that pronouns can mean them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from actors.extractors.rules.kin import is_human
from actors.extractors.rules.lexicon import nouns
from actors.extractors.rules.lexicon.presence import FEMALE, MALE
from server.domain.characters import Description, Gender

Who = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Mention:
    """Somebody who was named: one of the cast, or an other of a noun and a gender."""

    who: int | None
    gender: Gender
    page: int
    sentence: int
    noun: str = ""
    salient: bool = True


class Memory:
    """Of whom a text has told, the last one last; it goes on from page to page."""

    def __init__(self, cast: Sequence[Description]) -> None:
        self._cast = cast
        self._mentions: list[_Mention] = []
        self._page = 0
        self.sentence = 0
        """The sentence of the page that is read."""
        self._group: Who = ()
        self._group_page = -1
        self._scene: list[int] = []
        self._before: list[int] = []
        self._seen: list[int] = []
        self._lost: set[int] = set()
        self._spoken: set[int] = set()
        self.others = False
        """Whether the last of whom several are told are not of the cast."""
        self.things = False
        """Whether this page has told of several things."""

    def turn(self) -> None:
        """Goes on to the next page."""
        self._page += 1
        self._before = self._scene or self._before
        self._scene = []
        self.others = self.things = False

    def join(self, together: Who) -> None:
        """Remembers those who are named together."""
        self._group, self._group_page, self.others = together, self._page, False

    def seen(self, who: Sequence[int]) -> None:
        """Remembers those who are there."""
        self._scene += [one for one in who if one not in self._scene]
        self._lost -= set(who)
        self._seen = [*(one for one in self._seen if one not in who), *dict.fromkeys(who)]

    def lose(self, who: Iterable[int]) -> None:
        """Remembers those who are said not to be there."""
        self._lost |= set(who)

    def speak(self, who: Iterable[int]) -> None:
        """Remembers those who are said to have spoken."""
        self._spoken |= set(who)

    def name(self, who: Sequence[int]) -> None:
        """Makes somebody the one of whom the text told last."""
        for one in who:
            self._mentions = [each for each in self._mentions if each.who != one]
            self._mentions.append(_Mention(one, self._cast[one].gender, self._page, self.sentence))

    def mention(self, who: Sequence[int]) -> None:
        """Remembers those whose things the text told of, as the first of this page."""
        for one in who:
            if any(each.who == one and each.page == self._page for each in self._mentions):
                continue
            at = sum(each.page < self._page for each in self._mentions)
            self._mentions.insert(
                at, _Mention(one, self._cast[one].gender, self._page, self.sentence)
            )

    def name_other(self, noun: str, *, salient: bool) -> None:
        """Remembers somebody who is not of the cast; `salient` if a clause is about them."""
        male, female = noun in MALE, noun in FEMALE
        gender = Gender.MALE if male else Gender.FEMALE if female else Gender.UNSPECIFIED
        self._mentions.append(_Mention(None, gender, self._page, self.sentence, noun, salient))

    def named(self, *, page: bool = False) -> list[int]:
        """Returns those of the cast of whom the text told, or only this `page`, the last first."""
        return [
            one.who
            for one in reversed(self._mentions)
            if one.who is not None and (one.page == self._page or not page)
        ]

    def other_than(self, who: Who) -> Who:
        """Returns the only one beside somebody who is there: whom `her friend` means."""
        others = [one for one in self._scene if one not in who]
        return tuple(others) if len(who) == 1 and who[0] in self._scene and len(others) == 1 else ()

    def has_other(self, noun: str) -> bool:
        """Returns whether the text told of somebody else whom the same noun means."""
        return any(one.who is None and one.noun == noun for one in self._mentions)

    def everyone(self) -> Who:
        """Returns all who are there, or the whole cast."""
        there = tuple(self._scene)
        if len(there) > 2:
            return there
        return tuple(one for one in range(len(self._cast)) if one not in self._lost)

    def several(self, number: int, able: Sequence[int] = (), but: Who = ()) -> Who:
        """Returns the several of whom the text told, as many as it says; 0 for any number.

        None of `but` is among them, and only those who are `able` where some are.
        """
        everybody = tuple(range(len(self._cast)))
        near = (self.plural(), tuple(self._scene), tuple(self._before), everybody)
        if self._group_page < self._page:
            near = (*near[1:3], near[0], everybody)
        seen = [one for one in reversed(self._seen) if one not in but and (not able or one in able)]
        for group in (*near, tuple(sorted(seen[:number]))):
            fitting = tuple(one for one in group if one not in but and (not able or one in able))
            people = tuple(one for one in fitting if is_human(self._cast[one]))
            for each in (fitting, people):
                if len(each) > 1 and number in {0, len(each)}:
                    return each
        return ()

    def plural(self, *, acts: bool = False) -> Who:
        """Returns whom `they` means; things that were named are not meant if `they` act."""
        if self._group and self._group_page == self._page:
            return self._group
        if len(self._scene) > 1:
            return tuple(self._scene)
        if self.things and not acts:
            return ()
        if self._group and set(self._group) <= {*self._before, *self._scene}:
            newer = [one for one in self._before if one not in self._group]
            return tuple(self._before) if newer else self._group
        if len(self._before) > 1:
            return tuple(self._before)
        lately = self.named()[:2]
        return self._group or (tuple(sorted(lately)) if len(lately) > 1 else ())

    def with_me(self, narrator: Who) -> Who:
        """Returns whom `we` means beside the narrator."""
        if self._group and self._group_page == self._page:
            return self._group
        if self._scene and tuple(self._scene) != narrator:
            return tuple(self._scene)
        others = [one for one in self._before if one not in narrator]
        seen = [one for one in reversed(self._seen) if one not in narrator]
        return tuple(others) or self._group or tuple(seen[:1])

    def animal(self, *, page: bool) -> Who:
        """Returns the animal of whom the text told last: on this page, or also before it."""
        for one in reversed(self._mentions):
            if page and one.page < self._page:
                break
            if one.who is None:
                if one.noun in nouns.ANIMALS and page:
                    return ()
            elif not is_human(self._cast[one.who]):
                return (one.who,)
        return ()

    def single(self, gender: Gender, but: Who, *, speaks: bool = False) -> Who:
        """Returns the one of a gender of whom the text told last.

        If it `speaks`, this is no animal that never spoke where a human being can be meant.
        """
        for page in (True, False):
            able = list(self._able(gender, but, page=page))
            people = any(one.who is None or is_human(self._cast[one.who]) for one in able)
            if speaks and people:
                able = [one for one in able if not self._is_dumb(one)] or able
            exact = [one for one in able if one.gender is gender]
            for one in exact or able:
                return () if one.who is None else (one.who,)
        only = [one for one, each in enumerate(self._cast) if each.gender is gender]
        return (only[0],) if len(only) == 1 and only[0] not in but else ()

    def rivals(self, gender: Gender, but: Who) -> tuple[str, ...]:
        """Returns those whom a pronoun of a gender can mean alike, by their names or nouns.

        They are told of in this sentence or the one before; none are returned where it is one.
        """
        near = [
            one
            for one in self._able(gender, but, page=True)
            if one.gender is gender and one.sentence >= self.sentence - 1
        ]
        names = (f"the {one.noun}" if one.who is None else self._cast[one.who].name for one in near)
        alike = tuple(dict.fromkeys(names))
        return alike if len(alike) > 1 else ()

    def is_group_told(self) -> bool:
        """Returns whether this page has named together those whom `they` means."""
        return bool(self._group) and self._group_page == self._page

    def _is_dumb(self, one: _Mention) -> bool:
        if one.who is None:
            return one.noun in nouns.ANIMALS
        return one.who not in self._spoken and not is_human(self._cast[one.who])

    def _able(self, gender: Gender, but: Who, *, page: bool) -> Iterator[_Mention]:
        """Yields who can be meant, the last one first: of this page, or of those before it."""
        for one in reversed(self._mentions):
            if one.gender not in {gender, Gender.UNSPECIFIED} or (one.page == self._page) != page:
                continue
            vague = one.who is None and one.gender is Gender.UNSPECIFIED and not one.salient
            if not vague and (one.who is None or one.who not in but):
                yield one
