"""The reader by rules: the same pages always give the same scene."""

from collections.abc import Sequence
from dataclasses import replace

from actors.extractors.learned.places import Belief, PlaceReader
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
    """Reads pages by rules, and places by learned words too; needs no network, costs nothing."""

    def __init__(self, places: PlaceReader | None = None) -> None:
        self._places = places or PlaceReader.shipped()

    def read(self, page: str, cast: Sequence[FrozenCharacter], before: Sequence[str] = ()) -> Scene:
        """Returns the scene of a page; `before` are the pages before it, the first one first."""
        names = Names([one.description for one in cast])
        referents = Referents(names)
        place: Belief | None = None
        narrator = Narrator(referents)
        for text in before:
            told = list(read_sentences(text, names))
            earlier = clauses_of(told)
            narrator.hear(told, earlier)
            read_presence(told, earlier, referents)
            place = self._where(text, told, earlier, place, names)
        sentences = list(read_sentences(page, names))
        clauses = clauses_of(sentences)
        narrator.hear(sentences, clauses)
        hush_letters(clauses, referents.narrator)
        presence = read_presence(sentences, clauses, referents)
        action = read_action(clauses, presence)
        wardrobe = read_wearing(clauses, presence)
        time, season = read_time(sentences, clauses)
        belief = self._where(page, sentences, clauses, place, names)
        figures = tuple(_figure(cast[one], one, action, wardrobe) for one in presence.there)
        return Scene(
            figures=figures,
            away=tuple(CharacterId(cast[one].id) for one in sorted(presence.absent)),
            extras=tuple(presence.extras),
            place=belief.name,
            time=time,
            season=season,
            weather=read_weather(clauses),
            props=tuple(action.props),
            colours=read_colours(sentences, clauses, _names(cast, presence)),
            absent=read_absent(clauses),
            told=" ".join(one.text for one in sentences),
            unsure=doubts(belief, clauses, presence, figures, action.props) if clauses else (),
        )

    def _where(
        self,
        text: str,
        sentences: Sequence[Sentence],
        clauses: Sequence[Clause],
        before: Belief | None,
        names: Names,
    ) -> Belief:
        found = found_place(sentences, clauses, before.name if before else "", names)
        clues = clues_of(text, sentences, clauses, names, found.elsewhere)
        belief = self._places.decide(clues, found, before)
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
