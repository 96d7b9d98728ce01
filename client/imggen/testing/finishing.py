"""The fake's post-processing: it says the steps that were asked for, and changes nothing."""

from collections.abc import Iterator

from google.protobuf.duration_pb2 import Duration

from imggen.rules.prints import print_note
from imggen.rules.sizes import print_size
from imggen.testing.memory import Drawing
from imggen.v1.finishing_pb2 import (
    FINISHING_STEP_BACKGROUND_REMOVAL,
    FINISHING_STEP_COLOUR_CORRECTION,
    FINISHING_STEP_PRINT_CHECK,
    FINISHING_STEP_SHARPENING,
    FINISHING_STEP_SIGNATURE_REMOVAL,
    FinishedStep,
    PostProcessing,
)

_STEPS = {
    "signature_removal": FINISHING_STEP_SIGNATURE_REMOVAL,
    "background_removal": FINISHING_STEP_BACKGROUND_REMOVAL,
    "colour_correction": FINISHING_STEP_COLOUR_CORRECTION,
    "sharpening": FINISHING_STEP_SHARPENING,
}


def steps_done(drawing: Drawing) -> Iterator[FinishedStep]:
    """Yields the steps of a picture, none of which has found anything to do."""
    asked = PostProcessing.FromString(drawing.post_processing)
    for name, step in _STEPS.items():
        if getattr(asked, name):
            yield FinishedStep(step=step, duration=Duration())
    if asked.trim_width_mm:
        pixels = print_size(drawing.display, portrait=bool(drawing.size))
        note = print_note(pixels, (asked.trim_width_mm, asked.trim_height_mm))
        yield FinishedStep(step=FINISHING_STEP_PRINT_CHECK, detail=note, duration=Duration())
