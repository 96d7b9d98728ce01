"""The fake's post-processing: it says the steps that were asked for, and changes nothing."""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from google.protobuf.duration_pb2 import Duration

from imggen.rules.prints import print_note
from imggen.rules.sizes import Pixels, print_size
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
from imggen.v1.job_pb2 import (
    STAGE_FINISHING,
    STAGE_STORING,
    TIMED_STEP_BACKGROUND_REMOVAL,
    TIMED_STEP_COLOUR_CORRECTION,
    TIMED_STEP_DECODING,
    TIMED_STEP_ENCODING,
    TIMED_STEP_RESIZING,
    TIMED_STEP_SHARPENING,
    TIMED_STEP_SIGNATURE_REMOVAL,
    TIMED_STEP_SIGNING,
    TIMED_STEP_UPLOADING,
    TIMED_STEP_UPSCALING,
    TIMED_STEP_WATERMARK,
    Stage,
    StepTiming,
)

_STEPS = {
    "signature_removal": FINISHING_STEP_SIGNATURE_REMOVAL,
    "background_removal": FINISHING_STEP_BACKGROUND_REMOVAL,
    "colour_correction": FINISHING_STEP_COLOUR_CORRECTION,
    "sharpening": FINISHING_STEP_SHARPENING,
}


_TAKEN = {
    STAGE_FINISHING: (
        TIMED_STEP_DECODING,
        TIMED_STEP_SIGNATURE_REMOVAL,
        TIMED_STEP_BACKGROUND_REMOVAL,
        TIMED_STEP_COLOUR_CORRECTION,
        TIMED_STEP_SHARPENING,
        TIMED_STEP_RESIZING,
        TIMED_STEP_WATERMARK,
        TIMED_STEP_ENCODING,
    ),
    STAGE_STORING: (TIMED_STEP_SIGNING, TIMED_STEP_UPLOADING),
}
_ASKED = {
    TIMED_STEP_SIGNATURE_REMOVAL: "signature_removal",
    TIMED_STEP_BACKGROUND_REMOVAL: "background_removal",
    TIMED_STEP_COLOUR_CORRECTION: "colour_correction",
    TIMED_STEP_SHARPENING: "sharpening",
}


def steps_taken(
    stage: Stage.ValueType, drawing: Drawing, spent: timedelta, *, upscaled: bool = False
) -> Iterator[StepTiming]:
    """Yields what the steps of a stage took, which is all of it in even parts.

    `upscaled` is whether a model has enlarged the picture first.
    """
    asked = PostProcessing.FromString(drawing.post_processing)
    steps = [
        one for one in _TAKEN.get(stage, ()) if one not in _ASKED or getattr(asked, _ASKED[one])
    ]
    if upscaled and stage == STAGE_FINISHING:
        steps.insert(0, TIMED_STEP_UPSCALING)
    for step in steps:
        duration = Duration()
        duration.FromTimedelta(spent / len(steps))
        yield StepTiming(step=step, duration=duration)


def steps_done(drawing: Drawing) -> Iterator[FinishedStep]:
    """Yields the steps of a picture, none of which has found anything to do."""
    asked = PostProcessing.FromString(drawing.post_processing)
    for name, step in _STEPS.items():
        if getattr(asked, name):
            yield FinishedStep(step=step, duration=Duration())
    yield from _print_check(asked, print_size(drawing.display, portrait=bool(drawing.size)))


def printed_anew(
    done: Iterable[FinishedStep], drawing: Drawing, pixels: Pixels
) -> list[FinishedStep]:
    """Returns the steps of a picture whose print asset was made anew, in so many pixels."""
    asked = PostProcessing.FromString(drawing.post_processing)
    kept = (one for one in done if one.step != FINISHING_STEP_PRINT_CHECK)
    return [*kept, *_print_check(asked, pixels)]


def _print_check(asked: PostProcessing, pixels: Pixels) -> Iterator[FinishedStep]:
    if asked.trim_width_mm:
        note = print_note(pixels, (asked.trim_width_mm, asked.trim_height_mm))
        yield FinishedStep(step=FINISHING_STEP_PRINT_CHECK, detail=note, duration=Duration())
