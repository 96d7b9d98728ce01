"""Formats: the ratios of the contract, and what each model draws for each."""

from dataclasses import replace

import pytest

from imggen.rules.pictures import DEFAULT_RATIO
from server.domain.models import Format, Model, Size
from server.domain.states import ImageType
from server.routing.catalogue import KNOWN, SDXL, STORYBOOK
from server.routing.formats import RATIOS, format_of, scene_format

WIDE, FULL, SQUARE = RATIOS.values()


def test_the_contract_has_three_ratios_and_the_widest_is_the_default() -> None:
    sizes = {"16:9": Size(1824, 1024), "4:3": Size(1368, 1024), "1:1": Size(1024, 1024)}
    assert sizes == RATIOS
    assert DEFAULT_RATIO == "16:9"


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("model", KNOWN.values(), ids=lambda model: model.name)
def test_every_model_draws_every_ratio(model: Model, ratio: str) -> None:
    found = scene_format(model, RATIOS[ratio])
    assert found.display == RATIOS[ratio]
    assert found.native in model.scenes.values()
    if ratio in model.scenes:
        assert found == Format(RATIOS[ratio], model.scenes[ratio])
    else:
        assert model.scenes[found.cropped_from] == found.native


@pytest.mark.parametrize("ratio", ["16:9", "4:3"])
def test_a_model_of_squares_draws_squares_for_wider_ratios(ratio: str) -> None:
    found = scene_format(STORYBOOK, RATIOS[ratio])
    assert found == Format(RATIOS[ratio], Size(256, 256), cropped_from="1:1")


@pytest.mark.parametrize(
    ("scenes", "display", "drawn"),
    [
        ({"16:9": Size(1344, 768), "1:1": SQUARE}, FULL, "16:9"),
        ({"1:1": SQUARE, "16:9": Size(1344, 768)}, FULL, "16:9"),
        ({"1:1": SQUARE, "4:3": Size(1152, 896)}, WIDE, "4:3"),
        ({"16:9": Size(1344, 768), "4:3": Size(1152, 896)}, SQUARE, "4:3"),
    ],
)
def test_the_nearest_ratio_is_the_one_of_which_the_least_is_cut(
    scenes: dict[str, Size], display: Size, drawn: str
) -> None:
    found = scene_format(replace(SDXL, scenes=scenes), display)
    assert (found.cropped_from, found.native) == (drawn, scenes[drawn])


@pytest.mark.parametrize("kind", [ImageType.SCENE, ImageType.COVER])
def test_scenes_and_covers_have_a_format_for_the_sizes_of_the_contract(kind: ImageType) -> None:
    assert format_of(STORYBOOK, kind, SQUARE) == Format(SQUARE, Size(256, 256))
    assert format_of(STORYBOOK, kind, WIDE) == Format(WIDE, Size(256, 256), "1:1")
    assert format_of(SDXL, kind, WIDE) == Format(WIDE, Size(1344, 768))
    assert format_of(SDXL, kind, Size(640, 480)) is None


def test_portraits_have_a_format_for_the_sizes_of_the_model_alone() -> None:
    tall = Size(1024, 1536)
    assert format_of(SDXL, ImageType.PORTRAIT, tall) == Format(tall, Size(832, 1216))
    assert format_of(STORYBOOK, ImageType.PORTRAIT, tall) is None
    assert format_of(STORYBOOK, ImageType.PORTRAIT, WIDE) is None
