"""Words that are refused stay refused however they are hidden; no test prints one of them."""

import re
import string
from collections.abc import Callable, Iterable
from random import Random

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from recipe.safety.corpus import HALVES, load
from server.safety.folding import Folding
from server.safety.gate import TextGate
from server.safety.lists import Lists

Hide = Callable[[str, Random], str]

INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u034f\u200e\U000e0041"
ACCENTS = "\u0300\u0301\u0308\u0323\u0327\u0336"
SIGNS = {"a": "4@", "e": "3€", "i": "1", "o": "0", "s": "5$", "t": "7+", "b": "8"}


class Words:
    """The words that are refused without any other; its representation shows none of them."""

    def __init__(self, lists: Lists) -> None:
        self._words = sorted(
            {
                word
                for phrase in lists.phrases
                if phrase.is_word and phrase.group in lists.refused
                for word in phrase.choices[0].words
            }
        )

    def __repr__(self) -> str:
        return f"{len(self._words)} words"

    def latin(self, least: int) -> list[str]:
        """Those in Latin letters, of at least so many."""
        return [word for word in self._words if word.isascii() and len(word) >= least]

    def other(self, least: int) -> list[str]:
        """Those in Arabic and Devanagari letters, of at least so many."""
        return [word for word in self._words if not word.isascii() and len(word) >= least]


class Lookalikes:
    """Letters of all scripts by the Latin letter that they are read as."""

    def __init__(self, folding: Folding) -> None:
        self._letters: dict[str, list[str]] = {letter: [] for letter in string.ascii_lowercase}
        for code in range(0x80, 0x1F200):
            folded = folding.fold(chr(code))
            if folded in self._letters:
                self._letters[folded].append(chr(code))

    def __repr__(self) -> str:
        return "lookalikes"

    def of(self, text: str, random: Random) -> str:
        """Returns the text with about half of its letters in another script."""
        return "".join(
            random.choice([letter, random.choice(self._letters.get(letter) or [letter])])
            for letter in text
        )


@pytest.fixture(scope="session")
def words(lists: Lists) -> Words:
    return Words(lists)


@pytest.fixture(scope="session")
def lookalikes(folding: Folding) -> Lookalikes:
    return Lookalikes(folding)


def passed(gate: TextGate, texts: Iterable[str]) -> int:
    """Returns how many of the texts are not refused, so that a failure shows a number only."""
    return sum(gate.check({"text": f"This page says {text} here."}) is None for text in texts)


def invisible(word: str, random: Random) -> str:
    return "".join(letter + random.choice(["", *INVISIBLE]) for letter in word)


def accented(word: str, random: Random) -> str:
    return "".join(letter + random.choice(["", *ACCENTS]) for letter in word)


def spaced(word: str, random: Random) -> str:
    return random.choice(" .-_*·").join(word)


def spaced_by_many(word: str, random: Random) -> str:
    return "".join(letter + random.choice([" ", ".", "-", "_", " - ", "  "]) for letter in word)


def signs(word: str, random: Random) -> str:
    hidden = [random.choice([letter, *SIGNS.get(letter, "")]) for letter in word]
    return word if all(map(str.isdigit, hidden)) else "".join(hidden)


def repeated(word: str, random: Random) -> str:
    place = random.randrange(len(word))
    return word[:place] + word[place] * random.randint(3, 6) + word[place + 1 :]


def in_capitals(word: str, random: Random) -> str:
    return "".join(random.choice([letter.upper(), letter]) for letter in word)


def halved(word: str, random: Random) -> tuple[str, str]:
    cut = random.randrange(1, len(word))
    return word[:cut], word[cut:]


def starred(word: str, random: Random) -> str:
    place = random.randrange(1, len(word))
    return word[:place] + "*" + word[place + 1 :] if place + 1 < len(word) else word


SEEDS = st.integers(0, 2**32 - 1)
# An example is all words; a failing one is not made smaller, since none of its words is shown.
EVERY_WORD = settings(max_examples=1, deadline=None, phases=[Phase.generate])


@EVERY_WORD
@given(seed=SEEDS)
@pytest.mark.parametrize(
    ("hide", "least"),
    [
        (invisible, 3),
        (accented, 3),
        (in_capitals, 3),
        (spaced, 4),
        (spaced_by_many, 4),
        (signs, 3),
        (repeated, 3),
        (starred, 4),
    ],
)
def test_a_hidden_latin_word_is_refused(
    gate: TextGate, words: Words, hide: Hide, least: int, seed: int
) -> None:
    random = Random(seed)
    latin = words.latin(least)
    assert len(latin) > 1000
    missed = passed(gate, [hide(word, random) for word in latin])
    assert missed == 0


@pytest.mark.parametrize("mark", [".", "-", "_", " ", "!", "\u200b"])
def test_a_spaced_word_ends_no_sentence(gate: TextGate, mark: str) -> None:
    spaced_word = mark.join("naked")
    assert gate.check({"text": f"A {spaced_word} woman."}) is not None


@EVERY_WORD
@given(seed=SEEDS)
def test_a_word_in_lookalikes_is_refused(
    gate: TextGate, words: Words, lookalikes: Lookalikes, seed: int
) -> None:
    random = Random(seed)
    missed = passed(gate, [lookalikes.of(word, random) for word in words.latin(3)])
    assert missed == 0


@EVERY_WORD
@given(seed=SEEDS)
def test_a_word_in_two_pieces_is_refused_in_one_field_and_in_two(
    gate: TextGate, words: Words, lists: Lists, seed: int
) -> None:
    random = Random(seed)
    pairs = [halved(word, random) for word in words.latin(4) if not re.search(r"(.)\1", word)]
    pairs = [pair for pair in pairs if not any(each.issuperset(pair) for each in lists.parted)]
    missed = passed(gate, [f"{first} {second}" for first, second in pairs])
    assert missed == 0
    fields = ({"title": f"See {first}", "text": f"{second} here"} for first, second in pairs)
    missed = sum(gate.check(each) is None for each in fields)
    assert missed == 0


@EVERY_WORD
@given(seed=SEEDS)
@pytest.mark.parametrize("hide", [invisible, spaced, spaced_by_many])
def test_a_hidden_arabic_or_hindi_word_is_refused(
    gate: TextGate, words: Words, hide: Hide, seed: int
) -> None:
    random = Random(seed)
    others = words.other(4)
    assert len(others) > 100
    missed = passed(gate, [hide(word, random) for word in others])
    assert missed == 0


@EVERY_WORD
@given(seed=SEEDS)
@pytest.mark.parametrize("spell", [invisible, accented, in_capitals, "lookalikes"])
def test_a_harmless_line_in_another_spelling_passes(
    gate: TextGate, lookalikes: Lookalikes, spell: Hide | str, seed: int
) -> None:
    random = Random(seed)
    spelled = lookalikes.of if isinstance(spell, str) else spell
    lines = [line.text for half in HALVES for line in load(half) if line.category is None]
    refused = [line for line in lines if gate.check({"text": spelled(line, random)})]
    assert refused == []
