"""What figures have got in their hands and on their bodies, in more ways of saying it."""

import pytest

from tests.unit.reading.pages import figure, read


@pytest.mark.parametrize(
    ("text", "name", "holding"),
    [
        ("Tom has got the lantern, so he goes first.", "Tom", ("lantern",)),
        ("Mia has the map, and she points.", "Mia", ("map",)),
        ("Mia took off her hat and fanned herself with it.", "Mia", ("hat",)),
        ("Tom stirred the soup with the end of a stick.", "Tom", ("stick",)),
        ("Grandma lay asleep, one arm round a jar.", "Grandma", ("jar",)),
        ("Tom stood there with his black frying pan.", "Tom", ("black frying pan",)),
        ("Mia and Tom hauled on the rope.", "Tom", ("rope",)),
        ("Mia was already lighting a torch.", "Mia", ("torch",)),
        ("Tom has the house to himself.", "Tom", ()),
        ("Mia pulled on her boots.", "Mia", ()),
    ],
)
def test_what_one_has_got_is_in_the_hands(text: str, name: str, holding: tuple[str, ...]) -> None:
    assert figure(read(text), name).holding == holding


@pytest.mark.parametrize(
    ("text", "name", "wearing"),
    [
        ("Tom has got his wellies on.", "Tom", ("welly",)),
        ("Mia stood on the stool wrapped in a white towel.", "Mia", ("white towel",)),
        ("Tom stumbled. Sand ran into Tom's sandals.", "Tom", ("sandal",)),
        ("Mia sat down, and there was a hole in Mia's sock.", "Mia", ("sock",)),
        ("Grandma sneezed. The light shines on Grandma's head.", "Grandma", ()),
        ("Tom stood by the door with tulips wrapped in newspaper.", "Tom", ()),
    ],
)
def test_what_one_has_on_is_worn(text: str, name: str, wearing: tuple[str, ...]) -> None:
    assert figure(read(text), name).wearing == wearing


def test_a_washing_line_is_a_thing() -> None:
    assert read("The washing line swung in the wind.").props == ("washing line",)


def test_what_has_got_lost_is_not_denied_by_tears() -> None:
    assert read("Mia shed tears.").absent == ()


def test_i_am_there_though_it_was_not_me() -> None:
    scene = read("I am Mia. Something ate the cake. It was not me. I lie down.")
    assert figure(scene, "Mia").doing == ("lie down",)
