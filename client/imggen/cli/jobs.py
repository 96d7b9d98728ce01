"""Commands that watch and control jobs."""

from collections.abc import Iterable, Iterator, Sequence

import click

from imggen.cli.checks import check_of
from imggen.cli.consoles import echo
from imggen.cli.options import meta_filter
from imggen.cli.progress import notes, position, to_the_end
from imggen.cli.session import Session, connected
from imggen.cli.timings import step_lines
from imggen.errors import NotFound, reason_name
from imggen.fields import JobStatusName, short_name, short_names
from imggen.rules.graphemes import first
from imggen.rules.money import dollars
from imggen.sync import SyncClient
from imggen.v1.job_pb2 import JOB_STATUS_COMPLETED, Job, JobError, JobKind, JobStatus

STATUSES = list(short_names(JobStatus))[1:]

# In characters: the most of an error, what the other columns take, and the least of a message.
_ERROR_WIDTH, _OTHERS_WIDTH, _SHORTEST = 80, 117, 20


@click.command()
@click.argument("job_id")
@connected
def watch(session: Session, job_id: str) -> None:
    """Watch a job until it ends.

    At the end it says what the steps of finishing and storing took. With --json every snapshot is
    one line of JSON, the last one with the image.

    \b
    Examples:
      imggen watch JOB_ID
      imggen watch JOB_ID --json | jq .job.fraction
    """
    last = to_the_end(session, job_id, json_lines=session.json)
    if not session.json:
        lines = [f"image {last.image.id}", check_of(last.image)]
        lines += [*step_lines(last.job.stage_timings), *notes(last.job)]
        echo("\n".join(filter(None, lines)))


@click.command()
@click.option(
    "--status",
    "statuses",
    multiple=True,
    type=click.Choice(STATUSES),
    help="Only jobs with this status; repeatable.",
)
@click.option("--story", default="", metavar="STORY_ID", help="Only jobs of this story.")
@meta_filter
@connected
def jobs(
    session: Session, statuses: Sequence[JobStatusName], story: str, metadata: dict[str, str]
) -> None:
    """List jobs, the newest first.

    PAGE is the number that a page has now; `-` once it is removed. MODEL is the one that draws, or
    drew it. COST is what its paid calls have cost, those of failed attempts included. CHECK is the
    classifier that has looked at its picture, or says that none has. ERROR is the reason of a
    failure and as much of its message as has room; `imggen explain` has all of it.

    \b
    Examples:
      imggen jobs
      imggen jobs --status failed --status cancelled
      imggen jobs --meta order=4711
    """
    found = list(
        session.client.list_jobs(statuses=statuses, story=story, metadata=metadata, page_size=100)
    )
    session.table(
        ("JOB", "KIND", "PAGE", "MODEL", "STATUS", "DONE", "COST", "CHECK", "ERROR"),
        _rows(session, found, story, metadata),
        jobs=found,
    )


@click.command()
@click.argument("job_id")
@connected
def cancel(session: Session, job_id: str) -> None:
    """Cancel a job.

    A queued job stops at once, a running job before its next step.

    \b
    Example:
      imggen cancel JOB_ID
    """
    _print_job(session, session.client.cancel(job_id))


@click.command()
@click.argument("job_id")
@click.option("--priority", type=int, help="1 (first) to 3.  [default: unchanged]")
@connected
def retry(session: Session, job_id: str, priority: int | None) -> None:
    """Retry a failed or cancelled job.

    \b
    Example:
      imggen retry JOB_ID && imggen watch JOB_ID
    """
    _print_job(session, session.client.retry(job_id, priority=priority))


def _rows(
    session: Session, found: Iterable[Job], story: str, metadata: dict[str, str]
) -> Iterator[tuple[str, ...]]:
    numbers = _PageNumbers(session.client)
    images = session.client.list_images(story=story, metadata=metadata, page_size=100)
    checks = {image.id: check_of(image) for image in images}
    room = min(_ERROR_WIDTH, session.width - _OTHERS_WIDTH)
    for job in found:
        yield (
            *(job.job_id, short_name(JobKind, job.kind), numbers.of(job), job.model),
            *(position(job), f"{job.fraction:.0%}", _cost(job)),
            *(checks.get(job.image_id, ""), _error(job.error, room)),
        )


def _error(error: JobError, room: int) -> str:
    """Returns a failure's reason, and as much of its message as has room; empty for none."""
    reason = reason_name(error.reason)
    message = " ".join(error.message.split())
    text = f"{reason}: {message}" if reason else message
    if len(text) <= room:
        return text
    return f"{first(text, room - 1)}…" if room >= len(reason) + _SHORTEST else reason or "…"


def _cost(job: Job) -> str:
    """Returns what a job has cost; empty for one that is free so far and not drawn."""
    return dollars(job.actual_cost_micros, "free" if job.status == JOB_STATUS_COMPLETED else "")


class _PageNumbers:
    """The numbers of pages; each story is asked for once."""

    def __init__(self, client: SyncClient) -> None:
        self._client = client
        self._stories: dict[str, dict[str, str]] = {}

    def of(self, job: Job) -> str:
        """Returns the number of a job's page; empty for a picture that is on none."""
        if not job.page_id:
            return ""
        if job.story_id not in self._stories:
            self._stories[job.story_id] = self._read(job.story_id)
        return self._stories[job.story_id].get(job.page_id, "-")

    def _read(self, story_id: str) -> dict[str, str]:
        try:
            pages = self._client.get_story(story_id).pages
        except NotFound:
            return {}
        return {page.id: str(number) for number, page in enumerate(pages, 1)}


def _print_job(session: Session, job: Job) -> None:
    state = "stops after this step" if job.cancel_requested and job.stage else position(job)
    session.document(f"job {job.job_id}: {state}", job=job)
