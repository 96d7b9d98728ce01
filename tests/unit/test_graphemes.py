"""Graphemes by UAX 29: as the library `regex` finds them, but for one rule that it has wrong."""

from itertools import product

import regex
from hypothesis import given
from hypothesis import strategies as st

from imggen.rules import graphemes
from imggen.rules.texts import MOST_OCTETS, shortened

# A few of each class, so that the rules meet.
_CLASSES = (
    *("a", "\u00e9", " ", "\r", "\n", "\u0301", "\u200d", "\u200c", "\u0903", "\u0e33", "\u0600"),
    *("\u1100", "\u1160", "\u11a8", "\uac00", "\uac01", "\U0001f1e6", "\U0001f469", "\u2764"),
    *("\ufe0f", "\U0001f3fd", "\U000e0067", "\u0915", "\u093e", "\u00ad", "\u06dd", "\u4e00"),
)
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"


def test_clusters_are_those_of_regex() -> None:
    for parts in product(_CLASSES, repeat=3):
        text = "".join(parts)
        assert list(graphemes.split(text)) == regex.findall(r"\X", text), ascii(text)


@given(st.text(st.characters(exclude_categories=["Cs", "Cn"]).filter(lambda c: c != "\u094d")))
def test_clusters_are_whole_and_in_order(text: str) -> None:
    assert "".join(graphemes.split(text)) == text


def test_conjuncts_are_one_character() -> None:
    # regex 2026.11 joins a linker that no consonant is before (GB9c wants one).
    assert list(graphemes.split("\u0915\u094d\u0937\u093f\u0924")) == [
        "\u0915\u094d\u0937\u093f",
        "\u0924",
    ]
    assert list(graphemes.split("a\u094d\u0937")) == ["a\u094d", "\u0937"]


@given(st.text(st.sampled_from(_CLASSES)), st.integers(0, 40))
def test_a_cut_is_between_characters(text: str, most: int) -> None:
    whole = list(graphemes.split(text))
    starts = {"".join(whole[:count]) for count in range(len(whole) + 1)}
    assert graphemes.first(text, most) in starts
    kept = graphemes.first_octets(text, most)
    assert kept in starts
    assert len(kept.encode()) <= most


def test_an_error_message_is_cut_between_characters() -> None:
    cut = shortened("x" + FAMILY * 60)
    assert len(cut.encode()) <= MOST_OCTETS
    assert set(graphemes.split(cut)) == {"x", FAMILY, "\u2026"}


def test_a_consonant_with_endless_linkers_is_read_once() -> None:
    # By a pattern that tries each split of the linkers, it takes hours.
    assert graphemes.length("\u0915" + "\u094d" * 500_000) == -(-500_001 // 16)
    assert list(graphemes.split("\u0915\u094d\u200d\u0937")) == ["\u0915\u094d\u200d\u0937"]
