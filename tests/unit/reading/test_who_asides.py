"""Who does something after an aside, how many do it, and who is only one of a kind."""

import pytest

from tests.unit.reading.casts import FAMILY, read, who_is_on


@pytest.mark.parametrize(
    ("page", "names"),
    [
        (
            "Mia, Tom and Biscuit climbed up. Three of them sat on the top.",
            ["Biscuit", "Mia", "Tom"],
        ),
        ("It smelt of wet hay, and Tom, who had been asleep, sat up.", ["Tom"]),
        ("The wind blew over the grass, and Mia, who was cold, ran.", ["Mia"]),
        ("Tom stroked the cat, and Mia, whose shoes were wet, shivered.", ["Mia", "Tom"]),
        ("Mia ran through the house. All the others were asleep.", ["Mia"]),
        ("Everybody's hat was wet. Mia laughed.", ["Mia"]),
        ("Tom thought about Mrs. Bell's hands. Tom smiled.", ["Tom"]),
    ],
)
def test_who_is_there_beside_asides_and_numbers(page: str, names: list[str]) -> None:
    assert who_is_on(page, FAMILY) == names


@pytest.mark.parametrize(
    ("page", "extras"),
    [
        ("They lay under the blanket, aunt and nephew. Mia snored.", ()),
        ("In that land, where girls were expected to sew, Mia dug.", ()),
        ("Mum buttoned Tom into his coat.", ("mum",)),
        ("An aunt and a nephew waved at Mia.", ("aunt", "nephew")),
    ],
)
def test_kin_and_kinds_without_an_article_are_no_strangers(
    page: str, extras: tuple[str, ...]
) -> None:
    assert read(page, FAMILY).extras == extras


def test_socks_that_are_not_on_are_no_deed() -> None:
    assert read("Mia has got no socks on.", FAMILY).figures[0].doing == ()
