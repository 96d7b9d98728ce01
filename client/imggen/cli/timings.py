"""What is shown of how long the stages of a job took, and their steps."""

from collections.abc import Iterable, Iterator

from imggen.fields import short_name
from imggen.v1.job_pb2 import Stage, StageTiming, StepTiming, TimedStep

_MIB = 2**20


def stage_told(one: StageTiming) -> str:
    """Returns a stage with its seconds, for instance `finishing 0.6 s`."""
    seconds = one.duration.ToTimedelta().total_seconds()
    return f"{short_name(Stage, one.stage)} {seconds:.1f} s"


def step_lines(timings: Iterable[StageTiming]) -> Iterator[str]:
    """Yields a line for each stage whose steps are known, with those that took any time."""
    for one in timings:
        steps = [_step(step) for step in one.steps if step.duration.ToMilliseconds()]
        if steps:
            yield f"{short_name(Stage, one.stage)}: {', '.join(steps)}"


def _step(one: StepTiming) -> str:
    """Returns a step with its seconds, and the most memory that it took where that is known."""
    name = short_name(TimedStep, one.step).replace("_", " ")
    took = f"{name} {one.duration.ToTimedelta().total_seconds():.2f} s"
    if not one.HasField("peak_memory_bytes"):
        return took
    return f"{took} ({one.peak_memory_bytes / _MIB:.0f} MiB)"
