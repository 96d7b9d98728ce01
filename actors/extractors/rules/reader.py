"""The reader by rules: the same pages always give the same scene."""

from collections.abc import Sequence
from dataclasses import replace

from actors.extractors.learned.places import Belief, PlaceReader
from actors.extractors.learned.sense import PageSense
from actors.extractors.rules.absence import read_absent
from actors.extractors.rules.clauses import Clause
from actors.extractors.rules.colours import read_colours
from actors.extractors.rules.doing import shown_doing
from actors.extractors.rules.doubts import doubt_of_place, doubts
from actors.extractors.rules.evidence import clues_of
from actors.extractors.rules.names import Names
from actors.extractors.rules.narrator import Narrator, hush_letters
from actors.extractors.rules.presence import Presence
from actors.extractors.rules.reading import clauses_of, found_place
from actors.extractors.rules.referents import Referents
from actors.extractors.rules.sensed import faint, shown
from actors.extractors.rules.tokens import Sentence, read_sentences
from actors.extractors.rules.wearing import Wardrobe, is_known, read_wearing
from actors.extractors.rules.weather import read_weather
from actors.extractors.rules.what import Action, read_action
from actors.extractors.rules.when import read_time
from actors.extractors.rules.who import read_presence
from server.domain.characters import FrozenCharacter
from server.domain.ids import CharacterId
from server.domain.scenes import Figure, Scene


class RuleReader:
    """Reads pages by rules, and places by what was learned too; needs no network, costs nothing."""

    def __init__(self, places: PlaceReader | None = None, sense: PageSense | None = None) -> None:
        self._places = places or PlaceReader.shipped()
        self._sense = sense or PageSense.shipped()

    def read(self, page: str, cast: Sequence[FrozenCharacter], before: Sequence[str] = ()) -> Scene:
        """Returns the scene of a page; `before` are the pages before it, the first one first."""
        names = Names([one.description for one in cast])
        referents = Referents(names)
        narrator = Narrator(referents)
        place = self._hear(before, names, referents, narrator)
        sentences = list(read_sentences(page, names))
        clauses = clauses_of(sentences)
        narrator.hear(sentences, clauses)
        hush_letters(clauses, referents.narrator)
        presence = read_presence(sentences, clauses, referents)
        action = read_action(clauses, presence)
        wardrobe = read_wearing(clauses, presence)
        time, season = read_time(sentences, clauses)
        belief = self._where([*before, page], sentences, clauses, place, names)
        figures = tuple(_figure(cast[one], one, action, wardrobe) for one in presence.there)
        sense = self._sense.read(page, before)
        props = shown(action.props, sense)
        return Scene(
            figures=figures,
            away=tuple(CharacterId(cast[one].id) for one in sorted(presence.absent)),
            extras=tuple(presence.extras),
            place=belief.name,
            time=time,
            season=season,
            weather=read_weather(clauses),
            props=tuple(props),
            colours=read_colours(sentences, clauses, _names(cast, presence)),
            absent=read_absent(clauses),
            told=" ".join(one.text for one in sentences),
            unsure=doubts(belief, clauses, presence, figures, props, set(faint(props, sense)))
            if clauses
            else (),
        )

    def _hear(
        self, pages: Sequence[str], names: Names, referents: Referents, narrator: Narrator
    ) -> Belief | None:
        """Takes in the pages before; returns where the last of them happens."""
        place: Belief | None = None
        for number, text in enumerate(pages, 1):
            told = list(read_sentences(text, names))
            clauses = clauses_of(told)
            narrator.hear(told, clauses)
            read_presence(told, clauses, referents)
            place = self._where(pages[:number], told, clauses, place, names)
        return place

    def _where(
        self,
        pages: Sequence[str],
        sentences: Sequence[Sentence],
        clauses: Sequence[Clause],
        before: Belief | None,
        names: Names,
    ) -> Belief:
        found = found_place(sentences, clauses, before.name if before else "", names)
        clues = clues_of(pages[-1], sentences, clauses, names, found.elsewhere)
        sense = self._sense.read(pages[-1], pages[:-1]).kinds
        belief = self._places.decide(clues, found, before, sense)
        return replace(belief, doubt=doubt_of_place(belief, found, before, clauses))


def _names(cast: Sequence[FrozenCharacter], presence: Presence) -> list[str]:
    """Returns the name of the one whom each clause is about; none where there are several."""
    return [cast[who[0]].description.name if len(who) == 1 else "" for who in presence.subjects]


def _figure(character: FrozenCharacter, one: int, action: Action, wardrobe: Wardrobe) -> Figure:
    acting = action.of(one)
    return Figure(
        character=CharacterId(character.id),
        doing=shown_doing(acting.doing),
        mood=acting.moods[-1] if acting.moods else None,
        holding=tuple(dict.fromkeys(acting.holding)),
        wearing=tuple(said for said in wardrobe.worn_by(one) if not is_known(said, character)),
        without=wardrobe.without(one),
    )
