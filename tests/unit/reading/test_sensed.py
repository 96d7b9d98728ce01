"""What the sense of a page says of the things that the rules have read."""

import numpy as np
import pytest

from actors.extractors.learned.sense import Sense
from actors.extractors.rules.sensed import faint, share_of, shown

_KINDS = np.zeros(1, np.float32)


def _sense(seen: dict[str, float], length: int = 30) -> Sense:
    return Sense(_KINDS, seen, length)


def test_a_thing_that_the_picture_can_do_without_is_left_out() -> None:
    assert shown(["red kite", "hill"], _sense({"kite": 0.9, "hill": 0.05})) == ["red kite"]


def test_a_short_page_is_left_to_the_rules() -> None:
    assert shown(["hill"], _sense({"hill": 0.05}, length=12)) == ["hill"]


def test_a_thing_whose_word_is_not_on_the_page_stays() -> None:
    assert shown(["cake"], _sense({"kite": 0.1})) == ["cake"]


def test_a_thing_that_is_more_often_wrong_than_right_is_doubted() -> None:
    sense = _sense({"kite": 0.9, "string": 0.4})
    assert list(faint(["kite", "string"], sense)) == ["string"]


@pytest.mark.parametrize("said", ["pot", "pots", "tin pot", "flower-pot"])
def test_a_thing_has_the_share_of_any_form_of_its_word(said: str) -> None:
    assert share_of(said, {"pots": 0.7, "kite": 0.2}) == 0.7


def test_a_word_has_its_largest_share() -> None:
    assert share_of("leaf", {"leaf": 0.2, "leaves": 0.6}) == 0.6
    assert share_of("leaf", {"kite": 0.6}) is None
    assert share_of("", {"kite": 0.6}) is None
