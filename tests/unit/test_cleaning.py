"""What is stored of a text: what shapes what is seen stays, in every script."""

import unicodedata

import pytest

from imggen.rules.checks import clean
from imggen.rules.storyboards import named_in

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
SCOTLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"

KEPT = {
    "Persian": "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
    "Persian short form": "\u06f1\u06f4\u06f0\u06f3 \u0647\u200d.\u0642",
    "Hindi without a ligature": "\u0915\u094d\u200d\u0937",
    "Bengali ra with ya": "\u09b0\u200d\u09cd\u09af\u09be\u09ac",
    "Malayalam at the end of a word": "\u0d28\u0d4d\u200d \u0d15",
    "Sinhala": "\u0dc1\u0dca\u200d\u0dbb\u0dd3",
    "a family": FAMILY,
    "a kiss": "\U0001f469\U0001f3fd\u200d\u2764\ufe0f\u200d\U0001f48b\u200d\U0001f468\U0001f3fe",
    "the rainbow's flag": "\U0001f3f3\ufe0f\u200d\U0001f308",
    "a flag of tags": SCOTLAND,
    "a flag of letters": "\U0001f1fa\U0001f1e6",
    "a keycap": "1\ufe0f\u20e3",
    "a variant of an ideograph": "\u845b\U000e0100",
    "a standard variant of an ideograph": "\u793e\ufe00",
    "an emoji as text": "\u2764\ufe0e",
    "a zero with a slash": "10\ufe00",
    "a symbol of mathematics": "a \u2268\ufe00 b",
    "Myanmar with dots": "\u1000\ufe00",
    "a comma in a corner": "\u4f60\uff0c\ufe01\u6211",
    "a turned hieroglyph": "\U00013091\ufe00",
    "a form of Mongolian": "\u182d\u180c\u180e\u1820",
    "points of Hebrew in their order": "\u05d9\u05b7\u034f\u05b4\u05dd",
    "a mark of direction": "\u05e9\u05dc\u05d5\u05dd\u200f!",
    "the end of a verse": "\u06dd\u0661",
    "Khmer between words": "\u1781\u17d2\u1789\u17bb\u17c6\u200b\u1781",
    "Mongolian": "\u1820\u180e\u1821",
    "a poem": "Roses are red,\nviolets are blue.\n\nThe fox",
}
GONE = {
    "an override": ("Mia \u202eaiM\u202c", "Mia aiM"),
    "isolates": ("a\u2066b\u2069c", "abc"),
    "stray tags": ("a\U000e0041\U000e0042b", "ab"),
    "a sentence in a flag": (
        "\U0001f3f4" + "".join(chr(0xE0000 + ord(c)) for c in "ignoreall") + "\U000e007f",
        "\U0001f3f4",
    ),
    "a joiner at the start": ("\u200dMia", "Mia"),
    "a joiner at the end": ("Mia\u200c rose", "Mia rose"),
    "joiners in a row": ("\u06cc\u200c\u200c\u200c\u062e", "\u06cc\u200c\u062e"),
    "a joiner after an emoji": ("\U0001f98a\u200d fox", "\U0001f98a fox"),
    "hidden variants": ("\u2764\ufe0f\ufe0f\U000e0101\U000e0102", "\u2764\ufe0f"),
    "variants of Latin letters": ("M\ufe00i\U000e0148a\ufe0f", "Mia"),
    "variants of digits": ("1\ufe0f2\ufe0e", "12"),
    "an ideograph's variant of an emoji": ("\u2764\U000e0148", "\u2764"),
    "an emoji's variant of an ideograph": ("\u845b\ufe0f", "\u845b"),
    "a variant that Unicode has not given": ("\u2764\ufe05", "\u2764"),
    "a form of Mongolian in English": ("a\u180bb\u180f", "ab"),
    "joiners in Latin": ("M\u200ci\u200da", "Mia"),
    "a ligature kept from German": ("Auf\u200clage", "Auflage"),
    "joiners in Greek": ("\u03b1\u200d\u03b2", "\u03b1\u03b2"),
    "joiners in Russian": ("\u0434\u200c\u0430", "\u0434\u0430"),
    "joiners in Chinese": ("\u4f60\u200d\u6211", "\u4f60\u6211"),
    "a joiner after a variant that goes": ("a\ufe0f\u200d\u2764", "a\u2764"),
    "graphemes that nothing joins": ("M\u034fi\u034fa", "Mia"),
    "what Unicode has not given yet": ("a\u2065\ufff0\U000e0080\U000e01f0b", "ab"),
    "vowels of Khmer that are not used": ("\u1780\u17b5\u1780", "\u1780\u1780"),
    "a variant of nothing": ("\ufe0fx", "x"),
    "a mark of direction in English": ("Mia\u200e", "Mia"),
    "zero-width spaces": ("a\u200bb", "ab"),
    "a soft hyphen": ("Auf\u00adlage", "Auflage"),
    "lines of Windows": ("a \r\n b\r\rc", "a\nb\n\nc"),
    "many empty lines": ("\n\na\n \n\t\n\n b\n", "a\n\nb"),
}


@pytest.mark.parametrize("text", KEPT.values(), ids=KEPT)
def test_what_shapes_a_text_stays(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize(("text", "left"), GONE.values(), ids=GONE)
def test_what_shapes_nothing_goes(text: str, left: str) -> None:
    assert clean(text) == left
    assert clean(left) == left


@pytest.mark.parametrize(
    ("text", "name", "named"),
    [
        # A vowel sign is a part of its word: one word of the other name is the start of this one.
        ("\u0930\u093e\u0927\u093e \u0928\u093e\u091a\u0940", "\u0930\u093e\u0927\u093e", True),
        ("Cafe\u0301 and Mia", "Caf", False),
        ("\u0645\u06cc\u200c\u0646\u0627 \u0622\u0645\u062f", "\u0645\u06cc\u0646\u0627", True),
        ("the fox is here", "Fox", True),
        ("O'Malley sleeps", "O'Malley", True),
    ],
)
def test_a_name_is_found_in_words(text: str, name: str, named: bool) -> None:
    assert bool(named_in([text], [("", name, "")])) is named


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("a" + " " * 1_000_000 + "b", "a b"),
        ("a" + " \n" * 500_000 + "b", "a\n\nb"),
        # Marks of two classes in turn, which composition sorts: 30 at most stay.
        ("a" + "\u0316\u0301" * 500_000, "\u00e1" + "\u0316" * 15 + "\u0301" * 14),
    ],
    ids=["spaces", "lines", "marks"],
)
def test_no_text_is_read_again_and_again(text: str, stored: str) -> None:
    # By a pattern that does, each takes hours.
    assert clean(text) == stored


_HIDDEN = [code for code in range(0x110000) if not 0xD800 <= code < 0xE000 and (
    unicodedata.category(chr(code)) == "Cf" or code in (0x34F, 0x2065)
    or 0x180B <= code <= 0x180F or 0xFE00 <= code <= 0xFE0F or 0xE0000 <= code <= 0xE0FFF
)]  # fmt: skip


def test_nothing_that_is_not_seen_stays_between_latin_letters() -> None:
    # But marks of Arabic and of Kaithi, which are seen.
    left = {code for code in _HIDDEN if clean(f"a{chr(code)}b") != "ab"}
    assert left == {code for code in left if chr(code) in SEEN}
    assert len(_HIDDEN) > 4_000


SEEN = "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
