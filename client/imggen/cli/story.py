"""The command that draws a whole story from a file."""

import json
from pathlib import Path

import click

from imggen.batches import BatchSnapshot
from imggen.cli.again import Try
from imggen.cli.batch_progress import follow_batch, headline
from imggen.cli.batches import end_with, print_end
from imggen.cli.checks import print_unchecked
from imggen.cli.consoles import echo
from imggen.cli.file_names import file_stem
from imggen.cli.ignored import refuse_typed, refuse_unsaved
from imggen.cli.input_files import read_text
from imggen.cli.losses import end_strictly, losses_of, strict_option
from imggen.cli.options import kind_option, options
from imggen.cli.output_files import force_option, forced
from imggen.cli.pictures_folder import Pictures
from imggen.cli.plans import print_plan
from imggen.cli.routes import quote_lines
from imggen.cli.session import Session, connected
from imggen.cli.story_checks import Source
from imggen.cli.story_content import StoryFile
from imggen.cli.story_file import read_story_file
from imggen.cli.story_help import STORY_HELP
from imggen.cli.submission import Labels, Submission, save, save_known_portraits, submit
from imggen.cli.submission import plan as plan_file
from imggen.cli.submission import quote as quote_file
from imggen.fields import AssetKindName
from imggen.rules.checks import CALLER_PRIORITIES
from imggen.v1.batch_pb2 import BATCH_STATUS_COMPLETED

_OPTIONS = options(
    click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path)),
    click.option("--again", is_flag=True, help="Draw it again, with new seeds."),
    click.option("--quote", is_flag=True, help="Print what it would cost; draw nothing."),
    click.option("--plan", is_flag=True, help="Print what each page would show; draw nothing."),
    click.option("--no-wait", is_flag=True, help="Print the batch without waiting for it."),
    click.option(
        "--output",
        "-o",
        type=click.Path(file_okay=False, path_type=Path),
        help="The folder for the pictures.  [default: named after the title]",
    ),
    kind_option,
    force_option,
    strict_option,
)


@click.command(help=STORY_HELP)
@_OPTIONS
@connected
def story(
    session: Session,
    file: Path,
    again: bool,
    quote: bool,
    plan: bool,
    no_wait: bool,
    output: Path | None,
    kind: AssetKindName,
    strict: bool,
) -> None:
    """Draws a whole story from a file, or prints what it would cost or show."""
    _refuse_ignored(quote=quote, plan=plan, no_wait=no_wait, again=again)
    source = _read(session, file)
    content = source.story
    if quote or plan:
        with source.refusals():
            _print_forecast(session, content, plan=plan)
        return
    folder = output or Path(file_stem(content.title) or file_stem(file.stem) or "story")
    pictures = Pictures(folder, kind, force=forced())
    if again or not no_wait:
        pictures.check()
    attempt = Try(folder, content, session.server) if again else None
    with source.refusals():
        submitted = submit(session.client, content, attempt.key if attempt else "")
    if no_wait:
        _print_submitted(session, submitted)
        return
    last = _drawn(session, submitted, pictures, content.options.model)
    if attempt:
        _end_try(attempt, last, pictures)
    pictures.end()
    end_with(last.batch)
    end_strictly(losses_of(last.images), strict=strict)


def _refuse_ignored(*, quote: bool, plan: bool, no_wait: bool, again: bool) -> None:
    if quote and plan:
        raise click.UsageError("give --quote or --plan, not both")
    if quote or plan:
        word = "--quote" if quote else "--plan"
        drawing = ("again", "no_wait", "output", "kind", "force", "strict")
        refuse_typed(f"is for drawing, and {word} draws nothing; leave one of them out", *drawing)
    if no_wait:
        refuse_typed("is for the end, and --no-wait waits for none; leave one out", "strict")
    # With --again the folder has the mark of the try.
    if no_wait and not again:
        refuse_unsaved(saves=True, waits=False)
    elif no_wait:
        refuse_typed("saves nothing with --no-wait; leave it out", "kind", "force")


def _read(session: Session, file: Path) -> Source:
    """Reads a file, and refuses all that can be known to be wrong before anything is created."""
    text = read_text(file)
    source = Source(file, text, read_story_file(file, text))
    styles = [style.id for style in session.client.styles()]
    source.check(styles, session.client.list_providers())
    return source


def _print_submitted(session: Session, submitted: Submission) -> None:
    lines = (f"story {submitted.story.id}", headline(submitted.batch))
    batch = f"batch {submitted.batch.batch_id}"
    session.document(batch, *lines, batch=submitted.batch, story=submitted.story)


def _print_forecast(session: Session, content: StoryFile, *, plan: bool) -> None:
    priority = content.options.priority
    if priority is not None and priority not in CALLER_PRIORITIES:
        # Only the service knows the role, and a quote asks for no priority.
        note = f"note: options.priority {priority} is taken from the role admin alone"
        echo(f"imggen: {note}; others use 1 to 3", err=True)
    if plan:
        print_plan(session, plan_file(session.client, content))
        return
    price = quote_file(session.client, content)
    session.document(*quote_lines(price), quote=price)


def _drawn(
    session: Session, submitted: Submission, pictures: Pictures, asked: str
) -> BatchSnapshot:
    """Waits for a batch, saves its pictures and prints its end; returns its last snapshot.

    `asked` is the model that was asked for, empty for any.
    """
    _announce(session, submitted)
    client, names = session.client, submitted.names
    last = follow_batch(client, submitted.batch.batch_id, names, silent=session.json)
    images = list(last.images)
    labels = Labels(images, names)
    drawn = save(client, images, labels, pictures).values()
    known = save_known_portraits(client, images, submitted, pictures)
    if session.json:
        at = str(pictures.folder.resolve())
        session.document(batch=last.batch, images=images, story=submitted.story, folder=at)
        return last
    print_end(last, names, asked)
    print_unchecked(client, images, labels)
    for path in (*known.values(), *drawn):
        echo(f"saved {path}")
    return last


def _end_try(attempt: Try, last: BatchSnapshot, pictures: Pictures) -> None:
    """Ends a try of which all is drawn and saved; says of another one that it goes on."""
    if last.batch.status == BATCH_STATUS_COMPLETED and not pictures.failed:
        attempt.end()
        return
    then = f"--again goes on with this batch; to begin another one, remove {attempt.mark}"
    echo(f"imggen: {then}", err=True)


def _announce(session: Session, submitted: Submission) -> None:
    """Says the ids first: whatever happens then, they lead to the pictures."""
    if session.json:
        ids = {"batchId": submitted.batch.batch_id, "storyId": submitted.story.id}
        echo(json.dumps(ids), err=True)
    else:
        echo(f"batch {submitted.batch.batch_id}")
