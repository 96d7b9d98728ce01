"""Requests for a new print asset: of which image, and how large, or the violations."""

from imggen.rules import sizes
from imggen.rules.checks import Checks
from imggen.rules.missing import missing_image
from imggen.rules.states import image_not_ready
from imggen.v1.generation_pb2 import UpscaleImageRequest
from server.domain.ids import ImageId, UserId
from server.domain.images import Image
from server.domain.models import Size
from server.domain.states import ImageStatus, ImageType
from server.domain.upscales import Upscale
from server.store import Store


async def read_upscale(
    checks: Checks, store: Store, user: UserId, request: UpscaleImageRequest
) -> tuple[Upscale, str]:
    """Returns what a request asks for, and the model that drew its image.

    Raises InvalidRequest with every violation, NotFound for an image that the user does not have,
    and FailedPrecondition for one that is not COMPLETED.
    """
    image_id = checks.id("image_id", request.image_id, ImageId)
    least = sizes.read_least(checks, "min_size", request.min_size)
    image = await store.images.get(user, image_id) if image_id else None
    if image is not None and least is not None and image.width:
        sizes.check_print(checks, "min_size", print_size(image, least))
    found, smallest = checks.complete(image_id, least)
    if image is None:
        raise missing_image(found)
    if image.status is not ImageStatus.COMPLETED:
        raise image_not_ready(image.id, image.status)
    return Upscale(image.id, Size(*print_size(image, smallest))), image.model


def print_size(image: Image, least: sizes.Pixels) -> sizes.Pixels:
    """Returns the size of the print asset of an image, which covers the least size."""
    display = (image.width or 0, image.height or 0)
    return sizes.print_size(display, portrait=image.type is ImageType.PORTRAIT, least=least)
