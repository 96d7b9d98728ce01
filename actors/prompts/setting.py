"""The setting of a scene in the grammar's values: the place, the time and the weather."""

from collections.abc import Mapping
from dataclasses import dataclass

from actors.prompts.reading import SILENT, spelled_words, words_of
from actors.prompts.told import SHOWN, Told
from actors.storybook import attributes as drawn
from actors.storybook.table import Match, table
from actors.storybook.vocabulary import places as words
from actors.storybook.vocabulary.looks import VAGUE
from server.domain.scenes import LossKind, Scene, Season, Weather

_BARE = frozenset({drawn.Place.MEADOW, drawn.Place.BEACH})
"""The places that stand for others less well than the snow does where it snows."""
_WET = frozenset({Weather.RAIN, Weather.STORM})


@dataclass(frozen=True, slots=True)
class Setting:
    """A place, a time and a weather that go together, and what they show of a scene."""

    place: drawn.Place
    time: drawn.Time
    weather: drawn.Weather
    told: tuple[Told, ...]
    hint: str = ""


def read_setting(scene: Scene, *, portrait: bool) -> Setting:
    """Returns the setting of a scene: a meadow by day, or a plain background, if it says nothing.

    Without a place the snow counts as one, then the first thing that is found at some place: it
    is the `hint`, and the place is drawn instead of it.
    """
    place, told, hint = _place(scene, portrait=portrait)
    wet = place.outdoors and not _WET.isdisjoint(scene.weather)
    time, bent = words.TIMES[scene.time] if scene.time else (drawn.Time.DAY, False)
    weather = drawn.Weather.RAIN if wet else drawn.Weather.DRY
    if scene.time is not None:
        part = "" if place.timeless else SHOWN
        became = str(time).split()[-1] if bent and part else ""
        told.append(Told(str(scene.time), LossKind.TIME, part, became))
    if scene.season is not None:
        part = SHOWN if place in words.SEASONS[scene.season] else ""
        told.append(Told(str(scene.season), LossKind.TIME, part))
    told += [_weather(one, place, time, weather) for one in dict.fromkeys(scene.weather)]
    return Setting(place, time, weather, tuple(told), hint)


def shows(thing: str, shown: Mapping[str, frozenset[str]]) -> bool:
    """Returns whether a background shows a thing, in the colour that is said if one is."""
    if not shown:
        return False
    said = words_of(thing)
    found = [one for one in table(dict.fromkeys(shown, ())).matches(said) if one.end == len(said)]
    if not found:
        return False
    before = said[: found[0].start]
    return (SILENT | VAGUE | shown[found[0].meaning]).issuperset(before)


def _place(scene: Scene, *, portrait: bool) -> tuple[drawn.Place, list[Told], str]:
    default = drawn.Place.PLAIN if portrait else drawn.Place.MEADOW
    found = _found(scene.place)
    if found is not None:
        place = drawn.Place(found.meaning)
        bent = found.bent or _says_more(scene.place, found)
        if Weather.SNOW in scene.weather and found.bent and place in _BARE:
            place = drawn.Place.SNOW
        became = words.NAMES[place] if bent else ""
        return place, [Told(scene.place, LossKind.PLACE, SHOWN, became)], ""
    hint = "" if _is_snowy(scene) else next((one for one in scene.props if _found(one)), "")
    hinted = _found(hint)
    if hinted is not None:
        place = drawn.Place(hinted.meaning)
        seen = shows(hint, words.things_in(place, drawn.Time.DAY, drawn.Weather.DRY))
        bent = not seen and (hinted.bent or _says_more(hint, hinted))
        told = [Told(hint, LossKind.PROP, SHOWN, words.NAMES[place] if bent else "")]
    else:
        place, told = drawn.Place.SNOW if _is_snowy(scene) else default, []
    if scene.place:
        told.append(Told(scene.place, LossKind.PLACE, SHOWN, words.NAMES[place]))
    return place, told, hint


def _is_snowy(scene: Scene) -> bool:
    return Weather.SNOW in scene.weather or scene.season is Season.WINTER


def _found(said: str) -> Match | None:
    """Returns the place that words name: the last one before an `of`, else the last one."""
    found = list(words.PLACES.matches(words_of(said)))
    if "of" in words_of(said):
        before = [one for one in found if one.end <= words_of(said).index("of")]
        found = before or found
    return found[-1] if found else None


def _says_more(said: str, match: Match) -> bool:
    """Returns whether words say more than a place: `stone castle`, `grandmother's garden`."""
    spelled, plain = spelled_words(said), words_of(said)
    return any(
        not match.start <= at < match.end
        and word not in SILENT | VAGUE
        and len(spelled[at]) == len(word)
        for at, word in enumerate(plain)
    )


def _weather(one: Weather, place: drawn.Place, time: drawn.Time, weather: drawn.Weather) -> Told:
    dry = weather is drawn.Weather.DRY
    open_air = place.outdoors or place is drawn.Place.SNOW
    shown = {
        Weather.RAIN: not dry,
        Weather.STORM: not dry,
        Weather.SNOW: place is drawn.Place.SNOW,
        Weather.SUN: dry and not place.timeless and time is not drawn.Time.NIGHT,
        Weather.CLOUD: open_air and (not dry or time is drawn.Time.DAY),
    }
    part = "weather" if one in {Weather.RAIN, Weather.STORM} else SHOWN
    became = "rain" if one is Weather.STORM and not dry else ""
    return Told(str(one), LossKind.WEATHER, part if shown.get(one) else "", became)
