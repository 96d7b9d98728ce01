"""The learned reader of places as torch trains it: all pages of all stories at once.

It computes what `actors/extractors/learned/places.py` does for a page; a test holds them together.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from actors.extractors.learned.features import (
    PAGE_NUMBERS,
    SITE_NUMBERS,
    SiteFeatures,
    features_of_page,
    features_of_sites,
)
from actors.extractors.learned.kinds import place_kinds
from actors.extractors.learned.places import SPREAD
from actors.extractors.learned.words import Floats
from actors.extractors.rules.evidence import Part
from recipe.reading.corpus import Item
from recipe.reading.scoring import fits
from recipe.reading.words import WordCounts, kinds_of

if TYPE_CHECKING:
    from recipe.reading.learning import Example, Story

_HIDDEN = 16
_OFTEN = 8
"""How often a trait comes up at least to be learned."""
_NOWHERE = -30.0


class Chain(torch.nn.Module):
    """The parameters; names are those of `Parameters`."""

    def __init__(self, traits: int, prior: Floats, likeness: Floats) -> None:
        super().__init__()
        kinds = len(prior)

        def of(*values: float) -> torch.nn.Parameter:
            return torch.nn.Parameter(torch.tensor(values))

        def zeros(*shape: int) -> torch.nn.Parameter:
            return torch.nn.Parameter(torch.zeros(shape))

        self.scale, self.spread = of(0.7), of(0.2)
        self.parts = of(1, 1, 1, 1, 0.6, 0.5, 0.2, 0.1, 0.1)
        self.traits, self.numbers = zeros(traits), zeros(SITE_NUMBERS)
        self.hidden_traits = torch.nn.Parameter(torch.randn(traits, _HIDDEN) * 0.05)
        self.hidden_numbers = torch.nn.Parameter(torch.randn(SITE_NUMBERS, _HIDDEN) * 0.2)
        self.hidden_bias, self.out_bias = zeros(_HIDDEN), zeros(1)
        self.out_weights = torch.nn.Parameter(torch.randn(_HIDDEN) * 0.15)
        self.unnamed, self.carried = of(-3.0), of(0.0)
        self.page = zeros(PAGE_NUMBERS, kinds)
        self.prior = torch.nn.Parameter(torch.tensor(prior))
        self.stay = torch.nn.Parameter(torch.eye(PAGE_NUMBERS)[0])
        self.back, self.alike = of(-1.0), of(0.0)
        self.register_buffer("likeness", torch.tensor(likeness))

    def size(self, page: float) -> torch.Tensor:
        """Returns what is held small."""
        own = self.hidden_traits.square().sum() + self.traits.square().sum()
        return own + page * self.page.square().sum()

    def arrays(self) -> dict[str, np.ndarray[Any, Any]]:
        """Returns the parameters as they ship."""
        own = {name: one.detach().numpy() for name, one in self.named_parameters()}
        alike = own.pop("alike")
        likeness = self.get_buffer("likeness").numpy()
        own["near"] = (alike * likeness).astype(np.float32)
        return {f"by_{name}": one for name, one in own.items()}

    def worths(self, sites: "Sites", dropped: float) -> torch.Tensor:
        """Returns what each named place adds to its kind."""
        hidden, line = self.hidden_traits[sites.trait], self.traits[sites.trait]
        if dropped:
            kept = (torch.rand(len(line)) > dropped) / (1 - dropped)
            hidden, line = hidden * kept[:, None], line * kept
        count = len(sites.page)
        inner = torch.zeros(count, _HIDDEN).index_add(0, sites.of_trait, hidden)
        inner = inner + sites.numbers @ self.hidden_numbers + self.hidden_bias
        outer = torch.zeros(count).index_add(0, sites.of_trait, line) + sites.numbers @ self.numbers
        inner = torch.nn.functional.gelu(inner, approximate="tanh")
        return inner @ self.out_weights + self.out_bias + outer


@dataclass(slots=True)
class Sites:
    """All named places in one row: their page, kind (-1 for none), number among those of none."""

    page: torch.Tensor
    kind: torch.Tensor
    other: torch.Tensor
    numbers: torch.Tensor
    trait: torch.Tensor
    of_trait: torch.Tensor

    @classmethod
    def of_pages(
        cls,
        pages: Sequence[Sequence[SiteFeatures]],
        others: Sequence[Sequence[str]],
        at: dict[str, int],
    ) -> "Sites":
        """Returns the places of pages; `at` is the number of each trait that counts."""
        every = [(page, one) for page, sites in enumerate(pages) for one in sites]
        traits = [
            (at[name], row)
            for row, (_, one) in enumerate(every)
            for name in sorted(one.traits)
            if name in at
        ]
        other = [
            -1 if one.kind is not None else others[page].index(one.name) for page, one in every
        ]
        return cls(
            _whole([page for page, _ in every]),
            _whole([-1 if one.kind is None else one.kind for _, one in every]),
            _whole(other),
            torch.tensor([one.numbers for _, one in every]).view(-1, SITE_NUMBERS),
            _whole([trait for trait, _ in traits]),
            _whole([row for _, row in traits]),
        )


def _whole(numbers: Sequence[int]) -> torch.Tensor:
    return torch.tensor(numbers, dtype=torch.long)


class Pages:
    """Pages as tensors: what their words add by part, their named places, and their labels."""

    def __init__(
        self,
        examples: Sequence["Example"],
        votes: torch.Tensor,
        telling: torch.Tensor,
        sites: Sequence[Sequence[SiteFeatures]],
        starts: Sequence[int],
        traits: Sequence[str] | None = None,
    ) -> None:
        """`votes` (parts, pages, kinds) and `telling` (pages) are of words, `starts` of stories."""
        self._votes, self._telling = votes, telling
        seen = Counter(name for each in sites for one in each for name in one.traits)
        self.traits = traits or sorted(name for name, count in seen.items() if count >= _OFTEN)
        others = [list(dict.fromkeys(o.name for o in each if o.kind is None)) for each in sites]
        self._most = max(1, *map(len, others))
        at = {name: number for number, name in enumerate(self.traits)}
        self._sites = Sites.of_pages(sites, others, at)
        self._there = torch.tensor([[n < len(each) for n in range(self._most)] for each in others])
        self._labels = torch.tensor(
            np.stack([self._label(one, o) for one, o in zip(examples, others, strict=True)])
        )
        self._weights = torch.tensor([one.weight for one in examples])
        self._numbers = torch.tensor(
            np.stack([features_of_page(one.clues, one.found) for one in examples])
        )
        ends = [*starts[1:], len(examples)]
        longest = max(end - start for start, end in zip(starts, ends, strict=True))
        self._turns = [
            torch.tensor([s + turn for s, end in zip(starts, ends, strict=True) if s + turn < end])
            for turn in range(longest)
        ]

    @classmethod
    def of_stories(cls, stories: Sequence["Story"], counts: WordCounts) -> "Pages":
        """Returns the pages of stories, each read by what the words of the others tell."""
        examples = [one for story in stories for one in story]
        votes = torch.zeros(len(Part), len(examples), len(place_kinds()))
        telling = torch.zeros(len(examples))
        sites: list[list[SiteFeatures]] = []
        whole = counts.table()
        starts: list[int] = []
        for number, story in enumerate(stories):
            starts.append(len(sites))
            own = counts.table(without=number)
            for one in story:
                at = len(sites)
                for word, clue in whole.known(one.clues.words):
                    told = own if word in own else whole
                    votes[int(clue.part), at] += torch.from_numpy(told.votes(word))
                    telling[at] += 1
                sites.append(list(features_of_sites(one.found, whole)))
        return cls(examples, votes, telling, sites, starts)

    def _label(self, example: "Example", others: Sequence[str]) -> Floats:
        """Returns which answers are right on a page: kinds, and places of none that it names."""
        kinds = len(place_kinds())
        right = np.zeros(kinds + self._most + 1, np.float32)
        right[kinds_of(example.places)] = 1
        for number, name in enumerate(others):
            right[kinds + number] = bool(example.places) and fits(Item(example.places), name)
        return right

    def loss(self, by: Chain, dropped: float = 0.0) -> torch.Tensor:
        """Returns the mean surprise at the labels, in nats."""
        likely = self.beliefs(by, dropped) + torch.log(self._labels + 1e-9)
        known = self._labels.sum(1) > 0
        surprise = -torch.logsumexp(likely, -1) * self._weights
        return surprise[known].sum() / self._weights[known].sum()

    def beliefs(self, by: Chain, dropped: float = 0.0) -> torch.Tensor:
        """Returns the logarithms of the shares after each page: kinds, others, the carried one."""
        told = self._told(by, dropped)
        kinds, likeness = len(place_kinds()), by.get_buffer("likeness")
        first = torch.softmax(by.prior, -1)
        onward = torch.softmax(by.prior[None] + by.alike * likeness, -1)
        stay, back = torch.sigmoid(self._numbers @ by.stay), torch.sigmoid(by.back)
        done: list[torch.Tensor] = []
        visited = torch.zeros(0)
        for turn in self._turns:
            named = torch.ones(len(turn), self._most)
            if done:
                kept = torch.isin(self._turns[len(done) - 1] + 1, turn)
                before, here = done[-1][kept].exp(), stay[turn][:, None]
                of_kinds = before[:, :kinds]
                visited = visited[kept] + of_kinds
                on = of_kinds @ onward + (1 - of_kinds.sum(1, keepdim=True)) * first
                seen = visited / visited.sum(1, keepdim=True).clamp(min=1e-6)
                likely = here * of_kinds + (1 - here) * ((1 - back) * on + back * seen)
                other = before[:, kinds:].max(1, keepdim=True).values
                carried = here * other * torch.exp(by.carried)
            else:
                likely = first.expand(len(turn), -1)
                carried = torch.zeros(len(turn), 1)
                visited = torch.zeros(len(turn), kinds)
            expected = torch.cat([likely, named, carried], 1)
            done.append(torch.log_softmax(torch.log(expected + 1e-9) + told[turn], -1))
        return torch.cat(done)[torch.argsort(torch.cat(self._turns))]

    def _told(self, by: Chain, dropped: float) -> torch.Tensor:
        """Returns what the words of each page, and the places it names, add to each answer."""
        pages, kinds = len(self._telling), len(place_kinds())
        many = (self._telling.clamp(min=1) / SPREAD) ** -torch.sigmoid(by.spread)
        words = torch.einsum("p,pnk->nk", by.parts, self._votes) * by.scale * many[:, None]
        words = words + self._numbers @ by.page
        sites, wide = self._sites, kinds + self._most
        spot = sites.page * wide + torch.where(sites.kind >= 0, sites.kind, kinds + sites.other)
        named = torch.zeros(pages * wide).index_add(0, spot, by.worths(sites, dropped))
        named = named.view(pages, wide)
        nowhere = torch.tensor(_NOWHERE)
        others = torch.where(self._there, named[:, kinds:] + by.unnamed, nowhere)
        return torch.cat([words + named[:, :kinds], others, torch.zeros(pages, 1)], 1)
