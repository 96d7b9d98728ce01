"""Letters that look alike become one."""

import pytest

from server.safety.folding import Folding


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("HELLO World", "hello world"),
        ("Ｈｅｌｌｏ", "hello"),
        ("𝐡𝖊𝓁𝕝𝚘", "hello"),
        ("ⓗⓔⓛⓛⓞ", "hello"),
        ("🅷🅴🅻🅻🅾", "hello"),
        ("🇭🇪🇱🇱🇴", "hello"),
        ("һеllо", "hello"),
        ("Ηello", "hello"),
        ("ʜᴇʟʟᴏ", "hello"),
        ("ɦɇɫɫø", "hello"),
        ("h\u200be\u00adl\u2060l\ufeffo", "hello"),
        ("h\u0336e\u0301l\u0323l\u0308o", "hello"),
        ("Straße", "strasse"),
        ("Çà é øł", "ca e ol"),
        ("snake_case", "snake-case"),
        ("كـــتاب", "كتاب"),
        ("كِتَابٌ", "كتاب"),
        ("أإآى", "اااي"),
        ("लड़की", "लडकी"),
        ("अण्डा", "अंडा"),
        ("चाँद", "चांद"),
        ("小さい", "小さい"),
    ],
)
def test_a_text_is_folded(folding: Folding, text: str, folded: str) -> None:
    assert folding.fold(text) == folded


def test_folding_twice_changes_nothing(folding: Folding) -> None:
    text = "Ｈéllo Ηello लड़की كِتَاب"
    assert folding.fold(folding.fold(text)) == folding.fold(text)
