"""The command that follows the feed of events."""

from collections.abc import Sequence

import click

from imggen.cli.consoles import echo, on_terminal
from imggen.cli.pasting import pasted
from imggen.cli.progress import Interrupted
from imggen.cli.session import Session, connected, json_line
from imggen.cli.tables import tabbed
from imggen.errors import Unavailable
from imggen.fields import EventKindName, short_name, short_names
from imggen.v1.batch_pb2 import BatchStatus
from imggen.v1.event_pb2 import Event, EventKind
from imggen.v1.image_pb2 import IMAGE_STATUS_COMPLETED, PICTURE_CHECK_CHECKED, ImageStatus
from imggen.v1.job_pb2 import JobStatus

KINDS = list(short_names(EventKind))[1:]


class StoppedFollowing(Interrupted):
    """Ctrl-C while following events; the message says how to resume."""

    def __init__(self, cursor: str) -> None:
        super().__init__(f"stopped; resume with: {_resumed(cursor)}")


@click.command()
@click.option(
    "--after",
    default="",
    metavar="CURSOR",
    help="Start after this event; `oldest` starts with the oldest that is kept. Default: now.",
)
@click.option(
    "--kind", "kinds", multiple=True, type=click.Choice(KINDS), help="Only this kind; repeatable."
)
@connected
def events(session: Session, after: str, kinds: Sequence[EventKindName]) -> None:
    """Follow changes of jobs, images and batches, until Ctrl-C.

    Prints a line for each change of status: the time, the kind, the id, the new status, and
    the cursor to resume from; in a pipe with tabs between them. With --json every event is one line
    of JSON.

    \b
    Examples:
      imggen events
      imggen events --kind image --json | jq .image.imageId
      imggen events --after CURSOR
    """
    cursor = after
    try:
        for event in session.client.events(after, kinds=kinds, checkpoints=True):
            if not event.HasField("checkpoint"):
                echo(json_line(event) if session.json else _line(event))
            cursor = event.cursor
    except KeyboardInterrupt as interrupt:
        raise StoppedFollowing(cursor) from interrupt
    except Unavailable as error:
        error.add_note(f"resume with: {_resumed(cursor)}")
        raise


def _resumed(cursor: str) -> str:
    return pasted("events", *(("--after", cursor) if cursor else ()))


def _line(event: Event) -> str:
    time = event.time.ToDatetime().isoformat(sep=" ", timespec="milliseconds")
    kind, id_, status = _what(event)
    if not on_terminal():
        return tabbed((time, kind, id_, status, event.cursor))
    return f"{time}  {f'{kind:<5} {id_} {status}':<68}  {event.cursor}"


def _what(event: Event) -> tuple[str, str, str]:
    """Returns what has changed: its kind, its id, and its new status."""
    match event.WhichOneof("change"):
        case "job":
            return "job", event.job.job_id, short_name(JobStatus, event.job.status)
        case "image":
            status = short_name(ImageStatus, event.image.status)
            completed = event.image.status == IMAGE_STATUS_COMPLETED
            unchecked = completed and event.image.picture_check != PICTURE_CHECK_CHECKED
            what = "deleted" if event.image.deleted else status
            return "image", event.image.image_id, f"{what}{', not checked' if unchecked else ''}"
        case _:
            return "batch", event.batch.batch_id, short_name(BatchStatus, event.batch.status)
