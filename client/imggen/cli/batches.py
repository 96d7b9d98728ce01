"""Commands that watch and control batches."""

import click

from imggen.batches import BatchSnapshot
from imggen.cli.batch_progress import follow_batch, headline
from imggen.cli.checks import print_unchecked
from imggen.cli.consoles import echo
from imggen.cli.costs import cost_lines
from imggen.cli.losses import end_strictly, losses_of, print_losses, strict_option
from imggen.cli.progress import heir_note, position, reused_note, unused_references
from imggen.cli.session import Session, connected
from imggen.cli.submission import Labels
from imggen.errors import NotFound
from imggen.fields import short_name
from imggen.sync import SyncClient
from imggen.v1.batch_pb2 import BATCH_STATUS_COMPLETED, Batch, BatchImage, BatchStatus

FAILED = 1


@click.group()
def batch() -> None:
    """Watch, cancel and retry batches.

    `imggen story` makes a batch: all pictures of a story, drawn a few at a time.
    """


@batch.command("watch")
@click.argument("batch_id")
@strict_option
@connected
def watch_batch(session: Session, batch_id: str, strict: bool) -> None:
    """Watch a batch until it ends.

    At the end comes a table of what its pictures do not show as told. With --json every snapshot
    is one line of JSON.

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
        print_unchecked(session.client, last.images, Labels(list(last.images), names))
    end_with(last.batch)
    end_strictly(losses_of(last.images), strict=strict)


@batch.command("show")
@click.argument("batch_id")
@connected
def show_batch(session: Session, batch_id: str) -> None:
    """Show a batch and its images, and what they do not show as told."""
    found = session.client.get_batch(batch_id)
    if session.json:
        session.document(batch=found.batch, images=found.images)
        return
    echo(f"{short_name(BatchStatus, found.batch.status)}: {headline(found.batch)}")
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
    for line in cost_lines(found.batch, found.images):
        echo(line)
    print_losses(found.images, labels)
    print_unchecked(session.client, found.images, labels)


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
    """Cancel the rest of a batch.

    Queued jobs stop at once, running jobs before their next step; finished pictures stay.

    \b
    Example:
      imggen batch cancel BATCH_ID
    """
    _print(session, session.client.cancel_batch(batch_id))


@batch.command("retry")
@click.argument("batch_id")
@connected
def retry_batch(session: Session, batch_id: str) -> None:
    """Retry the failed and cancelled jobs of a batch.

    \b
    Example:
      imggen batch retry BATCH_ID && imggen batch watch BATCH_ID
    """
    _print(session, session.client.retry_batch(batch_id))


def names_of(client: SyncClient, batch_id: str) -> dict[str, str]:
    """Returns the names of the characters that a batch portrays, without deleted ones."""
    names = {}
    for image in client.get_batch(batch_id).images:
        if image.character_id:
            try:
                names[image.character_id] = client.get_character(image.character_id).name
            except NotFound:  # deleted since then
                continue
    return names


def print_end(last: BatchSnapshot, names: dict[str, str], asked: str = "") -> None:
    """Prints the result of a batch: what failed, was reused, cost something, and was lost.

    `asked` is the model that was asked for, empty for any; another one may stand for it.
    """
    labels = Labels(list(last.images), names)
    echo(f"batch {last.batch.batch_id}: {headline(last.batch)}")
    for note in dict.fromkeys(heir_note(image.job.model, asked) for image in last.images):
        if note:
            echo(note)
    for image in last.images:
        if image.job.error.message and image.job.fraction != 1:
            echo(f"{labels.of(image)}: {_why(image)}")
        if note := reused_note(image.job):
            echo(f"{labels.of(image)}: {note}")
        for line in unused_references(image.job.references, names):
            echo(f"{labels.of(image)}: {line}")
    for line in cost_lines(last.batch, last.images):
        echo(line)
    print_losses(last.images, labels)
    if last.batch.status != BATCH_STATUS_COMPLETED:
        echo(f"retry the missing pictures: imggen batch retry {last.batch.batch_id}")


def end_with(batch: Batch) -> None:
    """Exits with code 1 unless every picture of the batch was drawn."""
    if batch.status != BATCH_STATUS_COMPLETED:
        raise click.exceptions.Exit(FAILED)


def _why(image: BatchImage) -> str:
    return f"{position(image.job)}, {image.job.error.message}"


def _print(session: Session, found: Batch) -> None:
    status = short_name(BatchStatus, found.status)
    session.document(f"batch {found.batch_id}: {status}, {headline(found)}", batch=found)
