"""Scenes: what the picture of a page shows, as it was read from the page's text."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any
from uuid import UUID

from imggen.rules.scenes import SETTLED_BY
from server.domain.ids import CharacterId


class Mood(StrEnum):
    """How somebody looks to feel."""

    HAPPY = "happy"
    LAUGHING = "laughing"
    SAD = "sad"
    AFRAID = "afraid"
    ANGRY = "angry"
    SURPRISED = "surprised"
    TIRED = "tired"
    SHY = "shy"
    PROUD = "proud"
    CALM = "calm"
    CURIOUS = "curious"


class DayTime(StrEnum):
    """A part of the day."""

    DAWN = "dawn"
    MORNING = "morning"
    DAY = "day"
    EVENING = "evening"
    NIGHT = "night"


class Season(StrEnum):
    """A season."""

    SPRING = "spring"
    SUMMER = "summer"
    AUTUMN = "autumn"
    WINTER = "winter"


class Weather(StrEnum):
    """The weather, which a picture may show together with another one."""

    SUN = "sun"
    RAIN = "rain"
    STORM = "storm"
    SNOW = "snow"
    FOG = "fog"
    WIND = "wind"
    CLOUD = "cloud"
    RAINBOW = "rainbow"


class Side(StrEnum):
    """The part of a picture where somebody stands."""

    LEFT = "left"
    MIDDLE = "middle"
    RIGHT = "right"


class SceneField(StrEnum):
    """A field of a scene that an author may empty."""

    FIGURES = "figures"
    EXTRAS = "extras"
    PLACE = "place"
    TIME = "time"
    SEASON = "season"
    WEATHER = "weather"
    PROPS = "props"
    COLOURS = "colours"


class LossKind(StrEnum):
    """What part of a picture's content a model cannot show, or a reader is not sure of."""

    CHARACTER = "character"
    EXTRA = "extra"
    PLACE = "place"
    TIME = "time"
    WEATHER = "weather"
    ACTION = "action"
    MOOD = "mood"
    PROP = "prop"
    CLOTHING = "clothing"
    LOOK = "look"
    COLOUR = "colour"
    STYLE = "style"


@dataclass(frozen=True, slots=True)
class Unsure:
    """A part of a scene that its reader is not sure of, and why in a few words.

    `phrase` is what it read, as the scene has it; empty where it found nothing.
    """

    phrase: str
    kind: LossKind
    why: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A character of the cast on a picture.

    `doing` are actions that can be seen, each with what it is done to, beginning with the verb's
    base form: `climb the old oak`. `wearing` and `without` hold for this page only, in addition to
    the character's description, or against it.
    """

    character: CharacterId
    doing: tuple[str, ...] = ()
    mood: Mood | None = None
    holding: tuple[str, ...] = ()
    wearing: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    side: Side | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """What the picture of a page shows.

    `figures` come from left to right; of two, nothing may say who is where, and then a seed
    decides. `away` are characters who are said not to be there. `extras` are people and animals
    that are no characters. `place` is in the words of the text. `props` are the things that must be
    seen, held or not; `colours` are all that the text gives to something seen, each with what has
    it: `dark red coat`. `absent` is what the text says is not there, not so or not done. `told` are
    the sentences that say all this, without speech. `empty` are fields of which an author wants
    nothing, whatever the text says; a scene that was read has none. `unsure` are the parts of which
    the reader is not sure; all of them are drawn as they were read.
    """

    figures: tuple[Figure, ...] = ()
    away: tuple[CharacterId, ...] = ()
    extras: tuple[str, ...] = ()
    place: str = ""
    time: DayTime | None = None
    season: Season | None = None
    weather: tuple[Weather, ...] = ()
    props: tuple[str, ...] = ()
    colours: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    told: str = ""
    empty: tuple[SceneField, ...] = ()
    unsure: tuple[Unsure, ...] = ()


@dataclass(frozen=True, slots=True)
class NotDrawn:
    """A part of the content that a picture does not show as it is told.

    `phrase` is in the words of the text; `became` is what is drawn instead, empty where it is left
    out: a kitchen that became `bedroom`.
    """

    phrase: str
    kind: LossKind
    became: str = ""


def share_shown(scene: Scene, losses: Sequence[NotDrawn]) -> float:
    """Returns the share of a scene's actions and things that a model with these losses shows."""
    held = (thing for figure in scene.figures for thing in figure.holding)
    things = len({*scene.props, *held})
    said = things + sum(len(figure.doing) for figure in scene.figures)
    lost = sum(one.kind in (LossKind.ACTION, LossKind.PROP) for one in losses)
    return max(0.0, 1 - lost / said) if said else 1.0


def overridden(scene: Scene, fixed: Scene, cast: Sequence[CharacterId]) -> Scene:
    """Returns a scene as it was read, with what an author has fixed of it.

    Its sentences are left out, since they may say otherwise. Fixed figures who are not of the cast
    are left out, too; of the cast, those who are not fixed are away.
    """
    scene = _emptied(scene, fixed.empty)
    read = {one.character: one for one in scene.figures}
    mine = [one for one in fixed.figures if one.character in cast]
    figures = tuple(_acting(read.get(one.character, one), one) for one in mine)
    away = tuple(one for one in cast if one not in {each.character for each in mine})
    denied = {one.casefold() for one in fixed.absent}
    return Scene(
        figures=figures or scene.figures,
        away=away if figures or SceneField.FIGURES in fixed.empty else scene.away,
        extras=_allowed(fixed.extras or scene.extras, denied),
        place=fixed.place or scene.place,
        time=fixed.time or scene.time,
        season=fixed.season or scene.season,
        weather=fixed.weather or scene.weather,
        props=_allowed(fixed.props or scene.props, denied),
        colours=fixed.colours or scene.colours,
        absent=tuple(dict.fromkeys((*fixed.absent, *scene.absent))),
        unsure=_left_unsure(scene.unsure, fixed),
    )


def _left_unsure(doubts: Sequence[Unsure], fixed: Scene) -> tuple[Unsure, ...]:
    settled = {
        kind
        for field, kinds in SETTLED_BY.items()
        if field in fixed.empty or getattr(fixed, field)
        for kind in kinds
    }
    return tuple(one for one in doubts if one.kind not in settled)


def _emptied(scene: Scene, fields: Sequence[SceneField]) -> Scene:
    nothing = Scene()
    emptied = replace(scene, **{str(one): getattr(nothing, one) for one in fields})
    if SceneField.PROPS not in fields:
        return emptied
    return replace(emptied, figures=tuple(replace(one, holding=()) for one in emptied.figures))


def _acting(read: Figure, fixed: Figure) -> Figure:
    return replace(
        read,
        doing=fixed.doing or read.doing,
        mood=fixed.mood or read.mood,
        holding=fixed.holding or read.holding,
        wearing=fixed.wearing or read.wearing,
        without=fixed.without or read.without,
    )


def _allowed(said: Sequence[str], denied: set[str]) -> tuple[str, ...]:
    return tuple(one for one in said if one.casefold() not in denied)


def scene_json(scene: Scene) -> dict[str, Any]:
    """Returns a scene that an author has fixed as JSON, without what is not set."""
    said = asdict(scene)
    said["figures"] = [
        _set({**each, "character": str(each["character"])}) for each in said["figures"]
    ]
    return _set(said)


def scene_of_json(data: Mapping[str, Any]) -> Scene:
    """Reads it back; raises ValueError for a word that is not known."""
    return Scene(
        figures=tuple(map(_figure_of_json, data.get("figures", ()))),
        extras=tuple(data.get("extras", ())),
        place=data.get("place", ""),
        time=DayTime(data["time"]) if "time" in data else None,
        season=Season(data["season"]) if "season" in data else None,
        weather=tuple(map(Weather, data.get("weather", ()))),
        props=tuple(data.get("props", ())),
        colours=tuple(data.get("colours", ())),
        absent=tuple(data.get("absent", ())),
        empty=tuple(map(SceneField, data.get("empty", ()))),
    )


def _figure_of_json(data: Mapping[str, Any]) -> Figure:
    return Figure(
        character=CharacterId(UUID(data["character"])),
        doing=tuple(data.get("doing", ())),
        mood=Mood(data["mood"]) if "mood" in data else None,
        holding=tuple(data.get("holding", ())),
        wearing=tuple(data.get("wearing", ())),
        without=tuple(data.get("without", ())),
    )


def _set(said: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in said.items()
        if value
    }
