"""The choice of a request's model: the first that can draw all of it."""

from dataclasses import dataclass

from imggen.rules import offers
from imggen.rules.pictures import DEFAULT_RATIO
from server.domain.models import Format, Model, Size
from server.domain.states import ImageType
from server.errors import Violation
from server.routing.catalogue import Catalogue
from server.routing.formats import RATIOS, scene_format


@dataclass(frozen=True, slots=True)
class Wish:
    """What a request asks of a model; empty strings leave the choice to the service.

    `shape` is a size for portraits, and an aspect ratio for scenes and covers.
    """

    image_type: ImageType
    model: str
    shape: str
    characters: int


@dataclass(frozen=True, slots=True)
class Offer:
    """A model that can draw a wish, and the format in which it does."""

    model: Model
    format: Format


def choose(catalogue: Catalogue, wish: Wish) -> Offer | list[Violation]:
    """Returns the preferred offer, or why no model can draw the wish.

    A model is never passed over because it would crop: a character looks the same in all the
    pictures of a story only if one model draws them, and the order of the catalogue is the
    operator's word on cost and speed. A caller who wants the whole picture names a model.
    """
    size = wish.shape if wish.image_type is ImageType.PORTRAIT else None
    found = offers.choose(catalogue.models, wish.model, wish.characters, size)
    return Offer(found, _format(found, wish)) if isinstance(found, Model) else found


def choose_again(
    catalogue: Catalogue, name: str, image_type: ImageType, display: Size, characters: int
) -> Offer | list[Violation]:
    """Returns the offer of a named model for a picture of a display size, or why there is none.

    A scene or a cover keeps its shape, whichever the model draws.
    """
    size = str(display) if image_type is ImageType.PORTRAIT else None
    found = offers.choose_again(catalogue.models, name, characters, size)
    if not isinstance(found, Model):
        return found
    return Offer(found, found.portraits[size] if size else scene_format(found, display))


def _format(model: Model, wish: Wish) -> Format:
    if wish.image_type is not ImageType.PORTRAIT:
        return scene_format(model, RATIOS[wish.shape or DEFAULT_RATIO])
    return model.portraits[wish.shape] if wish.shape else next(iter(model.portraits.values()))
