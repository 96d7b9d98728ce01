"""What an author may set of the scene of a page or a cover."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Protocol, TypeVar

from imggen.rules.checks import Checks
from imggen.v1 import errors_pb2 as reasons
from imggen.v1.scene_pb2 import Figure, Scene

T = TypeVar("T")

MOODS = (
    *("happy", "laughing", "sad", "afraid", "angry", "surprised", "tired", "shy", "proud"),
    *("calm", "curious"),
)
TIMES = ("dawn", "morning", "day", "evening", "night")
SEASONS = ("spring", "summer", "autumn", "winter")
WEATHER = ("sun", "rain", "storm", "snow", "fog", "wind", "cloud", "rainbow")

MOST_ENTRIES = 40
MOST_LETTERS = 200

FIELDS = ("figures", "extras", "place", "time", "season", "weather", "props", "colours")
"""What an author may empty."""

SETTLED_BY = {
    "figures": ("character", "action"),
    "extras": ("extra",),
    "place": ("place",),
    "props": ("prop",),
}
"""The kinds of parts of which nothing is unsure once an author has set a field, or emptied it."""


class Told(Protocol):
    """A part of a page that is told of: what it says, and its kind."""

    @property
    def phrase(self) -> str:
        """The words for it."""
        ...

    @property
    def kind(self) -> object:
        """What it is."""
        ...


AnyTold = TypeVar("AnyTold", bound=Told)


def still_open(doubts: Iterable[AnyTold], left_out: Iterable[Told]) -> list[AnyTold]:
    """Returns the doubts that matter: whether a part is there does not where it is not drawn."""
    known = {(one.phrase, one.kind) for one in left_out}
    return [one for one in doubts if (one.phrase, one.kind) not in known]


_LISTS = ("extras", "props", "colours", "absent")
_ACTING = ("doing", "holding", "wearing", "without")
_UNKNOWN = reasons.ERROR_REASON_FIELD_OUT_OF_RANGE


def read_scene(checks: Checks, path: str, given: Scene, listed: Collection[str]) -> Scene:
    """Returns the scene of a page or a cover, cleaned; `listed` are the characters it lists."""
    read = Scene(
        figures=_figures(checks, f"{path}.figures", given.figures, listed),
        place=checks.line(f"{path}.place", given.place, MOST_LETTERS) or "",
        time=_one_of(checks, f"{path}.time", given.time, TIMES, "time"),
        season=_one_of(checks, f"{path}.season", given.season, SEASONS, "season"),
        weather=_weather(checks, f"{path}.weather", given.weather),
    )
    for name in _LISTS:
        getattr(read, name).extend(_texts(checks, f"{path}.{name}", getattr(given, name)))
    read.empty.extend(_empty(checks, f"{path}.empty", given))
    return read


def _empty(checks: Checks, path: str, given: Scene) -> Iterator[str]:
    """Yields the fields that the scene empties, each once."""
    for place, name in enumerate(dict.fromkeys(_first(checks, path, given.empty))):
        if name in FIELDS and getattr(given, name):
            why = f'"{name}" is set, too; set it or empty it'
            checks.add(f"{path}[{place}]", why, _UNKNOWN)
        yield (
            checks.one_of(
                f"{path}[{place}]", name, dict(zip(FIELDS, FIELDS, strict=True)), "field", _UNKNOWN
            )
            or ""
        )


def _weather(checks: Checks, path: str, given: Sequence[str]) -> Iterator[str]:
    for place, one in enumerate(_first(checks, path, given)):
        if not one:
            why = f"is empty; use one of {', '.join(WEATHER)}"
            checks.add(f"{path}[{place}]", why, _UNKNOWN)
        yield _one_of(checks, f"{path}[{place}]", one, WEATHER, "weather")


def _figures(
    checks: Checks, path: str, given: Sequence[Figure], listed: Collection[str]
) -> Iterator[Figure]:
    seen: set[str] = set()
    for place, one in enumerate(_first(checks, path, given)):
        field = f"{path}[{place}]"
        id_ = checks.id(f"{field}.character_id", one.character_id, str) or ""
        if id_ and id_ not in listed:
            why = f'"{id_}" is not listed with the scene; add it to character_ids there'
            checks.add(f"{field}.character_id", why, _UNKNOWN)
        if id_ in seen:
            why = "is named before; name each character once"
            checks.add(f"{field}.character_id", why, reasons.ERROR_REASON_DUPLICATE_ITEM)
        seen |= {id_} - {""}
        figure = Figure(
            character_id=id_, mood=_one_of(checks, f"{field}.mood", one.mood, MOODS, "mood")
        )
        for name in _ACTING:
            getattr(figure, name).extend(_texts(checks, f"{field}.{name}", getattr(one, name)))
        yield figure


def _texts(checks: Checks, path: str, given: Sequence[str]) -> Iterator[str]:
    for place, one in enumerate(_first(checks, path, given)):
        yield checks.line(f"{path}[{place}]", one, MOST_LETTERS, required=True) or ""


def _first(checks: Checks, path: str, given: Sequence[T]) -> Sequence[T]:
    checks.at_most(path, len(given), MOST_ENTRIES, "entries")
    return given[:MOST_ENTRIES]


def _one_of(checks: Checks, path: str, value: str, known: Sequence[str], noun: str) -> str:
    """Reads one of some words, which may be left out."""
    if not value:
        return ""
    return checks.one_of(path, value, dict(zip(known, known, strict=True)), noun, _UNKNOWN) or ""
