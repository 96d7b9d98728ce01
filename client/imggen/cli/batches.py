"""Commands that watch and control batches."""

import json
from collections.abc import Mapping
from pathlib import Path

import click

from imggen.batches import BatchSnapshot
from imggen.cli.batch_progress import follow_batch, headline
from imggen.cli.checks import print_unchecked
from imggen.cli.consoles import beside, echo
from imggen.cli.costs import cost_lines
from imggen.cli.doubts import print_doubts
from imggen.cli.exits import FAILED
from imggen.cli.ignored import refuse_unsaved
from imggen.cli.losses import end_strictly, losses_of, print_losses, strict_option
from imggen.cli.options import kind_option
from imggen.cli.output_files import force_option, forced
from imggen.cli.pasting import pasted
from imggen.cli.pictures_folder import Pictures
from imggen.cli.progress import heir_note, position, reused_note, unused_references
from imggen.cli.session import Session, connected
from imggen.cli.submission import Labels, save
from imggen.errors import NotFound
from imggen.fields import AssetKindName, short_name
from imggen.sync import SyncClient
from imggen.v1.batch_pb2 import BATCH_STATUS_COMPLETED, Batch, BatchImage, BatchStatus


@click.group()
def batch() -> None:
    """Watch, save, cancel and retry batches.

    `imggen story` makes a batch: all pictures of a story, drawn a few at a time.
    """


@batch.command("watch")
@click.argument("batch_id")
@click.option(
    "--output",
    "-o",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Save the pictures to this folder.",
)
@kind_option
@force_option
@strict_option
@connected
def watch_batch(
    session: Session, batch_id: str, output: Path | None, kind: AssetKindName, strict: bool
) -> None:
    """Watch a batch until it ends; with --output save its pictures.

    At the end comes a table of what its pictures do not show as told. With --json every snapshot
    is one line of JSON; with --output there is one more, with the saved files.

    \b
    Examples:
      imggen batch watch BATCH_ID --output the-map
      imggen batch watch BATCH_ID --json | jq .batch.fraction
    """
    refuse_unsaved(saves=output is not None)
    pictures = _folder(output, kind) if output is not None else None
    names = {} if session.json and output is None else names_of(session.client, batch_id)
    last = follow_batch(
        session.client, batch_id, names, silent=session.json, json_lines=session.json
    )
    images = list(last.images)
    labels = Labels(images, names)
    if not session.json:
        print_end(last, names)
        print_unchecked(session.client, images, labels)
    if pictures is not None:
        saved = save(session.client, images, labels, pictures)
        if session.json:
            echo(json.dumps({"files": _files(saved)}, ensure_ascii=False))
        else:
            _print_saved(saved)
        pictures.end()
    end_with(last.batch)
    end_strictly(losses_of(images), strict=strict)


@batch.command("download")
@click.argument("batch_id")
@click.option(
    "--output",
    "-o",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="The folder for the pictures.",
)
@kind_option
@force_option
@connected
def download_batch(session: Session, batch_id: str, output: Path, kind: AssetKindName) -> None:
    """Save the pictures of a batch that are drawn; exit with 1 where some are not.

    \b
    Example:
      imggen batch download BATCH_ID --output the-map
    """
    pictures = _folder(output, kind)
    found = session.client.get_batch(batch_id)
    images = list(found.images)
    labels = Labels(images, names_of(session.client, batch_id))
    saved = save(session.client, images, labels, pictures)
    if session.json:
        session.document(batch=found.batch, files=_files(saved))
    else:
        _print_saved(saved)
        if len(saved) < len(images):
            echo(
                f"{len(saved)} of {len(images)} saved; the others are not drawn, see:"
                f" {pasted('batch', 'show', batch_id)}"
            )
    pictures.end()
    end_with(found.batch)


@batch.command("show")
@click.argument("batch_id")
@connected
def show_batch(session: Session, batch_id: str) -> None:
    """Show a batch and its images, and what they do not show as told."""
    found = session.client.get_batch(batch_id)
    if session.json:
        session.document(batch=found.batch, images=found.images)
        return
    beside(f"{short_name(BatchStatus, found.batch.status)}: {headline(found.batch)}")
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
        beside(line)
    print_losses(found.images, labels, beside)
    print_doubts(found.images, labels, beside)
    print_unchecked(session.client, found.images, labels, beside)


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


def _folder(output: Path, kind: AssetKindName) -> Pictures:
    """Returns the folder for a batch's pictures, which `imggen story` may have saved to, too."""
    pictures = Pictures(output, kind, force=forced())
    pictures.check()
    return pictures


def _files(saved: Mapping[str, Path]) -> dict[str, str]:
    """Returns saved files as plain JSON types: their paths by the ids of their jobs."""
    return {job: str(path) for job, path in saved.items()}


def _print_saved(saved: Mapping[str, Path]) -> None:
    for path in saved.values():
        echo(f"saved {path}")


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
    """Prints the result of a batch: what failed, was reused, cost something, was lost, is unsure.

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
    print_doubts(last.images, labels)
    if last.batch.status != BATCH_STATUS_COMPLETED:
        again = pasted("batch", "retry", last.batch.batch_id)
        echo(f"retry the missing pictures: {again}")


def end_with(batch: Batch) -> None:
    """Exits with code 1 unless every picture of the batch was drawn."""
    if batch.status != BATCH_STATUS_COMPLETED:
        raise click.exceptions.Exit(FAILED)


def _why(image: BatchImage) -> str:
    return f"{position(image.job)}, {image.job.error.message}"


def _print(session: Session, found: Batch) -> None:
    status = short_name(BatchStatus, found.status)
    session.document(f"batch {found.batch_id}: {status}, {headline(found)}", batch=found)
