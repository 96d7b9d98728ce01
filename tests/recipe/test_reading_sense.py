"""What teaches the sense of pages."""

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel

from actors.extractors.learned.encoder import HEADS, WIDTH
from actors.extractors.learned.kinds import kind_of
from actors.extractors.learned.sense import PageSense, Pieces
from recipe.reading.corpus import Part, load_pages
from recipe.reading.marks import Marks, load_marks, marks_of
from recipe.reading.passages import load_stories
from recipe.reading.sense import Example, SenseNet, examples, teach

_PIECES = "[PAD] [UNK] [CLS] [SEP] [MASK] a b c d e ##a ##b ##c ##d tom stirred the soup salt ##ed"


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A folder with an encoder of the right shape that has learned nothing."""
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=len(_PIECES.split()),
        hidden_size=WIDTH,
        num_attention_heads=HEADS,
        num_hidden_layers=4,
        intermediate_size=32,
    )
    BertModel(config, add_pooling_layer=False).save_pretrained(tmp_path)
    (tmp_path / "vocab.txt").write_text("\n".join(_PIECES.split()) + "\n")
    return tmp_path


def _pages() -> list[Example]:
    kitchen = kind_of("kitchen")
    assert kitchen is not None
    marks = Marks(frozenset({"soup"}), frozenset({"salt"}), frozenset())
    return [
        Example("Tom stirred the soup.", (), (kitchen,), marks),
        Example("A bad cab! The soup salted Tom.", ("Tom stirred.",), (kitchen,)),
    ]


def test_what_is_taught_reads_as_what_ships(base: Path) -> None:
    taught = teach(base, _pages(), epochs=2, seed=1)
    sense = PageSense(taught)
    encoder = BertModel.from_pretrained(base, add_pooling_layer=False)
    encoder.config._attn_implementation = "eager"
    net = SenseNet(encoder)
    vocabulary = taught["vocabulary"].tobytes().decode().split("\n")
    kept = [_PIECES.split().index(one) for one in vocabulary]
    encoder.embeddings.word_embeddings.weight.data = encoder.embeddings.word_embeddings.weight[kept]
    for layer in encoder.encoder.layer:
        layer.intermediate.intermediate_act_fn = torch.nn.GELU("tanh")
    state = {name: _whole(taught, name) for name in net.state_dict()}
    state["encoder.embeddings.position_embeddings.weight"] = (
        encoder.embeddings.position_embeddings.weight.detach().clone()
    )
    for name in ("words.weight", "words.bias"):
        state[name] = torch.cat([state[name], state[name]])
    net.load_state_dict(state)
    net.eval()
    for page in _pages():
        cut = Pieces(vocabulary).of_page(page.page, page.before)
        likely, words = net([cut])
        read = sense.read(page.page, page.before)
        assert read.kinds == pytest.approx(likely[0].detach().numpy(), abs=2e-3)
        at = cut.start + dict(cut.words)["soup"][0]
        assert read.seen["soup"] == pytest.approx(torch.sigmoid(words[0, at, 0]).item(), abs=2e-3)


def _whole(arrays: dict[str, np.ndarray], name: str) -> torch.Tensor:
    own = name.removeprefix("encoder.") if name.startswith("encoder.") else name
    values = np.asarray(arrays[own], np.float32)
    if f"{own}.scale" in arrays:
        values = values * arrays[f"{own}.scale"][:, None]
    return torch.from_numpy(values)


def test_the_same_pages_and_seed_teach_the_same(base: Path) -> None:
    first, second = (teach(base, _pages(), epochs=1, seed=3) for _ in range(2))
    assert first.keys() == second.keys()
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_a_page_is_cut_after_the_end_of_those_before_it() -> None:
    pieces = Pieces(_PIECES.split())
    cut = pieces.of_page("Salted soup, salted TOM", ["The soup."] * 40)
    said = " ".join(_PIECES.split()[one] for one in cut.pieces[cut.start - 1 :])
    assert said == "[SEP] salt ##ed soup [UNK] salt ##ed tom [SEP]"
    assert cut.pieces[0] == _PIECES.split().index("[CLS]")
    assert cut.start == 34
    assert cut.words == [("salted", [0, 4]), ("soup", [2]), ("tom", [6])]


def test_marks_are_words_of_their_pages() -> None:
    marks, found = load_marks(), 0
    numbers: dict[str, int] = {}
    for page in load_stories():
        numbers[page.story] = numbers.get(page.story, 0) + 1
        own = marks.get((page.story, numbers[page.story]))
        if own is not None:
            found += 1
            text = page.text.lower()
            assert all(word in text for word in own.seen | own.denied), (page.story, own)
    assert found == len(marks) > 2000


def test_labels_of_the_corpus_are_marks_too() -> None:
    page = next(one for one in load_pages(Part.PRACTICE) if one.story == "a-tomato-on-the-moon")
    marks = marks_of(page)
    assert {"earth", "dome", "crater", "lamp"} <= marks.seen
    assert {"rain", "rained"} & marks.denied
    assert "dust" in marks.open


def test_pages_that_are_kept_apart_teach_nothing() -> None:
    apart = {page.text for part in (Part.HELD_BACK, Part.SEALED) for page in load_pages(part)}
    assert apart.isdisjoint(one.page for one in examples())
