"""What requests ask of post-processing."""

from imggen.rules import prints
from imggen.rules.checks import Checks
from imggen.v1 import finishing_pb2
from imggen.v1.generation_pb2 import GenerationOptions
from server.domain.finishing import PostProcessing
from server.domain.spec import RenderSpec
from server.domain.states import ImageType


def read_post_processing(
    checks: Checks, options: GenerationOptions, image_type: ImageType
) -> PostProcessing:
    """Reads what is done to one picture; violations go to `checks`."""
    portrait = image_type is ImageType.PORTRAIT
    prints.check_post_processing(checks, options.post_processing, portrait=portrait)
    return _read(prints.settled(options.post_processing, portrait=portrait))


def of_story(options: GenerationOptions, image_type: ImageType) -> PostProcessing:
    """Returns what is done to a picture of a story, whose request is checked elsewhere."""
    portrait = image_type is ImageType.PORTRAIT
    return _read(prints.settled(options.post_processing, portrait=portrait, of_story=True))


def refuse_coarse(spec: RenderSpec) -> None:
    """Raises InvalidRequest for a picture whose print would be too coarse at its trim size."""
    if spec.post_processing.trim is None:
        return
    portrait = spec.image_type is ImageType.PORTRAIT
    width, height = spec.post_processing.trim
    asked = finishing_pb2.PostProcessing(trim_width_mm=width, trim_height_mm=height)
    prints.refuse_coarse(asked, (spec.width, spec.height), portrait=portrait)


def _read(settled: finishing_pb2.PostProcessing) -> PostProcessing:
    return PostProcessing(
        signature_removal=settled.signature_removal,
        background_removal=settled.background_removal,
        colour_correction=settled.colour_correction,
        sharpening=settled.sharpening,
        trim_width_mm=settled.trim_width_mm,
        trim_height_mm=settled.trim_height_mm,
        thumbnail_format=settled.thumbnail_format,
    )
