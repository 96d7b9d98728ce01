"""The progress of a batch on stderr: a live table on a terminal, lines elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Protocol

from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

from imggen.batches import BatchSnapshot
from imggen.cli.consoles import console, echo, on_terminal
from imggen.cli.durations import spoken
from imggen.cli.progress import StoppedWatching, position
from imggen.cli.session import json_line
from imggen.cli.submission import Labels
from imggen.cli.waiting import ASK_S, add_way_on, batch_reason, explained
from imggen.errors import ImggenError
from imggen.sync import SyncClient
from imggen.v1.batch_pb2 import Batch
from imggen.v1.job_pb2 import JOB_STATUS_FAILED

_BAR = 24


class _Show(Protocol):
    def __call__(self, snapshot: BatchSnapshot, labels: Labels) -> None:
        """Shows the progress of a batch."""

    def note(self, text: str) -> None:
        """Says what the wait waits for."""


def follow_batch(
    client: SyncClient,
    batch_id: str,
    names: dict[str, str],
    *,
    silent: bool = False,
    json_lines: bool = False,
) -> BatchSnapshot:
    """Watches a batch and returns its last snapshot; `json_lines` prints each as JSON.

    Raises:
        StoppedWatching: Ctrl-C was pressed; the batch continues.
    """
    last = BatchSnapshot()
    ask = client.with_timeout(ASK_S)
    try:
        with (
            _shown(silent=silent) as show,
            explained(lambda: batch_reason(ask.get_batch(batch_id).batch), show.note) as came,
        ):
            for snapshot in client.watch_batch(batch_id):
                came()
                last = snapshot
                show(snapshot, Labels(list(snapshot.images), names))
                if json_lines:
                    echo(json_line(snapshot))
    except KeyboardInterrupt as interrupt:
        raise StoppedWatching("batch", batch_id, "batch") from interrupt
    except ImggenError as error:
        add_way_on(error, "batch", batch_id, "batch")
        raise
    return last


def headline(batch: Batch) -> str:
    """Returns the progress of a batch as one line."""
    done = f"{batch.completed_images} of {batch.total_images} drawn"
    if batch.failed_images:
        done += f", {batch.failed_images} failed"
    if batch.cancelled_images:
        done += f", {batch.cancelled_images} cancelled"
    if batch.lane_paused:
        done += ", paused"
    if batch.HasField("estimated_completion_time"):
        ends = batch.estimated_completion_time.ToDatetime(UTC)
        left = max(timedelta(0), ends - datetime.now(UTC))
        done += f", about {spoken(left)} left"
    return done


@contextmanager
def _shown(*, silent: bool) -> Iterator[_Show]:
    shown = console(err=True)
    # FORCE_COLOR and the like make rich call a pipe a terminal.
    if not (on_terminal(err=True) and shown.is_terminal):
        yield _Quiet() if silent else _Lines()
        return
    with Live(console=shown, auto_refresh=False, transient=True) as live:
        yield _Live(live)


class _Live:
    def __init__(self, live: Live) -> None:
        self._live = live

    def __call__(self, snapshot: BatchSnapshot, labels: Labels) -> None:
        table = Table(
            box=None, pad_edge=False, title=headline(snapshot.batch), title_justify="left"
        )
        for column in ("", "", "", ""):
            table.add_column(column, no_wrap=True)
        for image in snapshot.images:
            job = image.job
            steps = f"step {job.step} of {job.steps}" if job.steps else ""
            bar = ProgressBar(total=1.0, completed=job.fraction, width=_BAR)
            table.add_row(labels.of(image), position(job), bar, steps)
        self._live.update(table, refresh=True)

    def note(self, text: str) -> None:
        """Says a line above the table."""
        self._live.console.print(text, markup=False, highlight=False)


class _Lines:
    def __init__(self) -> None:
        self._last: dict[str, str] = {}

    def __call__(self, snapshot: BatchSnapshot, labels: Labels) -> None:
        for image in snapshot.images:
            what = position(image.job)
            if self._last.get(image.job.job_id) != what:
                self._last[image.job.job_id] = what
                if image.job.status == JOB_STATUS_FAILED:
                    what += f", {image.job.error.message}"
                echo(f"{labels.of(image)}: {what}", err=True)

    def note(self, text: str) -> None:
        """Says a line."""
        echo(text, err=True)


class _Quiet:
    def __call__(self, snapshot: BatchSnapshot, labels: Labels) -> None:
        """Shows nothing: the output is for a program."""

    def note(self, text: str) -> None:
        """Says nothing."""
