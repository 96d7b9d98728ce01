"""What a prompt that is cut to its limit leaves unsaid of its content."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from uuid import UUID

from actors.prompts.reading import SILENT, words_of
from actors.prompts.saying import acting_of, doing, setting_of
from actors.prompts.things import colours_apart, things_of
from actors.prompts.told import SHOWN, Told, not_drawn
from actors.prompts.wording import clean
from server.domain.scenes import Figure, LossKind, NotDrawn, Scene
from server.domain.spec import RenderSpec

_SENTENCE_ENDS = frozenset({".", "!", "?"})
_LINE_ENDS = frozenset({*_SENTENCE_ENDS, ",", ";", "with", "wearing", "holding"})


@dataclass(frozen=True, slots=True)
class Kept:
    """The parts of a prompt that had room.

    `described` are the characters of the lines of `people`, `pictured` those whom the prompt names
    in pictures sent along. `texts` are as much of the description and the page as is in it.
    """

    style: bool
    described: Collection[UUID]
    pictured: Collection[UUID]
    people: str
    setting: str
    texts: tuple[str, ...]


def unsaid(spec: RenderSpec, scene: Scene, kept: Kept) -> tuple[NotDrawn, ...]:
    """Returns what a prompt says nowhere: not in a part of its own, and not in a text.

    What is not in the picture is no part of it. A character whom only a text names is unsaid, since
    a model does not know what it looks like.
    """
    texts = list(chain.from_iterable(_runs(one, _SENTENCE_ENDS) for one in kept.texts))
    lines = [run for one in (kept.people, kept.setting) for run in _runs(one, _LINE_ENDS)]
    style = [Told(spec.style.id, LossKind.STYLE, SHOWN if kept.style else "")]
    parts = (_cast(spec, kept), _acting(scene, kept, texts), _around(scene, kept, texts))
    things = _things(scene, [*lines, *texts])
    return not_drawn(chain(style, *parts, things), {})


def _cast(spec: RenderSpec, kept: Kept) -> Iterator[Told]:
    for one in spec.characters:
        said = one.id in (*kept.described, *kept.pictured)
        yield Told(one.description.name, LossKind.CHARACTER, SHOWN if said else "")


def _acting(scene: Scene, kept: Kept, texts: Sequence[Collection[str]]) -> Iterator[Told]:
    for figure in scene.figures:
        said = figure.character in kept.described
        for action in figure.doing:
            yield _told(action, LossKind.ACTION, texts, said=said)
        if figure.mood is not None:
            words = acting_of(Figure(figure.character, mood=figure.mood))
            yield _told(figure.mood, LossKind.MOOD, texts, words, said=said)
        for worn in figure.wearing:
            yield _told(worn, LossKind.CLOTHING, texts, said=said)


def _around(scene: Scene, kept: Kept, texts: Sequence[Collection[str]]) -> Iterator[Told]:
    said = bool(kept.setting)
    for extra in scene.extras:
        yield _told(extra, LossKind.EXTRA, texts, said=said)
    if scene.place:
        yield _told(scene.place, LossKind.PLACE, texts, said=said)
    for time in filter(None, (scene.time, scene.season)):
        yield _told(time, LossKind.TIME, texts, said=said)
    for weather in scene.weather:
        words = setting_of(Scene(weather=(weather,)))
        yield _told(weather, LossKind.WEATHER, texts, words, said=said)


def _things(scene: Scene, runs: Sequence[Collection[str]]) -> Iterator[Told]:
    """Yields what is told of things and colours, of whom some line may say them: who holds one."""
    for thing in things_of(scene):
        yield _told(thing, LossKind.PROP, runs)
    for coloured in colours_apart(scene):
        yield _told(coloured, LossKind.COLOUR, runs)


def _told(
    phrase: str,
    kind: LossKind,
    runs: Sequence[Collection[str]],
    *others: str,
    said: bool = False,
) -> Told:
    """Returns a part, said by its own line or by runs of words, in its words or in others."""
    said = said or any(_has(runs, one) for one in (phrase, *others))
    return Told(str(phrase), kind, SHOWN if said else "")


def _has(runs: Sequence[Collection[str]], phrase: str) -> bool:
    """Returns whether all words of a phrase that mean something are in one run."""
    words = [word for word in words_of(clean(phrase)) if word[0].isalnum()]
    wanted = [_forms(word) for word in words if word not in SILENT] or [{one} for one in words]
    return bool(wanted) and any(all(not one.isdisjoint(run) for one in wanted) for run in runs)


def _forms(word: str) -> set[str]:
    """Returns a base form with its regular forms: `stop`, `stops`, `stopping`, `stopped`."""
    ongoing = doing(word)
    stems = {word, ongoing.removesuffix("ing"), f"{word[:-1]}i" if word.endswith("y") else word}
    endings = ("s", "es", "d", "ed", "y")
    return {word, ongoing, *(f"{stem}{ending}" for stem in stems for ending in endings)}


def _runs(text: str, ends: Collection[str]) -> Iterator[frozenset[str]]:
    """Yields the words between two ends, each run of them."""
    run: list[str] = []
    for word in chain.from_iterable([*words_of(line), "."] for line in text.splitlines()):
        if word not in ends:
            run.append(word)
        elif run:
            yield frozenset(run)
            run = []
