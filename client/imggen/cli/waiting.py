"""What a wait waits for, said while nothing comes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from threading import Event, Thread

import click
from google.protobuf.timestamp_pb2 import Timestamp

from imggen.cli.durations import spoken
from imggen.cli.pasting import pasted
from imggen.errors import (
    ImggenError,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    Unauthenticated,
)
from imggen.v1.batch_pb2 import BATCH_STATUS_PROCESSING, Batch
from imggen.v1.job_pb2 import JOB_STATUS_QUEUED, Job

QUIET_S = 5.0
"""How long nothing comes before it is asked why."""
ASK_S = 4.0
"""How long an answer to that may take."""


@contextmanager
def explained(
    ask: Callable[[], str], say: Callable[[str], None], quiet_s: float = QUIET_S
) -> Iterator[Callable[[], None]]:
    """Says why a wait takes so long, each time that the reason is another one.

    `ask` returns the reason, empty while all goes well. Yields a function to call whenever
    something has come.
    """
    came, over = Event(), Event()
    command = click.get_current_context(silent=True)

    def look() -> None:
        said = ""
        while not over.is_set():
            if came.wait(quiet_s):
                came.clear()
                continue
            reason = _asked(ask)
            # An estimate that moves is no other reason.
            kind = reason.partition(";")[0]
            # What came meanwhile says more; and an error that ends the wait is told by itself.
            if kind != said and not (came.is_set() or over.is_set()):
                said = kind
                if reason:
                    say(reason)

    def look_within() -> None:  # click keeps the running command for each thread
        with command.scope(cleanup=False) if command else nullcontext():
            look()

    thread = Thread(target=look_within, name="imggen-waiting", daemon=True)
    thread.start()
    try:
        yield came.set
    finally:
        over.set()
        came.set()
        thread.join()


def add_way_on(error: ImggenError, noun: str, id_: str, *group: str) -> None:
    """Adds to the error that ended a watch what was watched, and how to go on.

    Not to one of the thing or the caller, as where it is not found.
    """
    if not isinstance(error, NotFound | InvalidRequest | Unauthenticated | PermissionDenied):
        error.metadata.setdefault(f"{noun}_id", id_)
        again = pasted(*group, "watch", id_)
        error.add_note(f"the {noun} continues; watch it again: {again}")


def job_reason(job: Job) -> str:
    """Returns what a queued job waits for; empty for one that runs or has ended."""
    if job.status != JOB_STATUS_QUEUED:
        return ""
    failed = job.error.message if job.HasField("error") else ""
    return _reason(job, failed)


def batch_reason(batch: Batch) -> str:
    """Returns what a batch waits for; empty while pictures of it are drawn, and at its end."""
    if batch.status != BATCH_STATUS_PROCESSING or batch.processing_images:
        return ""
    return _reason(batch, "")


def _asked(ask: Callable[[], str]) -> str:
    try:
        return ask()
    except ImggenError as error:
        return f"no answer from the server, it is tried again: {error.message}"


def _reason(waiting: Job | Batch, failed: str) -> str:
    if waiting.lane_paused:
        return f"it waits: an operator has paused what may draw it ({pasted('providers')})"
    if failed:
        return f"it waits to be tried again, after a failure: {failed}"
    if not waiting.HasField("estimated_completion_time"):
        return "it waits for a worker: none that may draw it is there now"
    return f"it waits for its turn; about {_left(waiting.estimated_completion_time)} to its end"


def _left(end: Timestamp) -> str:
    return spoken(max(timedelta(seconds=1), end.ToDatetime(UTC) - datetime.now(UTC)))
