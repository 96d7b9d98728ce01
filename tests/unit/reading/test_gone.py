"""What is there no more, and what was told of and then is not there."""

import pytest

from tests.unit.reading.pages import read


@pytest.mark.parametrize(
    "text",
    [
        "The mist rolled off the lake, and Tom could see the boat.",
        "By ten the fog had burned away. Mia ran outside.",
        "The clouds blew away and Mia laughed.",
        "The haze thinned, and Bruno saw the tower.",
        "The rain moved off over the hills. Tom came out.",
        "The storm drifted out to sea and Tom opened the door.",
    ],
)
def test_weather_that_clears_is_not_drawn(text: str) -> None:
    assert read(text).weather == ()


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Mia sat on the wall. One by one the stars went out.", "star"),
        ("The moon slipped behind the hill. Tom lit a lamp.", "moon"),
        ("The yellow umbrella was nowhere to be found. Tom got wet.", "umbrella"),
        ("He had drawn a map with a blue bridge on it. There was no bridge.", "bridge"),
        ("Mia saw a lamp and a yellow chair. There was no chair in the room now.", "chair"),
        ("They had promised Mia an elephant. There was no elephant, only a tent.", "elephant"),
        ("Tom looked for the ferryman. No ferryman stood by the water now.", "ferryman"),
        ("Mia thought of a gate and a gardener. There was no gate. There was no gardener.", "gate"),
        ("Mia saw a gardener. Then there was no gardener.", "gardener"),
    ],
)
def test_what_is_not_there_after_all_is_not_drawn(text: str, word: str) -> None:
    scene = read(text)
    drawn = " ".join((*scene.props, *scene.colours, *scene.extras, *map(str, scene.weather)))
    assert word not in drawn.split()


@pytest.mark.parametrize(
    ("text", "extras", "props"),
    [
        ("There was no cat at first. Then a cat jumped onto the wall.", ("cat",), ("wall",)),
        ("There was no red boat. A boat lay on the sand.", (), ("sand", "boat")),
    ],
)
def test_what_comes_after_it_was_denied_is_drawn(
    text: str, extras: tuple[str, ...], props: tuple[str, ...]
) -> None:
    scene = read(text)
    assert (scene.extras, scene.props) == (extras, props)


@pytest.mark.parametrize(
    ("text", "denied"),
    [
        ("He had not brought the rope. Or the torch.", ["rope", "torch"]),
        ("Tom left his umbrella on its hook and walked down the lane.", ["umbrella"]),
        ("Mia left her boots by the door.", ["boot"]),
        ("Tom left the house.", []),
    ],
)
def test_what_is_left_behind_is_denied(text: str, denied: list[str]) -> None:
    assert sorted(read(text).absent) == denied


def test_a_wind_that_blew_and_has_dropped_is_gone() -> None:
    assert read("The wind, which blew all night, had dropped.").weather == ()


def test_what_only_does_something_away_is_still_there() -> None:
    assert [str(one) for one in read("The wind blew her hat away.").weather] == ["wind"]
    assert read("His hair had gone white overnight.").colours == ("white hair",)
