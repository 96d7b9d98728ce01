"""The options of post-processing, and what is shown of its steps."""

import re
from collections.abc import Iterable, Iterator

import click

from imggen.fields import short_name
from imggen.rules.prints import THUMBNAIL_FORMATS
from imggen.v1.finishing_pb2 import FinishedStep, FinishingStep, PostProcessing

NO_TRIM = "is not WIDTHxHEIGHT in mm"
"""What is wrong with a text that is no size of a print."""
_TRIM = re.compile(r"(\d{1,5})x(\d{1,5})")


def trim_of(text: str) -> tuple[int, int] | None:
    """Returns the size of a print in millimetres; None for a text that is none."""
    found = _TRIM.fullmatch(text)
    return found and (int(found[1]), int(found[2]))


def _trim(
    context: click.Context, option: click.Parameter, value: str | None
) -> tuple[int, int] | None:
    if value is None:
        return None
    found = trim_of(value)
    if found is None:
        raise click.BadParameter(f"{value!r} {NO_TRIM}", context, option)
    return found


POST_PROCESSING = (
    click.option(
        "--no-colour-correction", is_flag=True, help="Leave a greyish white and a slight cast."
    ),
    click.option("--no-sharpening", is_flag=True, help="Leave edges as they are."),
    click.option(
        "--keep-signatures",
        is_flag=True,
        help="Leave a signature that the model has painted into a corner.",
    ),
    click.option(
        "--remove-background",
        is_flag=True,
        help="Make a portrait's background transparent; it is saved as PNG.",
    ),
    click.option(
        "--trim",
        metavar="WIDTHxHEIGHT",
        callback=_trim,
        help="The size in mm at which it is printed: refused under 200 DPI.",
    ),
    click.option(
        "--thumbnail",
        type=click.Choice(THUMBNAIL_FORMATS),
        help="The format of the thumbnail.  [default: jpeg]",
    ),
)


def post_processing_of(options: dict[str, object]) -> PostProcessing | None:
    """Takes the values of these options out of others; None where all are as usual."""
    colours, edges = options.pop("no_colour_correction"), options.pop("no_sharpening")
    signatures, removed = options.pop("keep_signatures"), options.pop("remove_background")
    trim, thumbnail = options.pop("trim"), options.pop("thumbnail")
    width, height = trim if isinstance(trim, tuple) else (0, 0)
    asked = PostProcessing(
        signature_removal=False if signatures else None,
        background_removal=bool(removed),
        colour_correction=False if colours else None,
        sharpening=False if edges else None,
        trim_width_mm=width,
        trim_height_mm=height,
        thumbnail_format=str(thumbnail or ""),
    )
    return asked if asked.ByteSize() else None


def step_lines(steps: Iterable[FinishedStep]) -> Iterator[str]:
    """Yields a line for each step that has changed something or found something to say."""
    for one in steps:
        if one.detail:
            name = short_name(FinishingStep, one.step).replace("_", " ")
            yield f"{name}: {one.detail}"
