"""Teaches the sense of pages: `python -m recipe.reading.sense --help`.

It goes on from a small encoder of English sentences, all-MiniLM-L6-v2 (Apache-2.0,
https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2): its first layers learn to tell the
place of each page of the recipe's stories, and which words the picture must show. `--base` is its
folder: `config.json`, `vocab.txt` and `model.safetensors`. About half an hour on two cores.
"""

import argparse
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors.numpy import save_file
from transformers import BertConfig, BertModel

from actors.extractors.learned.kinds import place_kinds
from actors.extractors.learned.sense import (
    BEFORE_PIECES,
    PAGE_PIECES,
    PAGES_BEFORE,
    SENSE,
    Cut,
    Pieces,
)
from recipe.reading.corpus import Kind, load_pages
from recipe.reading.learning import OPEN
from recipe.reading.marks import Marks, load_marks, marks_of
from recipe.reading.passages import load_passages, load_stories
from recipe.reading.words import judged_words, kinds_of

LAYERS = 4
"""The layers that are kept: all six would take a page 15 ms longer."""
_FROZEN = 1
"""The layers that learn nothing more, with the pieces' own vectors."""
_FREQUENT = 12_000
"""The first so many pieces of the vocabulary are the most frequent ones."""
_RATE, _RATE_OF_HEAD = 2e-4, 2e-3
_BATCH = 16
_SORTED = 16
"""So many batches are sorted by length together, so that little is padded."""
_DROPPED = 0.1
_WORDS = 4.0
"""What the surprise at words counts beside that at places."""
_NOT = -1e9

Array = npt.NDArray[np.generic]


@dataclass(frozen=True, slots=True)
class Example:
    """A page with those before it, the kinds of its place, and marks of its words if it has any."""

    page: str
    before: tuple[str, ...]
    kinds: tuple[int, ...]
    marks: Marks | None = None


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes the encoder."""
    parser = argparse.ArgumentParser(prog="python -m recipe.reading.sense", description=__doc__)
    parser.add_argument("--base", type=Path, required=True, help="folder of all-MiniLM-L6-v2")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=SENSE)
    options = parser.parse_args(arguments)
    save_file(teach(options.base, list(examples()), options.epochs, options.seed), options.out)
    return 0


def examples() -> Iterator[Example]:
    """Yields the labelled pages that are open, as the learned words have them."""
    marks = load_marks()
    rows = [(one.story, one.text, one.places) for one in (*load_stories(), *load_passages())]
    for part in OPEN:
        for page in load_pages(part):
            places = tuple(one for item in page.labels[Kind.PLACE] for one in item.alternatives)
            rows.append((page.story, page.text, places))
            marks[page.story, page.number] = marks_of(page)
    for story, grouped in groupby(rows, lambda row: row[0]):
        before: list[str] = []
        for number, (_, text, places) in enumerate(grouped, 1):
            own = marks.get((story, number))
            if (kinds := kinds_of(places)) or own is not None:
                yield Example(text, tuple(before[-PAGES_BEFORE:]), tuple(kinds), own)
            before.append(text)


def teach(base: Path, pages: Sequence[Example], epochs: int, seed: int) -> dict[str, Array]:
    """Returns the arrays of `PageSense`."""
    torch.manual_seed(seed)
    vocabulary, kept = _vocabulary(base, pages)
    pieces = Pieces(vocabulary)
    cut = [pieces.of_page(one.page, one.before) for one in pages]
    net = SenseNet(_encoder(base, kept))
    _train(net, pages, cut, epochs, random.Random(seed))
    return net.arrays(vocabulary)


def _train(
    net: "SenseNet", pages: Sequence[Example], cut: Sequence[Cut], epochs: int, order: random.Random
) -> None:
    optimizer = torch.optim.AdamW(net.groups(), weight_decay=0.01)
    batches = [batch for _ in range(epochs) for batch in _batches(cut, order)]
    rates = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, [_RATE, _RATE_OF_HEAD], total_steps=len(batches), pct_start=0.1
    )
    surprise = np.zeros(2)
    net.train()
    for step, batch in enumerate(batches, 1):
        some, own = [pages[one] for one in batch], [cut[one] for one in batch]
        likely, words = net(own)
        losses = _of_places(likely, some), _of_words(words, some, own)
        optimizer.zero_grad()
        (losses[0] + _WORDS * losses[1]).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        rates.step()
        surprise += [one.item() for one in losses]
        if step % 50 == 0:
            place, word = surprise / 50
            print(f"step {step} of {len(batches)}: {place:.3f} nats a page, {word:.3f} a word")
            sys.stdout.flush()
            surprise = np.zeros(2)


class SenseNet(torch.nn.Module):
    """The encoder with heads over kinds of places and for words, as torch trains it."""

    def __init__(self, encoder: BertModel) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = torch.nn.Linear(2 * encoder.config.hidden_size, len(place_kinds()))
        self.words = torch.nn.Linear(encoder.config.hidden_size, 2)
        for head in (self.head, self.words):
            torch.nn.init.zeros_(head.weight)
            torch.nn.init.zeros_(head.bias)
        for part in (encoder.embeddings, *encoder.encoder.layer[:_FROZEN]):
            part.requires_grad_(requires_grad=False)

    def groups(self) -> list[dict[str, object]]:
        """Returns the parameters that learn, and how fast."""
        own = [one for one in self.encoder.parameters() if one.requires_grad]
        return [
            {"params": own, "lr": _RATE},
            {"params": [*self.head.parameters(), *self.words.parameters()], "lr": _RATE_OF_HEAD},
        ]

    def forward(self, pages: Sequence[Cut]) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns how likely each page makes each kind (pages, kinds), in nats; and logits.

        Logits (pages, pieces, 2) are those of pieces to be seen, and to be denied.
        """
        longest = max(len(one.pieces) for one in pages)
        numbers = torch.zeros(len(pages), longest, dtype=torch.long)
        there, own = (torch.zeros(len(pages), longest) for _ in range(2))
        for row, one in enumerate(pages):
            numbers[row, : len(one.pieces)] = torch.tensor(one.pieces)
            there[row, : len(one.pieces)] = 1
            own[row, one.start : len(one.pieces)] = 1
        states = self.encoder(numbers, attention_mask=there).last_hidden_state
        mean = (states * own[..., None]).sum(1) / own.sum(1, keepdim=True)
        pooled = torch.cat([states[:, 0], mean], 1)
        pooled = torch.nn.functional.dropout(pooled, _DROPPED, self.training)
        states = torch.nn.functional.dropout(states, _DROPPED, self.training)
        return torch.log_softmax(self.head(pooled), -1), self.words(states)

    def arrays(self, vocabulary: Sequence[str]) -> dict[str, Array]:
        """Returns what ships: matrices in whole numbers, each row in steps of its own size."""
        arrays: dict[str, Array] = {
            "vocabulary": np.frombuffer("\n".join(vocabulary).encode(), np.uint8)
        }
        own = {
            **self.encoder.state_dict(),
            **self.head.state_dict(prefix="head."),
            # What is denied only teaches: the rules know it as well.
            **{f"words.{name}": one[:1] for name, one in self.words.state_dict().items()},
        }
        for name, one in own.items():
            values = one.detach().numpy()
            if name == _POSITIONS:
                values = values[: BEFORE_PIECES + PAGE_PIECES + 3]
            if name in (_POSITIONS, _TYPES) or values.ndim == 1:
                arrays[name] = values.astype(np.float16)
            else:
                steps = (np.abs(values).max(1) / 127).clip(1e-8).astype(np.float32)
                arrays[name] = np.rint(values / steps[:, None]).astype(np.int8)
                arrays[f"{name}.scale"] = steps
        return arrays


_POSITIONS = "embeddings.position_embeddings.weight"
_TYPES = "embeddings.token_type_embeddings.weight"


def _vocabulary(base: Path, pages: Sequence[Example]) -> tuple[list[str], list[int]]:
    """Returns the pieces that are kept, and their numbers: special, frequent and used ones."""
    every = (base / "vocab.txt").read_text(encoding="utf-8").splitlines()
    pieces = Pieces(every)
    texts = [*(one.page for one in pages), *(word.replace("-", " ") for word, _ in judged_words())]
    used = {number for text in texts for number in pieces.of_text(text)}
    kept = [
        number
        for number, piece in enumerate(every)
        if number in used or piece in _SPECIAL or _is_frequent(number, piece)
    ]
    return [every[number] for number in kept], kept


_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def _is_frequent(number: int, piece: str) -> bool:
    letters = piece.removeprefix("##")
    return letters.isascii() and letters.isalnum() and (number < _FREQUENT or len(letters) == 1)


def _encoder(base: Path, kept: Sequence[int]) -> BertModel:
    config = BertConfig.from_pretrained(
        base, num_hidden_layers=LAYERS, hidden_act="gelu_pytorch_tanh"
    )
    model = BertModel.from_pretrained(
        base, config=config, add_pooling_layer=False, use_safetensors=True, dtype=torch.float32
    )
    vectors = model.embeddings.word_embeddings.weight.detach()[list(kept)]
    rows, width = vectors.shape
    model.embeddings.word_embeddings = torch.nn.Embedding(rows, width, _weight=vectors)
    return model


def _batches(cut: Sequence[Cut], order: random.Random) -> Iterator[list[int]]:
    """Yields the numbers of pages in batches of about one length, in another order each time."""
    mixed = order.sample(range(len(cut)), len(cut))
    batches: list[list[int]] = []
    for start in range(0, len(mixed), _BATCH * _SORTED):
        some = sorted(mixed[start : start + _BATCH * _SORTED], key=lambda one: len(cut[one].pieces))
        batches += [some[at : at + _BATCH] for at in range(0, len(some), _BATCH)]
    yield from order.sample(batches, len(batches))


def _of_places(likely: torch.Tensor, pages: Sequence[Example]) -> torch.Tensor:
    """Returns the mean surprise at the pages' kinds, in nats; any of a page's is right."""
    wrong = torch.full_like(likely, _NOT)
    for row, one in enumerate(pages):
        wrong[row, list(one.kinds) or slice(None)] = 0
    return -torch.logsumexp(likely + wrong, -1).mean()


def _of_words(logits: torch.Tensor, pages: Sequence[Example], cut: Sequence[Cut]) -> torch.Tensor:
    """Returns the mean surprise at the marks of words; of pages without marks there is none."""
    labels, counted = torch.zeros_like(logits), torch.zeros_like(logits)
    for row, (page, own) in enumerate(zip(pages, cut, strict=True)):
        for word, places in own.words if page.marks is not None else ():
            if page.marks is not None and word not in page.marks.open:
                at = [own.start + one for one in places]
                counted[row, at] = 1
                labels[row, at, 0] = float(word in page.marks.seen)
                labels[row, at, 1] = float(word in page.marks.denied)
    surprise = torch.nn.functional.binary_cross_entropy_with_logits(logits, labels, counted)
    return surprise * counted.numel() / counted.sum().clamp(min=1)


if __name__ == "__main__":
    sys.exit(main())
