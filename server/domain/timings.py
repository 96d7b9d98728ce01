"""How long the steps of a job's later stages took, and how much memory they needed."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from server.domain.states import Stage


class TimedStep(StrEnum):
    """A step of the stages FINISHING and STORING, in the order in which they begin."""

    UPSCALING = "upscaling"
    DECODING = "decoding"
    SIGNATURE_REMOVAL = "signature_removal"
    BACKGROUND_REMOVAL = "background_removal"
    COLOUR_CORRECTION = "colour_correction"
    SHARPENING = "sharpening"
    RESIZING = "resizing"
    WATERMARK = "watermark"
    ENCODING = "encoding"
    PICTURE_CHECK = "picture_check"
    SIGNING = "signing"
    UPLOADING = "uploading"

    @property
    def stage(self) -> Stage:
        """The stage that it is a part of."""
        last = (TimedStep.SIGNING, TimedStep.UPLOADING)
        return Stage.STORING if self in last else Stage.FINISHING


@dataclass(frozen=True, slots=True)
class StepTime:
    """What a step took, all its runs together.

    `peak_bytes` is the most memory that its process took meanwhile, beyond what it had before; None
    where that was not measured.
    """

    step: TimedStep
    ms: int
    peak_bytes: int | None = None


def step_times_json(times: Iterable[StepTime]) -> list[dict[str, Any]]:
    """Returns the times of steps as JSON for the database."""
    return [asdict(one) for one in times]


def read_step_times(data: Iterable[Mapping[str, Any]] | None) -> tuple[StepTime, ...]:
    """Reads them back, but for the steps of a newer worker that this version does not know."""
    known = frozenset(TimedStep)
    return tuple(
        StepTime(TimedStep(one["step"]), one["ms"], one["peak_bytes"])
        for one in data or ()
        if one["step"] in known
    )
