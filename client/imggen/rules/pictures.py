"""What a request for pictures may hold."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeVar

from imggen.rules.checks import Checks, says_something
from imggen.v1 import errors_pb2 as reasons
from imggen.v1.generation_pb2 import Modifications

Style = TypeVar("Style")

RATIOS: Mapping[str, tuple[int, int]] = MappingProxyType(
    {"16:9": (1824, 1024), "4:3": (1368, 1024), "1:1": (1024, 1024)}
)
"""The aspect ratios of scenes and covers, with the pixels of the display asset in each."""

DEFAULT_RATIO = "16:9"
QUALITIES = ("hd", "standard", "draft")
"""The qualities, the default first."""

MAX_IMAGES_PER_PAGE = 4
MAX_IMAGES = 800
"""The most images of a batch."""


def read_quality(checks: Checks, value: str) -> str | None:
    """Reads a quality; an empty one means HD."""
    known = {quality: quality for quality in QUALITIES}
    reason = reasons.ERROR_REASON_QUALITY_UNKNOWN
    return checks.one_of("options.quality", value or QUALITIES[0], known, "quality", reason)


def read_aspect_ratio(checks: Checks, value: str) -> str | None:
    """Reads an aspect ratio; an empty one means 16:9."""
    ratio = value or DEFAULT_RATIO
    reason = reasons.ERROR_REASON_ASPECT_RATIO_UNKNOWN
    known = checks.one_of("aspect_ratio", ratio, RATIOS, "aspect ratio", reason)
    return ratio if known else None


def read_style(
    checks: Checks, name: str, default: str | None, styles: Mapping[str, Style]
) -> Style | None:
    """Reads the style; `default` is the story's, "" if it has none, None if it is not known."""
    reason = reasons.ERROR_REASON_STYLE_UNKNOWN
    if name or default:
        return checks.one_of("style", name or default or "", styles, "style", reason)
    if default is not None:
        checks.add(
            "style",
            f"is required where the story has none; use one of {', '.join(styles)}",
            reasons.ERROR_REASON_FIELD_REQUIRED,
        )
    return None


def check_page(checks: Checks, words: str, number: int) -> None:
    """Checks that a page says something that can be drawn, where the request does not."""
    if not says_something(words):
        checks.add(
            "scene_description",
            f"is required: the text of page {number} says nothing that could be drawn",
            reasons.ERROR_REASON_PROMPT_EMPTY,
        )


def changed_prompt(checks: Checks, changes: Modifications) -> str | None:
    """Reads the prompt of a regeneration; one that is set and empty is a violation."""
    if changes.HasField("prompt") and not changes.prompt:
        checks.add(
            "modifications.prompt",
            "is set and empty; leave it unset, or describe what the picture shows",
            reasons.ERROR_REASON_PROMPT_EMPTY,
        )
    return checks.prompt("modifications.prompt", changes.prompt)


def changed_style(
    checks: Checks, changes: Modifications, styles: Mapping[str, Style]
) -> Style | None:
    """Reads the style of a regeneration; None for no change, or one that is not a style."""
    if not changes.HasField("style"):
        return None
    reason = reasons.ERROR_REASON_STYLE_UNKNOWN
    return checks.one_of("modifications.style", changes.style, styles, "style", reason)


def read_images_per_page(checks: Checks, number: int) -> int | None:
    """Reads how many images a page gets; None, and a violation, if that is not allowed."""
    allowed = range(MAX_IMAGES_PER_PAGE + 1)
    reason = reasons.ERROR_REASON_FIELD_OUT_OF_RANGE
    checks.within("images_per_page", number, allowed, reason, " (0 means 1)")
    return (number or 1) if number in allowed else None


def picture_required(checks: Checks) -> None:
    """Adds the violation of a quote that names no picture."""
    checks.add(
        "picture",
        "is required; set portrait, scene or regeneration",
        reasons.ERROR_REASON_FIELD_REQUIRED,
    )


def check_images(checks: Checks, images: int) -> None:
    """Checks that a batch does not have too many images."""
    if images > MAX_IMAGES:
        checks.add(
            "images_per_page",
            f"makes a batch of {images:,} images; ask for {MAX_IMAGES} or fewer",
            reasons.ERROR_REASON_TOO_MANY_ITEMS,
        )
