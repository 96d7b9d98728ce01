"""The choice of a model: the first one that can draw the whole request."""

from dataclasses import replace

import pytest

from imggen.v1 import errors_pb2 as reasons
from server.domain.models import Size
from server.domain.states import ImageType
from server.errors import Violation
from server.routing.catalogue import SDXL, STORYBOOK, Catalogue
from server.routing.offers import Offer, Wish, choose

BOTH = Catalogue([STORYBOOK, SDXL])


def _wish(
    kind: ImageType = ImageType.PORTRAIT, model: str = "", shape: str = "", characters: int = 1
) -> Wish:
    return Wish(kind, model, shape, characters)


def _obstacles(catalogue: Catalogue, wish: Wish) -> list[Violation]:
    found = choose(catalogue, wish)
    assert not isinstance(found, Offer)
    return found


@pytest.mark.parametrize(
    ("wish", "model", "size"),
    [
        (_wish(), "storybook", Size(1024, 1024)),
        (_wish(shape="1024x1536"), "sdxl", Size(1024, 1536)),
        (_wish(model="sdxl"), "sdxl", Size(1024, 1024)),
        (_wish(ImageType.SCENE), "storybook", Size(1024, 1024)),
        (_wish(ImageType.SCENE, shape="16:9"), "sdxl", Size(1824, 1024)),
        (_wish(ImageType.SCENE, characters=3), "sdxl", Size(1824, 1024)),
        (_wish(ImageType.SCENE, characters=0), "storybook", Size(1024, 1024)),
    ],
)
def test_the_first_model_that_can_draw_the_whole_request_is_chosen(
    wish: Wish, model: str, size: Size
) -> None:
    offer = choose(BOTH, wish)
    assert isinstance(offer, Offer)
    assert (offer.model.name, offer.format.display) == (model, size)


def test_the_order_of_the_catalogue_is_the_preference() -> None:
    offer = choose(Catalogue([SDXL, STORYBOOK]), _wish())
    assert isinstance(offer, Offer)
    assert offer.model is SDXL


def test_a_model_that_is_not_offered_is_refused_with_the_offered_ones() -> None:
    [wrong] = _obstacles(Catalogue([STORYBOOK]), _wish(model="sdxl"))
    assert wrong.reason == reasons.ERROR_REASON_MODEL_UNKNOWN
    assert "use one of storybook, or leave it empty" in wrong.description


def test_both_obstacles_are_named_at_once() -> None:
    found = _obstacles(BOTH, _wish(ImageType.SCENE, shape="9:16", characters=9))
    assert [one.reason for one in found] == [
        reasons.ERROR_REASON_TOO_MANY_CHARACTERS,
        reasons.ERROR_REASON_ASPECT_RATIO_NOT_OFFERED,
    ]


def test_offered_shapes_are_those_of_models_that_can_draw_that_many() -> None:
    few = replace(STORYBOOK, scenes=SDXL.scenes)
    many = replace(SDXL, scenes=STORYBOOK.scenes)
    wish = _wish(ImageType.SCENE, shape="16:9", characters=4)
    [wrong] = _obstacles(Catalogue([few, many]), wish)
    assert wrong.field == "options.aspect_ratio"
    assert wrong.description == '"16:9" is not offered; use one of 1:1'


def test_a_catalogue_is_made_of_known_names() -> None:
    assert Catalogue.named(["sdxl", "storybook"]).models == (SDXL, STORYBOOK)
    assert BOTH.get("sdxl") is SDXL
    assert BOTH.get("") is None
    for names in (["sdxl", "dall-e"], []):
        with pytest.raises(ValueError, match="use some of storybook, sdxl"):
            Catalogue.named(names)
