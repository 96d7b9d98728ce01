"""The fake's print assets that are made anew."""

from imggen.fields import short_name
from imggen.rules import sizes
from imggen.rules.checks import Checks
from imggen.rules.states import image_not_ready
from imggen.testing.memory import Memory
from imggen.v1.generation_pb2 import UpscaleImageRequest
from imggen.v1.image_pb2 import (
    IMAGE_STATUS_COMPLETED,
    IMAGE_TYPE_PORTRAIT,
    Image,
    ImageStatus,
)


def read_upscale(
    checks: Checks, memory: Memory, request: UpscaleImageRequest
) -> tuple[Image, sizes.Pixels]:
    """Returns the image of a request, and the size of its new print asset; raises as the service.

    It raises InvalidRequest with every violation, then NotFound, then FailedPrecondition.
    """
    asked = checks.id("image_id", request.image_id, str)
    least = sizes.read_least(checks, "min_size", request.min_size)
    image = memory.images.get(asked) if asked else None
    if image is not None and least is not None and image.width:
        sizes.check_print(checks, "min_size", _print_size(image, least))
    found, smallest = checks.complete(asked, least)
    image = memory.images[found]
    if image.status != IMAGE_STATUS_COMPLETED:
        raise image_not_ready(image.id, short_name(ImageStatus, image.status))
    return image, _print_size(image, smallest)


def _print_size(image: Image, least: sizes.Pixels) -> sizes.Pixels:
    portrait = image.type == IMAGE_TYPE_PORTRAIT
    return sizes.print_size((image.width, image.height), portrait=portrait, least=least)
