"""A scene in plain English: what its figures do, and what is around them."""

from collections.abc import Iterator, Sequence

from server.domain.scenes import Figure, Mood, Scene, Weather

_DOUBLED = frozenset("bdglmnprt")
_VOWELS = frozenset("aeiou")
_MOODS = {Mood.HAPPY: "smiling", Mood.SHY: "shy"}
_WEATHER = {
    Weather.SUN: "sunshine",
    Weather.STORM: "a storm",
    Weather.CLOUD: "clouds",
    Weather.RAINBOW: "a rainbow",
}


def acting_of(figure: Figure | None) -> str:
    """Returns what a figure does, feels and holds: `climbing the oak, afraid, holding a lamp`."""
    if figure is None:
        return ""
    said = [doing(one) for one in figure.doing]
    if figure.mood is not None:
        said.append(_MOODS.get(figure.mood, str(figure.mood)))
    if figure.holding:
        said.append(f"holding {joined(list(map(with_article, figure.holding)))}")
    return ", ".join(said)


def setting_of(scene: Scene) -> str:
    """Returns where and when a scene is, and what and who else is in it."""
    where = [f"in the {scene.place}"] if scene.place else []
    when = (
        [f"at {scene.time}" if scene.time == "night" else f"in the {scene.time}"]
        if scene.time
        else []
    )
    season = [f"in {scene.season}"] if scene.season else []
    weather = [_WEATHER.get(one, str(one)) for one in scene.weather]
    return ", ".join([*where, *when, *season, *weather, *around_of(scene)])


def around_of(scene: Scene) -> Iterator[str]:
    """Yields the others of a scene, and the things in it that nobody holds."""
    held = {thing for figure in scene.figures for thing in figure.holding}
    for extra in scene.extras:
        yield with_article(extra)
    for prop in scene.props:
        if prop not in held:
            yield with_article(prop)


def doing(action: str) -> str:
    """Returns an action that begins with a base form as it goes on: `run away`, `running away`."""
    verb, _, rest = action.partition(" ")
    return f"{_ing(verb)} {rest}".strip()


def joined(words: Sequence[str]) -> str:
    """Returns words as a list in a sentence: `a lamp, a rope and a bun`."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def with_article(noun: str) -> str:
    """Returns a noun with `a` or `an`; a plural as it is."""
    if noun.endswith("s") and not noun.endswith(("ss", "us")):
        return noun
    return f"{'an' if noun[:1] in _VOWELS else 'a'} {noun}"


def _ing(verb: str) -> str:
    if verb.endswith("ie"):
        return f"{verb[:-2]}ying"
    if verb.endswith("e") and not verb.endswith(("ee", "oe", "ye")) and len(verb) > 2:
        return f"{verb[:-1]}ing"
    short = len(verb) > 2 and verb[-1] in _DOUBLED and verb[-2] in _VOWELS
    if short and verb[-3] not in _VOWELS and sum(one in _VOWELS for one in verb) == 1:
        return f"{verb}{verb[-1]}ing"
    return f"{verb}ing"
