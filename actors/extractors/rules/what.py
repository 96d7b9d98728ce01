"""What happens on a page: actions, moods, and the things that must be seen."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from actors.extractors.rules.clauses import Clause
from actors.extractors.rules.doing import doings, is_of_body
from actors.extractors.rules.holding import given, held, held_by_another, let_go
from actors.extractors.rules.lexicon import nouns
from actors.extractors.rules.lexicon.pieces import BITS
from actors.extractors.rules.loss import gone, unseen
from actors.extractors.rules.moods import moods, moods_of_others
from actors.extractors.rules.phrases import NounPhrase
from actors.extractors.rules.presence import Presence
from actors.extractors.rules.props import things, things_changed, things_in_spite
from actors.extractors.rules.showing import is_denied, is_past, is_shown, is_unreal
from actors.extractors.rules.things import Things
from server.domain.scenes import Mood


@dataclass(slots=True)
class Acting:
    """What one character does, feels and holds on a page."""

    doing: list[str] = field(default_factory=list)
    moods: list[Mood] = field(default_factory=list)
    holding: list[str] = field(default_factory=list)
    felt_in: int = -1
    """The sentence that told the last mood."""

    def feel(self, moods: Iterable[Mood], sentence: int) -> None:
        """Adds moods; tears of laughter are no sadness, and shining eyes then say no more."""
        for mood in moods:
            laughs = self.moods[-1:] == [Mood.LAUGHING] and self.felt_in == sentence
            if not (laughs and mood in {Mood.SAD, Mood.HAPPY}):
                self.moods.append(mood)
            self.felt_in = sentence


@dataclass(slots=True)
class Action:
    """The acting of each character, and the things on the picture."""

    acting: dict[int, Acting] = field(default_factory=dict)
    props: list[str] = field(default_factory=list)

    def of(self, who: int) -> Acting:
        """Returns the acting of a character."""
        return self.acting.setdefault(who, Acting())


def read_action(clauses: Sequence[Clause], presence: Presence) -> Action:
    """Returns what happens on a page."""
    found = Action()
    last: Sequence[int] = ()
    named = Things()
    following = [*presence.subjects[1:], ()]
    for clause, who, after in zip(clauses, presence.subjects, following, strict=False):
        if is_unreal(clause):
            continue
        shown = is_shown(clause)
        leads = [one for one in clauses if one.governor is clause]
        mounts = presence.mounts(clause)
        for one in who:
            acting = found.of(one)
            if shown and one not in mounts:
                acting.doing += doings(clause, leads)
            acting.feel(moods(clause), clause.sentence)
            if shown:
                _holds(acting, clause, named)
        for one, mood in moods_of_others(clause):
            found.of(one).moods.append(mood)
        for one in _in_tears(clause, presence):
            found.of(one).moods.append(Mood.SAD)
        if shown:
            for thing, hand in held_by_another(clause):
                owners = presence.owners.get((clause.sentence, hand.start), ())
                mine = who or (after if is_of_body(clause) else last[:1])
                for one in owners or mine:
                    found.of(one).holding.append(name_of(thing))
        if shown:
            for thing, receiver in given(clause, named):
                for one in presence.of(clause, receiver):
                    found.of(one).holding.append(thing.base)
        if shown or (is_past(clause) and clause.verb == "have"):
            found.props += things(clause)
        elif not is_denied(clause):
            found.props += things_changed(clause)
        elif not is_past(clause):
            found.props += things_in_spite(clause)
        if shown:
            found.props += [
                one
                for acting in found.acting.values()
                for one in acting.holding
                if one.split()[-1] not in nouns.ANIMALS and not one.istitle()
            ]
        over = gone(clause) | unseen(clause, named)
        found.props = [one for one in found.props if one.split()[-1] not in over]
        named.name(clause)
        last = who if who and shown else last
    found.props = list(dict.fromkeys(found.props))
    return found


def _in_tears(clause: Clause, presence: Presence) -> Iterator[int]:
    """Yields whose tears a clause tells of: `a tear ran down her cheek`."""
    tears = any(one.head.lemma in {"tear", "teardrop"} for one in clause.subject)
    if not tears or is_denied(clause) or is_past(clause):
        return
    for phrase in clause.phrases:
        yield from presence.owners.get((clause.sentence, phrase.start), ())


def name_of(phrase: NounPhrase) -> str:
    """Returns what somebody holds in words: a character by its name, a thing by its noun."""
    if phrase.head.character is not None:
        return phrase.head.text
    bit = phrase.of is not None and phrase.head.lemma in BITS
    return phrase.of.base if bit and phrase.of is not None else phrase.base


def _holds(acting: Acting, clause: Clause, named: Things) -> None:
    """Adds what a clause says that its subject holds, and takes away what it lets go."""
    acting.holding += [name_of(one) for one in held(clause, named)]
    gone = {one.head.lemma for one in let_go(clause)}
    acting.holding = [one for one in acting.holding if one.split()[-1] not in gone]
