"""Learns how much each word counts for a page's place: `python -m recipe.reading.learning --help`.

It learns from passages that were written for it and from the pages of the corpus that are open,
never from those that are held back or unread. The same data and seed give the same parameters.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import groupby
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file

from actors.extractors.learned.kinds import kind_of, place_kinds
from actors.extractors.learned.places import PARAMETERS, Floats, Likeness, Parameters, way_of
from actors.extractors.learned.table import WordTable
from actors.extractors.rules.evidence import Clue
from actors.extractors.rules.found import Found, Way
from actors.extractors.rules.reading import Reading, readings
from recipe.reading.corpus import Item, Kind, Page, Part, load_pages
from recipe.reading.passages import load_passages
from recipe.reading.scoring import fits
from server.domain.characters import FrozenCharacter

_OPEN = (Part.PRACTICE, Part.DEVELOPMENT, Part.TALES)
_OF_PAGES = 0.5
"""What an open page counts, that rules have been written with; a passage counts 1."""
_DROPPED = 0.2


def _floats(*values: float) -> Floats:
    return np.array(values, np.float32)


_BEGIN = Parameters(
    sharpness=_floats(6),
    steepness=_floats(8),
    near=_floats(0.4),
    doubt=_floats(0.4),
    scale=_floats(0.6),
    parts=_floats(1, 1, 1.2, 1, 0.5, 0.5, 0.1, 0.1),
    named=_floats(1, 1.5, 2, 3, 4, 0.5, 1, 1.5, 2, 1),
    free=_floats(1, 1.5, 2, 3, 4, 0.5, 1, 1.5, 2, 1),
    prior=_floats(0),
    stay=_floats(1),
    shift=np.zeros((100, len(place_kinds())), np.float32),
)
STEPS = 32
"""So few that the passages are not learnt by heart."""
_RATE, _RATE_OF_SHIFT = 0.06, 0.01
_HELD = 3000.0
"""How strongly the shift is held at nothing: without, it learns the passages by heart."""
_SMOOTH = 1.0
"""What is added to how often each kind is the place of an example."""


@dataclass(frozen=True, slots=True)
class Example:
    """A page as the rules read it, and its place: any of the alternatives."""

    clues: tuple[Clue, ...]
    found: Found
    places: tuple[str, ...]
    weight: float


Story = tuple[Example, ...]


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes the parameters."""
    parser = argparse.ArgumentParser(prog="python -m recipe.reading.learning", description=__doc__)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=PARAMETERS)
    options = parser.parse_args(arguments)
    learnt = learn([*of_passages(), *of_pages()], options.steps, options.seed)
    save_file(learnt, options.out)
    return 0


def of_passages() -> Iterator[Story]:
    """Yields the stories of passages as the rules read them."""
    for _, grouped in groupby(load_passages(), lambda one: one.story):
        story = list(grouped)
        read = readings([one.text for one in story], [])
        yield tuple(_example(r, one.places, 1) for one, r in zip(story, read, strict=True))


def of_pages() -> Iterator[Story]:
    """Yields the open stories of the corpus as the rules read them."""
    for part in _OPEN:
        for _, grouped in groupby(load_pages(part), lambda one: one.story):
            story = list(grouped)
            cast: Sequence[FrozenCharacter] = story[0].cast
            read = readings([one.text for one in story], cast)
            yield tuple(
                _example(reading, _places(page), _OF_PAGES)
                for page, reading in zip(story, read, strict=True)
            )


def _places(page: Page) -> tuple[str, ...]:
    return tuple(one for item in page.labels[Kind.PLACE] for one in item.alternatives)


def _example(reading: Reading, places: tuple[str, ...], weight: float) -> Example:
    return Example(tuple(reading.clues), reading.found, places, weight)


def learn(stories: Sequence[Story], steps: int, seed: int) -> dict[str, Floats]:
    """Returns the parameters that make the labels the most likely."""
    torch.manual_seed(seed)
    pages = _Pages(stories)
    learnt = {
        one.name: torch.tensor(getattr(_BEGIN, one.name)).requires_grad_()
        for one in fields(Parameters)
        if one.name != "prior"
    }
    others = [one for name, one in learnt.items() if name != "shift"]
    optimizer = torch.optim.Adam(
        [{"params": others, "lr": _RATE}, {"params": [learnt["shift"]], "lr": _RATE_OF_SHIFT}]
    )
    for step in range(steps):
        optimizer.zero_grad()
        loss = pages.loss(learnt)
        (loss + _HELD * learnt["shift"].square().mean()).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        with torch.no_grad():
            learnt["doubt"].clamp_(0.05, 0.95)
        if step % 10 == 0 or step == steps - 1:
            print(f"step {step}: {loss.item():.3f} nats a page", flush=True)
    return {name: one.detach().numpy() for name, one in learnt.items()} | {"prior": pages.prior}


class _Pages:
    """Pages as tensors: the words of all pages in one row, with the page of each."""

    def __init__(self, stories: Sequence[Story]) -> None:
        examples = [one for story in stories for one in story]
        self._words(examples)
        self._labels = torch.tensor(np.stack([one for story in stories for one in _labels(story)]))
        self._weights = torch.tensor([one.weight for one in examples])
        self._ruled = torch.tensor([_ruled(one) for one in examples])
        self._way = torch.tensor([way_of(one.found) for one in examples])
        starts = np.cumsum([0, *(len(one) for one in stories)])[:-1]
        longest = max(map(len, stories))
        self._turns = [
            torch.tensor([s + at for s, one in zip(starts, stories, strict=True) if at < len(one)])
            for at in range(longest)
        ]
        shares = self._labels / self._labels.sum(1, keepdim=True).clamp(min=1)
        counts = (shares * self._weights[:, None]).sum(0).numpy() + _SMOOTH
        self.prior: Floats = np.log(counts / counts.sum()).astype(np.float32)

    def _words(self, examples: Sequence[Example]) -> None:
        likeness = Likeness(WordTable.shipped())
        near: list[Floats] = []
        vectors: list[Floats] = []
        at: dict[tuple[str, str], int] = {}
        words: list[tuple[int, int, int]] = []
        for page, example in enumerate(examples):
            for clue in example.clues:
                key = (clue.lemma, clue.lower)
                if key not in at:
                    vector = likeness.vector(*key)
                    at[key] = -1 if vector is None else len(near)
                    if vector is not None:
                        near.append(likeness.near(vector))
                        vectors.append(vector)
                if at[key] >= 0:
                    words.append((page, at[key], int(clue.part)))
        self._near = torch.tensor(np.stack(near))
        self._vectors = torch.tensor(np.stack(vectors))
        self._page, self._word, self._part = torch.tensor(words).T

    def loss(self, by: dict[str, torch.Tensor]) -> torch.Tensor:
        """Returns the mean surprise at the labels, in nats."""
        likely = self._beliefs(by) + torch.log(self._labels + 1e-9)
        known = self._labels.sum(1) > 0
        surprise = -torch.logsumexp(likely, -1) * self._weights
        return surprise[known].sum() / self._weights[known].sum()

    def _beliefs(self, by: dict[str, torch.Tensor]) -> torch.Tensor:
        """Returns the logarithms of the shares of belief after each page."""
        told, first = self._told(by), torch.softmax(torch.tensor(self.prior), -1)
        stay = torch.sigmoid(by["stay"])
        done: list[torch.Tensor] = []
        for turn in self._turns:
            expected = first.expand(len(turn), -1)
            if done:
                before = done[-1][torch.isin(self._turns[len(done) - 1] + 1, turn)]
                expected = stay * before.exp() + (1 - stay) * expected
            done.append(torch.log_softmax(torch.log(expected + 1e-9) + told[turn], -1))
        order = torch.argsort(torch.cat(self._turns))
        return torch.cat(done)[order]

    def _told(self, by: dict[str, torch.Tensor]) -> torch.Tensor:
        """Returns what the words of each page, and its rules' place, add to each kind."""
        count, pages = self._near.shape[1], len(self._ruled)
        near = self._near + self._vectors @ by["shift"]
        shares = torch.softmax(by["sharpness"] * near, -1)
        votes = torch.log(by["doubt"] + (1 - by["doubt"]) * count * shares)
        sure = torch.sigmoid(by["steepness"] * (near.max(1).values - by["near"]))
        weights = by["parts"][self._part] * by["scale"]
        weights = weights * (torch.rand(len(weights)) > _DROPPED) / (1 - _DROPPED)
        told = (votes * sure[:, None])[self._word] * weights[:, None]
        scores = torch.zeros(pages, count).index_add(0, self._page, told)
        ruled = torch.where(self._ruled == count, by["free"][self._way], by["named"][self._way])
        ruled = ruled * (self._ruled >= 0)
        spot = (torch.arange(pages), self._ruled.clamp(min=0))
        return torch.cat([scores, torch.zeros(pages, 1)], 1).index_put(spot, ruled, accumulate=True)


def _ruled(example: Example) -> int:
    """Returns the kind of the rules' place, the number of kinds for none of them, -1 if untold."""
    if example.found.way is Way.KEPT or not example.found.name:
        return -1
    known = kind_of(example.found.name)
    return len(place_kinds()) if known is None else known


def _labels(story: Story) -> Iterator[Floats]:
    """Yields which answers are right on each page: kinds, and a place of none that was found."""
    count, other = len(place_kinds()), ""
    for example in story:
        right = np.zeros(count + 1, np.float32)
        right[[at for at in map(kind_of, example.places) if at is not None]] = 1
        other = example.found.name if _ruled(example) == count else other
        right[count] = bool(other) and fits(Item(example.places), other)
        yield right


if __name__ == "__main__":
    sys.exit(main())
