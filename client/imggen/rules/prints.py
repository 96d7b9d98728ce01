"""Whether a picture has enough pixels for the size at which it is printed."""

from typing import TypeAlias

from imggen.rules.checks import Checks
from imggen.rules.sizes import Pixels, print_size
from imggen.v1 import errors_pb2 as reasons
from imggen.v1.finishing_pb2 import PostProcessing

Millimetres: TypeAlias = tuple[int, int]

GOOD_DPI = 300
LEAST_DPI = 200
THUMBNAIL_FORMATS = ("jpeg", "webp")
"""The formats of thumbnails, the usual one first."""

_INCH_MM = 25.4
_LEAST_MM, _MOST_MM = 10, 2_000
_FIELD = "options.post_processing"


def dots_per_inch(pixels: Pixels, trim: Millimetres) -> float:
    """Returns the dots per inch of a picture that covers a trim size, whose rest is cut away."""
    return min(have * _INCH_MM / size for have, size in zip(pixels, trim, strict=True))


def print_note(pixels: Pixels, trim: Millimetres) -> str:
    """Returns what there is to say of a print: its dots per inch, and whether they are few."""
    found = dots_per_inch(pixels, trim)
    said = f"{pixels[0]}x{pixels[1]} pixels on {trim[0]}x{trim[1]} mm are {found:.0f} DPI"
    return said if found >= GOOD_DPI else f"{said}; {GOOD_DPI} look better"


def check_print(checks: Checks, pixels: Pixels, trim: Millimetres) -> None:
    """Adds a violation for a trim size at which a print would look coarse."""
    if dots_per_inch(pixels, trim) >= LEAST_DPI:
        return
    most = "x".join(f"{side * _INCH_MM / LEAST_DPI:.0f}" for side in pixels)
    checks.add(
        f"{_FIELD}.trim_width_mm",
        f"{print_note(pixels, trim).partition(';')[0]}, too few for a print; "
        f"{LEAST_DPI} is the least: use a trim of {most} mm or smaller",
        reasons.ERROR_REASON_FIELD_OUT_OF_RANGE,
    )


def check_post_processing(checks: Checks, asked: PostProcessing, *, portrait: bool) -> None:
    """Checks what a request asks of post-processing; `portrait` where one may be drawn."""
    trim = (asked.trim_width_mm, asked.trim_height_mm)
    if any(trim):
        for name, value in zip(("trim_width_mm", "trim_height_mm"), trim, strict=True):
            if not _LEAST_MM <= value <= _MOST_MM:
                checks.add(
                    f"{_FIELD}.{name}",
                    f"{value} is not from {_LEAST_MM} to {_MOST_MM} millimetres; give width and "
                    "height of the trimmed print, or neither",
                    reasons.ERROR_REASON_FIELD_OUT_OF_RANGE,
                )
    if asked.thumbnail_format:
        checks.one_of(
            f"{_FIELD}.thumbnail_format",
            asked.thumbnail_format,
            dict.fromkeys(THUMBNAIL_FORMATS, True),
            "format of thumbnails",
            reasons.ERROR_REASON_FIELD_OUT_OF_RANGE,
        )
    if asked.background_removal and not portrait:
        checks.add(
            f"{_FIELD}.background_removal",
            "is for portraits; leave it out for pictures that have a place",
            reasons.ERROR_REASON_FIELD_OUT_OF_RANGE,
        )


def settled(asked: PostProcessing, *, portrait: bool, of_story: bool = False) -> PostProcessing:
    """Returns what is done to a picture, with every step said.

    Of a story only portraits lose their background, and only pages and the cover are printed.
    """
    kept = portrait or not of_story
    printed = not (portrait and of_story)
    return PostProcessing(
        signature_removal=asked.signature_removal or not asked.HasField("signature_removal"),
        background_removal=asked.background_removal and kept,
        colour_correction=asked.colour_correction or not asked.HasField("colour_correction"),
        sharpening=asked.sharpening or not asked.HasField("sharpening"),
        trim_width_mm=asked.trim_width_mm if printed else 0,
        trim_height_mm=asked.trim_height_mm if printed else 0,
        thumbnail_format=asked.thumbnail_format or THUMBNAIL_FORMATS[0],
    )


def refuse_coarse(settled: PostProcessing, display: Pixels, *, portrait: bool) -> None:
    """Raises InvalidRequest for a print that would look coarse at its trim size."""
    if settled.trim_width_mm:
        checks, trim = Checks(), (settled.trim_width_mm, settled.trim_height_mm)
        check_print(checks, print_size(display, portrait=portrait), trim)
        checks.done()
