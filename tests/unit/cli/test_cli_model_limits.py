"""What no model can draw of a story file is said at once, before anything is created."""

from dataclasses import replace

import pytest

from imggen.cli.model_limits import model_faults
from imggen.cli.story_content import FileCover, FileOptions, FilePage, StoryFile
from imggen.v1.routing_pb2 import ModelStatus, ProviderStatus

CAST = ("Mia", "Leo", "Ida", "Tom")
OWN = ModelStatus(model="own", max_characters=2, qualities=["standard", "hd"], stands_for=["old"])
PAID = ModelStatus(model="paid", max_characters=3, qualities=["hd"])
OFFERED = (
    ProviderStatus(provider="local", models=[OWN]),
    ProviderStatus(provider="hosted", models=[PAID]),
)


def told(
    crowd: int, options: dict[str, str], providers: tuple[ProviderStatus, ...] = OFFERED
) -> list[str]:
    page = FilePage(text="One.", scene="", characters=CAST[:crowd])
    story = StoryFile("The Map", "anime", (), (page,), FileOptions(**options))  # type: ignore[arg-type]
    return [f"{bad.field}: {bad.description}" for bad in model_faults(story, providers)]


@pytest.mark.parametrize(
    ("options", "crowd"),
    [
        ({}, 3),
        ({"model": "own", "quality": "standard"}, 2),
        ({"model": "old"}, 2),
        ({"provider": "hosted"}, 3),
    ],
)
def test_what_a_model_draws_is_no_fault(options: dict[str, str], crowd: int) -> None:
    assert told(crowd, options) == []


@pytest.mark.parametrize(
    ("options", "crowd", "faults"),
    [
        ({"model": "nano"}, 9, ['options.model: "nano" is not offered here; use one of own, paid']),
        ({"provider": "x"}, 9, ['options.provider: "x" is not offered here; use one of hosted']),
        (
            {"model": "nano", "provider": "x"},
            1,
            ['options.model: "nano" is not', 'options.provider: "x" is not'],
        ),
        (
            {"model": "own", "provider": "hosted"},
            1,
            ["options.provider: hosted does not offer own, but local does"],
        ),
        (
            {"provider": "hosted", "quality": "standard"},
            4,
            [
                "options.quality: standard is not drawn by any model here; use hd",
                "story.pages[0].character_ids: 4 characters are more than any model here can draw;",
            ],
        ),
        (
            {"model": "old"},
            3,
            ["story.pages[0].character_ids: 3 characters are more than old can draw; 2 at most"],
        ),
    ],
)
def test_all_that_no_model_draws_is_said_at_once(
    options: dict[str, str], crowd: int, faults: list[str]
) -> None:
    found = told(crowd, options)
    assert [line[: len(fault)] for line, fault in zip(found, faults, strict=True)] == faults


def test_the_cover_has_its_limit_and_pages_that_are_not_drawn_have_none() -> None:
    page = FilePage(text="One.", scene="", characters=CAST)
    cover = FileCover(scene="All.", characters=CAST)
    story = StoryFile("The Map", "anime", (), (page,), FileOptions(scenes=False), cover)
    assert [bad.field for bad in model_faults(story, OFFERED)] == ["cover.character_ids"]
    assert model_faults(replace(story, cover=None), OFFERED) == []


def test_a_server_that_does_not_tell_the_limits_finds_them_itself() -> None:
    silent = (ProviderStatus(provider="local", models=[ModelStatus(model="own")]),)
    assert told(4, {"model": "nano"}, silent) == []
