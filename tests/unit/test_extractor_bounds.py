"""Bounds of scenes: what is kept of an absurdly long one."""

import json
from dataclasses import asdict
from uuid import UUID

import pytest

from actors.extractors.bounds import MOST_BYTES, MOST_ITEMS, MOST_LETTERS, bounded
from server.domain.ids import CharacterId
from server.domain.scenes import Figure, LossKind, Scene, Unsure

LONG = tuple(f"{number} lantern" * 99 for number in range(99))


def size(scene: Scene) -> int:
    """Returns the bytes of a scene as JSON."""
    return len(json.dumps(asdict(scene), ensure_ascii=False, default=str).encode())


def figures(number: int, words: tuple[str, ...] = ()) -> tuple[Figure, ...]:
    """Returns figures of different characters."""
    return tuple(
        Figure(CharacterId(UUID(int=place)), words, None, words, words, words)
        for place in range(number)
    )


def test_a_scene_of_a_page_stays_as_it_is() -> None:
    scene = Scene(figures(3, ("a lantern",)), extras=("a crowd",), place="sea", told="It rains.")
    assert bounded(scene) == scene


def test_lists_keep_their_first_items() -> None:
    scene = bounded(Scene(props=tuple(f"lantern {number}" for number in range(99))))
    assert scene.props == tuple(f"lantern {number}" for number in range(MOST_ITEMS))
    assert all(len(one) == MOST_LETTERS for one in bounded(Scene(extras=LONG[:2])).extras)


def test_a_job_tells_the_first_doubts() -> None:
    doubts = tuple(Unsure(f"lantern {n}", LossKind.PROP, "in passing") for n in range(99))
    kept = bounded(Scene(unsure=doubts)).unsure
    assert kept == doubts[: len(kept)]
    assert 0 < len(kept) <= MOST_ITEMS


@pytest.mark.parametrize("letter", ["a", "é", "犬", '"', "\x01"])
@pytest.mark.parametrize("people", [0, 3, 99])
def test_nothing_is_larger_than_its_bound(letter: str, people: int) -> None:
    words = (letter * 500,) * 99
    scene = Scene(
        figures(people, words),
        away=tuple(one.character for one in figures(people)),
        extras=words,
        place=letter * 500,
        props=words,
        colours=words,
        absent=words,
        unsure=tuple(Unsure(one, LossKind.PROP, one) for one in words),
        told=f"{letter} " * 20_000,
    )
    kept = bounded(scene)
    assert size(kept) <= MOST_BYTES
    assert [one.character for one in kept.figures] == [
        one.character for one in scene.figures[:MOST_ITEMS]
    ]


def test_sentences_are_cut_before_lists() -> None:
    words = tuple(f"lantern {number}" for number in range(MOST_ITEMS))
    kept = bounded(Scene(figures(2, words), props=words, told="It rains. " * 9_000))
    assert kept.props == kept.figures[1].doing == words
    assert kept.told.startswith("It rains. It rains.")
    assert MOST_BYTES - 20 < size(kept) <= MOST_BYTES
