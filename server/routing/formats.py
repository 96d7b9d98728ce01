"""Formats: the aspect ratios of the contract, and what a model draws for each."""

from types import MappingProxyType

from imggen.rules import pictures
from imggen.rules.sizes import nearest_ratio
from server.domain.models import Format, Model, Size
from server.domain.states import ImageType

RATIOS = MappingProxyType({ratio: Size(*pixels) for ratio, pixels in pictures.RATIOS.items()})
"""The aspect ratios of scenes and covers, with the display asset's size in each."""


def scene_format(model: Model, display: Size) -> Format:
    """Returns how a model draws a scene or a cover of a display size: in its nearest ratio."""
    offered = {ratio: (size.width, size.height) for ratio, size in model.scenes.items()}
    drawn = nearest_ratio(offered, (display.width, display.height))
    return Format(display, model.scenes[drawn], "" if RATIOS.get(drawn) == display else drawn)


def format_of(model: Model, image_type: ImageType, display: Size) -> Format | None:
    """Returns how a model draws a picture of a display size.

    None for a portrait that it does not offer, and for a scene or a cover that has none of RATIOS.
    """
    if image_type is not ImageType.PORTRAIT:
        return scene_format(model, display) if display in RATIOS.values() else None
    offered = model.portraits.values()
    return next((format_ for format_ in offered if format_.display == display), None)
