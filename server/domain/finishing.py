"""Post-processing: what a request asks for, and what became of each step."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self


class FinishingStep(StrEnum):
    """A step of post-processing, in the order in which they run."""

    SIGNATURE_REMOVAL = "signature_removal"
    BACKGROUND_REMOVAL = "background_removal"
    COLOUR_CORRECTION = "colour_correction"
    SHARPENING = "sharpening"
    PRINT_CHECK = "print_check"


@dataclass(frozen=True, slots=True)
class PostProcessing:
    """What is done to a model's picture; the trim is in millimetres, 0 where none is asked for.

    A thumbnail is a `jpeg`, or a PNG where something is transparent, or else a `webp`.
    """

    signature_removal: bool = True
    background_removal: bool = False
    colour_correction: bool = True
    sharpening: bool = True
    trim_width_mm: int = 0
    trim_height_mm: int = 0
    thumbnail_format: str = "jpeg"

    @property
    def trim(self) -> tuple[int, int] | None:
        """The width and the height of a print after it is cut, in millimetres."""
        return (self.trim_width_mm, self.trim_height_mm) if self.trim_width_mm else None

    def to_json(self) -> dict[str, Any]:
        """Returns what differs from the default, as JSON; most requests change nothing."""
        usual = asdict(DEFAULT)
        return {name: value for name, value in asdict(self).items() if value != usual[name]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Reads it back."""
        return cls(**data)


DEFAULT = PostProcessing()
NOTHING = PostProcessing(signature_removal=False, colour_correction=False, sharpening=False)


@dataclass(frozen=True, slots=True)
class StepDone:
    """What became of a step: `said` is what it did, or why not; empty where nothing was to do."""

    step: FinishingStep
    changed: bool
    said: str
    ms: int


STEPS = "post_processing"
"""The key of steps in `images.generation_params`."""


def steps_json(steps: Iterable[StepDone]) -> list[dict[str, Any]]:
    """Returns steps as JSON for the database."""
    return [asdict(one) for one in steps]


def read_steps(data: Iterable[Mapping[str, Any]] | None) -> tuple[StepDone, ...]:
    """Reads steps back, but for those of a newer worker that this version does not know."""
    known = frozenset(FinishingStep)
    return tuple(
        StepDone(FinishingStep(one["step"]), one["changed"], one["said"], one["ms"])
        for one in data or ()
        if one["step"] in known
    )
