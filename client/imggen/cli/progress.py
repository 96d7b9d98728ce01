"""The progress of a job on stderr: a bar on a terminal, a line per stage elsewhere."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from imggen.cli.consoles import console, echo, on_terminal
from imggen.cli.doubts import unsure_lines
from imggen.cli.losses import lost_lines
from imggen.cli.pasting import pasted
from imggen.cli.session import Session, json_line
from imggen.cli.waiting import ASK_S, add_way_on, explained, job_reason
from imggen.client import Snapshot
from imggen.errors import ImggenError, JobCancelled, JobFailed
from imggen.fields import short_name
from imggen.v1.job_pb2 import (
    JOB_STATUS_CANCELLED,
    JOB_STATUS_FAILED,
    JOB_STATUS_PROCESSING,
    Job,
    JobStatus,
    Stage,
)
from imggen.v1.reference_pb2 import (
    REFERENCE_USE_DRAWN,
    REFERENCE_USE_LEFT_OUT,
    REFERENCE_USE_MISSING,
    REFERENCE_USE_STALE,
    REFERENCE_USE_UNREADABLE,
    REFERENCE_USE_UNSUPPORTED,
    UsedReference,
)

_UNUSED = {
    REFERENCE_USE_MISSING: "it has no reference in this style",
    REFERENCE_USE_STALE: "its reference shows another version of its description",
    REFERENCE_USE_UNREADABLE: "the file of its reference cannot be read; draw a new portrait",
    REFERENCE_USE_LEFT_OUT: "the model carries no more references",
    REFERENCE_USE_UNSUPPORTED: "the model cannot draw from references",
}


class Interrupted(Exception):
    """Ctrl-C during a command; the message says how to resume."""


class StoppedWatching(Interrupted):
    """Ctrl-C during a watch, which ends the watch but not the job or batch."""

    def __init__(self, noun: str, id: str, *group: str) -> None:
        super().__init__(
            f"stopped watching; the {noun} continues. Cancel it: {pasted(*group, 'cancel', id)} "
            f"- or watch it again: {pasted(*group, 'watch', id)}"
        )


class _Show(Protocol):
    def __call__(self, job: Job) -> None:
        """Shows the progress of a job."""

    def note(self, text: str) -> None:
        """Says what the wait waits for."""


def to_the_end(session: Session, job_id: str, *, json_lines: bool = False) -> Snapshot:
    """Watches a job and returns its last snapshot; `json_lines` prints each as JSON.

    Raises:
        JobFailed: The job failed permanently.
        JobCancelled: The job was cancelled.
        StoppedWatching: Ctrl-C was pressed.
    """
    last = Snapshot()
    ask = session.client.with_timeout(ASK_S)
    try:
        with (
            _shown(silent=session.json) as show,
            explained(lambda: job_reason(ask.get_job(job_id)), show.note) as came,
        ):
            for snapshot in session.client.watch(job_id):
                came()
                last = snapshot
                show(snapshot.job)
                if json_lines:
                    echo(json_line(snapshot))
    except KeyboardInterrupt as interrupt:
        raise StoppedWatching("job", job_id) from interrupt
    except ImggenError as error:
        add_way_on(error, "job", job_id)
        raise
    if last.job.status == JOB_STATUS_FAILED:
        raise JobFailed(last.job)
    if last.job.status == JOB_STATUS_CANCELLED:
        raise JobCancelled(last.job)
    return last


def position(job: Job) -> str:
    """Returns the state of a job in one word: its stage while it runs, else its status.

    A queued job whose lanes an operator has paused is `paused`.
    """
    if job.status == JOB_STATUS_PROCESSING and job.stage:
        return short_name(Stage, job.stage)
    return "paused" if job.lane_paused else short_name(JobStatus, job.status)


def notes(job: Job, asked: str = "") -> list[str]:
    """Returns a line for each difference from the request, which `asked` for a model, or for any.

    A model that stands for the one asked for, a picture that was not drawn for it, one that memory
    was too little for, what was not drawn as told, what was read without being sure, another shape,
    and characters that were drawn by words alone.
    """
    lines = list(filter(None, (heir_note(job.model, asked), reused_note(job), enlarged_note(job))))
    lines += [*lost_lines(job.not_drawn), *unsure_lines(job.unsure)]
    if job.cropped_from:
        lines.append(f"cropped from {job.cropped_from}")
    return [*lines, *unused_references(job.references, {})]


def heir_note(model: str, asked: str) -> str:
    """Returns which model stands for the one asked for, which is gone; empty where none does."""
    if not asked or model in ("", asked):
        return ""
    return f"{asked} is not served any more, {model} draws for it"


def reused_note(job: Job) -> str:
    """Returns where a reused picture was drawn; empty for one that was drawn for the job."""
    origin = job.reused_from_image_id
    return f"reused, free: the picture of image {origin}" if origin else ""


def enlarged_note(job: Job) -> str:
    """Returns that memory was too little to enlarge a picture as usual; empty where it was not."""
    how = job.upscaling
    if not how.ran_out_at:
        return ""
    sides = ", ".join(map(str, how.ran_out_at))
    if how.tile:
        return f"memory ran out at tiles of {sides} pixels; enlarged in tiles of {how.tile}"
    return f"memory ran out at tiles of {sides} pixels: enlarged by Lanczos, not by the model"


def unused_references(references: Iterable[UsedReference], names: Mapping[str, str]) -> list[str]:
    """Returns a line for each character that was drawn by words alone, and why.

    `names` are the characters' by their ids; one that has no name there is named by its id.
    """
    return [_fate(used, names) for used in references if used.use != REFERENCE_USE_DRAWN]


def all_references(references: Iterable[UsedReference]) -> list[str]:
    """Returns a line for each character: its portrait and the scale, or why it has none."""
    return [_fate(used, {}) for used in references]


def _fate(used: UsedReference, names: Mapping[str, str]) -> str:
    who = names.get(used.character_id, f"character {used.character_id}")
    if used.use == REFERENCE_USE_DRAWN:
        return f"{who} was drawn from portrait {used.image_id}, scale {used.scale:.2f}"
    why = _UNUSED.get(used.use, "for a reason that only a newer version of this command knows")
    return f"{who} was drawn by words alone: {why}"


@contextmanager
def _shown(*, silent: bool) -> Iterator[_Show]:
    shown = console(err=True)
    # FORCE_COLOR and the like make rich call a pipe a terminal.
    if not (on_terminal(err=True) and shown.is_terminal):
        yield _Quiet() if silent else _Lines()
        return
    columns = (
        SpinnerColumn("dots" if shown.encoding.startswith("utf") else "line"),
        TextColumn("{task.description:<10}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} % {task.fields[steps]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=shown, transient=True) as progress:
        yield _Bar(progress)


class _Bar:
    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("queued", total=1.0, steps="")

    def __call__(self, job: Job) -> None:
        steps = f"step {job.step} of {job.steps}" if job.steps else ""
        self._progress.update(
            self._task, description=position(job), completed=job.fraction, steps=steps
        )

    def note(self, text: str) -> None:
        """Says a line above the bar."""
        self._progress.console.print(text, markup=False, highlight=False)


class _Lines:
    def __init__(self) -> None:
        self._last = ""

    def __call__(self, job: Job) -> None:
        if position(job) != self._last:
            self._last = position(job)
            echo(self._last, err=True)

    def note(self, text: str) -> None:
        """Says a line."""
        echo(text, err=True)


class _Quiet:
    def __call__(self, job: Job) -> None:
        """Shows nothing: the output is for a program."""

    def note(self, text: str) -> None:
        """Says nothing."""
