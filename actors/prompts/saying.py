"""A scene in plain English: what its figures do, and what is around them."""

from collections.abc import Iterator, Sequence

from actors.prompts.reading import words_of
from server.domain.scenes import DayTime, Figure, Mood, Scene, Side, Weather

_DOUBLED = frozenset("bdglmnprt")
_VOWELS = frozenset("aeiou")
_MOODS = {Mood.HAPPY: "smiling", Mood.SHY: "shy"}
_WEATHER = {
    Weather.SUN: "sunshine",
    Weather.STORM: "a storm",
    Weather.CLOUD: "clouds",
    Weather.RAINBOW: "a rainbow",
}
_SIDES = {
    Side.LEFT: "on the left of the picture",
    Side.MIDDLE: "in the middle of the picture",
    Side.RIGHT: "on the right of the picture",
}
_DETERMINERS = frozenset({"a", "an", "the", "his", "her", "its", "their", "my", "our", "some"})


def acting_of(figure: Figure | None) -> str:
    """Returns what a figure does, feels and holds: `climbing the oak, afraid, holding a lamp`.

    Where the figure has a side of the picture, it is said last.
    """
    if figure is None:
        return ""
    said = [doing(one) for one in figure.doing]
    if figure.mood is not None:
        said.append(_MOODS.get(figure.mood, str(figure.mood)))
    if figure.holding:
        said.append(f"holding {joined(list(map(with_article, figure.holding)))}")
    if figure.side is not None:
        said.append(_SIDES[figure.side])
    return ", ".join(said)


def setting_of(scene: Scene, told: str = "", people: Sequence[str] = ()) -> str:
    """Returns where and when a scene is, and what and who else is in it, with its colours.

    What a text that is `told` beside it says is left out, and so are the colours that the words for
    its people say.
    """
    parts = [*_where_and_when(scene), *((said, said) for said in around_of(scene))]
    new = [said for known, said in parts if not says(told, known)]
    texts = [told, *people]
    left = (one for one in scene.colours if not any(says(text, one) for text in texts))
    new += map(_the, left)
    return ", ".join(new)


def _where_and_when(scene: Scene) -> Iterator[tuple[str, str]]:
    """Yields the words by which a text says each part, and those that say it here."""
    if scene.place:
        yield scene.place, f"in {_the(scene.place)}"
    if scene.time:
        night = scene.time is DayTime.NIGHT
        # Any text has a day in it: `one day`.
        known = "in the day" if scene.time is DayTime.DAY else str(scene.time)
        yield known, "at night" if night else f"in the {scene.time}"
    if scene.season:
        yield scene.season, f"in {scene.season}"
    for one in scene.weather:
        yield one, _WEATHER.get(one, str(one))


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
    """Returns a noun with `a` or `an`; a plural, and one with its own article, as it is."""
    if _is_determined(noun):
        return noun
    if noun.endswith("s") and not noun.endswith(("ss", "us")):
        return noun
    return f"{'an' if noun[:1] in _VOWELS else 'a'} {noun}"


def says(text: str, phrase: str) -> bool:
    """Returns whether a text has the words of a phrase in their order, one word apart at most.

    The article of a phrase and the number of a noun do not count; `snowy` says snow.
    """
    wanted = [_forms(word) for word in words_of(phrase)]
    if _is_determined(phrase):
        wanted = wanted[1:]
    words = [_forms(word) for word in words_of(text)]
    return bool(wanted) and any(_follow(words[at:], wanted) for at in range(len(words)))


def _follow(words: Sequence[frozenset[str]], wanted: Sequence[frozenset[str]]) -> bool:
    """Returns whether words begin with those wanted."""
    if not words or not words[0] & wanted[0]:
        return False
    rest = wanted[1:]
    return not rest or _follow(words[1:], rest) or _follow(words[2:], rest)


def _forms(word: str) -> frozenset[str]:
    """Returns a word and those that it may come from: `foggy`, `fog`."""
    stems = [word.removesuffix(end) for end in ("s", "es", "y") if word.endswith(end)]
    stems += [stem[:-1] for stem in stems if stem[-2:-1] == stem[-1:]]
    return frozenset((word, *(stem for stem in stems if len(stem) > 2)))


def _the(noun: str) -> str:
    return noun if _is_determined(noun) else f"the {noun}"


def _is_determined(noun: str) -> bool:
    return noun.partition(" ")[0].lower() in _DETERMINERS


def _ing(verb: str) -> str:
    if verb.endswith("ie"):
        return f"{verb[:-2]}ying"
    if verb.endswith("e") and not verb.endswith(("ee", "oe", "ye")) and len(verb) > 2:
        return f"{verb[:-1]}ing"
    short = len(verb) > 2 and verb[-1] in _DOUBLED and verb[-2] in _VOWELS
    if short and verb[-3] not in _VOWELS and sum(one in _VOWELS for one in verb) == 1:
        return f"{verb}{verb[-1]}ing"
    return f"{verb}ing"
