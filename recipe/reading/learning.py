"""Learns how much each word counts for a page's place: `python -m recipe.reading.learning --help`.

It learns from stories and passages that were written for it and from the pages of the corpus that
are open, never from those that are held back, unread or sealed. The same data and seed give the
same parameters.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors.numpy import save_file

from actors.extractors.learned.kinds import place_kinds
from actors.extractors.learned.places import PARAMETERS
from actors.extractors.learned.words import Floats
from actors.extractors.rules.evidence import PageClues
from actors.extractors.rules.found import Found
from actors.extractors.rules.reading import readings
from recipe.reading.chain import Chain, Pages
from recipe.reading.corpus import Kind, Page, Part, load_pages
from recipe.reading.passages import Passage, load_passages, load_stories
from recipe.reading.words import WordCounts, kinds_of, likeness_of_kinds
from server.domain.characters import FrozenCharacter

OPEN = (Part.PRACTICE, Part.DEVELOPMENT, Part.TALES)
_OF_PAGES = 0.5
"""What an open page counts, that rules have been written with; a page of a story counts 1."""
STEPS = 80
"""So few that the stories are not learnt by heart."""
_RATE = 0.03
_DROPPED = 0.25
_HELD, _HELD_PAGE = 0.003, 1.0
"""How strongly traits are held at nothing, and how much more so what a page adds to kinds."""


@dataclass(frozen=True, slots=True)
class Example:
    """A page as the rules read it, and its place: any of the alternatives, none if unknown."""

    author: str
    clues: PageClues
    found: Found
    places: tuple[str, ...]
    weight: float


Story = tuple[Example, ...]
Arrays = dict[str, npt.NDArray[np.generic]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes the parameters."""
    parser = argparse.ArgumentParser(prog="python -m recipe.reading.learning", description=__doc__)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=PARAMETERS)
    options = parser.parse_args(arguments)
    examples = [*of_stories(), *of_passages(), *of_pages()]
    save_file(learn(examples, options.steps, options.seed), options.out)
    return 0


def of_stories() -> Iterator[Story]:
    """Yields the stories as the rules read them."""
    yield from _read(load_stories())


def of_passages() -> Iterator[Story]:
    """Yields the stories of passages as the rules read them."""
    for story in _read(load_passages()):
        yield tuple(replace(one, author="passages") for one in story)


def _read(pages: Sequence[Passage]) -> Iterator[Story]:
    for _, grouped in groupby(pages, lambda one: one.story):
        story = list(grouped)
        read = readings([one.text for one in story], [])
        yield tuple(
            Example(one.author, r.clues, r.found, one.places, 1)
            for one, r in zip(story, read, strict=True)
        )


def of_pages(parts: Sequence[Part] = OPEN) -> Iterator[Story]:
    """Yields the open stories of the corpus as the rules read them."""
    for part in parts:
        for _, grouped in groupby(load_pages(part), lambda one: one.story):
            story = list(grouped)
            cast: Sequence[FrozenCharacter] = story[0].cast
            read = readings([one.text for one in story], cast)
            yield tuple(
                Example(part, r.clues, r.found, _places(page), _OF_PAGES)
                for page, r in zip(story, read, strict=True)
            )


def _places(page: Page) -> tuple[str, ...]:
    return tuple(one for item in page.labels[Kind.PLACE] for one in item.alternatives)


def learn(stories: Sequence[Story], steps: int, seed: int) -> Arrays:
    """Returns the table of words and the parameters that make the labels the most likely."""
    torch.manual_seed(seed)
    often = how_often(stories)
    labelled = [[(one.clues.words, kinds_of(one.places)) for one in each] for each in stories]
    counts = WordCounts(labelled, often)
    pages = Pages.of_stories(stories, counts)
    chain = Chain(len(pages.traits), np.log(often), likeness_of_kinds())
    optimizer = torch.optim.Adam(chain.parameters(), lr=_RATE)
    rates = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=steps)
    for step in range(steps):
        optimizer.zero_grad()
        loss = pages.loss(chain, _DROPPED)
        (loss + _HELD * chain.size(_HELD_PAGE)).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        rates.step()
        if step % 20 == 0 or step == steps - 1:
            print(f"step {step}: {loss.item():.3f} nats a page", flush=True)
    return {
        **_arrays(counts),
        **chain.arrays(),
        "pages": often,
        "traits": _text(pages.traits),
    }


def how_often(stories: Sequence[Story]) -> Floats:
    """Returns how often each kind is the place of a page; no kind is impossible."""
    count = np.ones(len(place_kinds()), np.float32)
    for story in stories:
        for one in story:
            kinds = kinds_of(one.places)
            for kind in kinds:
                count[kind] += one.weight / len(kinds)
    return np.asarray(count / count.sum(), np.float32)


def _arrays(counts: WordCounts) -> Arrays:
    tellings = list(counts.tellings())
    sizes = [len(telling.kinds) for _, telling in tellings]
    return {
        "words": _text([word for word, _ in tellings]),
        "starts": np.cumsum([0, *sizes[:-1]]).astype(np.int32),
        "kinds": np.concatenate([telling.kinds for _, telling in tellings]),
        "shares": np.concatenate([telling.shares for _, telling in tellings]).astype(np.float16),
    }


def _text(lines: Sequence[str]) -> npt.NDArray[np.uint8]:
    return np.frombuffer("\n".join(lines).encode(), np.uint8)


if __name__ == "__main__":
    sys.exit(main())
