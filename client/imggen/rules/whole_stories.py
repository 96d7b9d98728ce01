"""What a request for a whole story may ask for: only what one of its pictures can take."""

from imggen.rules.checks import Checks
from imggen.rules.pictures import MAX_IMAGES_PER_PAGE, RATIOS
from imggen.v1 import errors_pb2 as reasons
from imggen.v1.generation_pb2 import GenerateStoryRequest


def wants_portraits(request: GenerateStoryRequest) -> bool:
    """Returns whether portraits are asked for, as they are where nothing is said."""
    unset = not request.HasField("include_character_portraits")
    return request.include_character_portraits or unset


def wants_scenes(request: GenerateStoryRequest) -> bool:
    """Returns whether pages are asked for, as they are where nothing is said."""
    return request.include_scene_images or not request.HasField("include_scene_images")


def check_used(checks: Checks, request: GenerateStoryRequest) -> None:
    """Checks that each field has a picture that it is for.

    What is wrong with a field in itself is said elsewhere, and so is that nothing is asked for.
    """
    portraits, scenes = wants_portraits(request), wants_scenes(request)
    shaped = scenes or request.include_cover
    if not (portraits or shaped):
        return
    if 1 < request.images_per_page <= MAX_IMAGES_PER_PAGE and not scenes:
        _unused(checks, "images_per_page", "pages")
    if request.aspect_ratio in RATIOS and not shaped:
        _unused(checks, "aspect_ratio", "pages and covers")
    if request.options.use_references and not shaped:
        _unused(checks, "options.use_references", "pages and covers")
    asked = request.options.post_processing
    if asked.background_removal and not portraits:
        _unused(checks, "options.post_processing.background_removal", "portraits")
    if (asked.trim_width_mm or asked.trim_height_mm) and not shaped:
        _unused(checks, "options.post_processing.trim_width_mm", "pages and covers")


def _unused(checks: Checks, field: str, pictures: str) -> None:
    checks.add(
        field,
        f"is for {pictures}, and the request asks for none; include some, or leave it out",
        reasons.ERROR_REASON_FIELD_OUT_OF_RANGE,
    )
