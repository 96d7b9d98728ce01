"""Commands that follow and steer batches: stories that are drawn as a whole."""

import click

from imggen.batches import BatchSnapshot
from imggen.cli.batch_progress import follow_batch, headline
from imggen.cli.progress import position
from imggen.cli.session import Session, connected
from imggen.cli.telling import Labels
from imggen.errors import NotFound
from imggen.fields import short_name
from imggen.sync import SyncClient
from imggen.v1.batch_pb2 import BATCH_STATUS_COMPLETED, Batch, BatchImage, BatchStatus

FAILED = 1


@click.group()
def batch() -> None:
    """Follow and steer stories that are drawn as a whole.

    `imggen story` makes a batch: all pictures of a story, drawn a few at once.
    """


@batch.command("watch")
@click.argument("batch_id")
@connected
def watch_batch(session: Session, batch_id: str) -> None:
    """Follow a batch to its end.

    With --json every snapshot is one line of JSON.

    \b
    Examples:
      imggen batch watch BATCH_ID
      imggen batch watch BATCH_ID --json | jq .batch.fraction
    """
    names = {} if session.json else names_of(session.client, batch_id)
    last = follow_batch(
        session.client, batch_id, names, silent=session.json, json_lines=session.json
    )
    if not session.json:
        print_end(last, names)
    end_with(last.batch)


@batch.command("show")
@click.argument("batch_id")
@connected
def show_batch(session: Session, batch_id: str) -> None:
    """Show a batch and its images as they are now."""
    found = session.client.get_batch(batch_id)
    if session.json:
        session.document(batch=found.batch, images=found.images)
        return
    click.echo(f"{short_name(BatchStatus, found.batch.status)}: {headline(found.batch)}")
    labels = Labels(list(found.images), names_of(session.client, batch_id))
    session.table(
        ("JOB", "PICTURE", "STATUS", "DONE", "IMAGE"),
        (
            (
                image.job.job_id,
                labels.of(image),
                position(image.job),
                f"{image.job.fraction:.0%}",
                image.job.image_id,
            )
            for image in found.images
        ),
    )


@batch.command("list")
@click.option("--story", default="", metavar="STORY_ID", help="Only batches of this story.")
@connected
def list_batches(session: Session, story: str) -> None:
    """List batches, the newest first."""
    found = list(session.client.list_batches(story=story, page_size=100))
    session.table(
        ("BATCH", "STORY", "STATUS", "STYLE", "DONE"),
        (
            (
                each.batch_id,
                each.story_id,
                short_name(BatchStatus, each.status),
                each.style,
                headline(each),
            )
            for each in found
        ),
        batches=found,
    )


@batch.command("cancel")
@click.argument("batch_id")
@connected
def cancel_batch(session: Session, batch_id: str) -> None:
    """Cancel what is left of a batch.

    At once what waits, between two steps what runs; what is drawn stays.

    \b
    Example:
      imggen batch cancel BATCH_ID
    """
    _print(session, session.client.cancel_batch(batch_id))


@batch.command("retry")
@click.argument("batch_id")
@connected
def retry_batch(session: Session, batch_id: str) -> None:
    """Start what failed or was cancelled again.

    \b
    Example:
      imggen batch retry BATCH_ID && imggen batch watch BATCH_ID
    """
    _print(session, session.client.retry_batch(batch_id))


def names_of(client: SyncClient, batch_id: str) -> dict[str, str]:
    """Returns the names of the characters that a batch portrays, as far as they are there."""
    names = {}
    for image in client.get_batch(batch_id).images:
        if image.character_id:
            try:
                names[image.character_id] = client.get_character(image.character_id).name
            except NotFound:  # deleted since
                continue
    return names


def print_end(last: BatchSnapshot, names: dict[str, str]) -> None:
    """Prints how a batch ended, and what to do about what failed."""
    labels = Labels(list(last.images), names)
    click.echo(f"batch {last.batch.batch_id}: {headline(last.batch)}")
    for image in last.images:
        if image.job.error.message and image.job.fraction != 1:
            click.echo(f"{labels.of(image)}: {_why(image)}")
    if last.batch.status != BATCH_STATUS_COMPLETED:
        click.echo(f"start what is missing again: imggen batch retry {last.batch.batch_id}")


def end_with(batch: Batch) -> None:
    """Ends the command with 1 unless every picture of the batch is there."""
    if batch.status != BATCH_STATUS_COMPLETED:
        raise click.exceptions.Exit(FAILED)


def _why(image: BatchImage) -> str:
    return f"{position(image.job)}, {image.job.error.message}"


def _print(session: Session, found: Batch) -> None:
    status = short_name(BatchStatus, found.status)
    session.document(f"batch {found.batch_id}: {status}, {headline(found)}", batch=found)
