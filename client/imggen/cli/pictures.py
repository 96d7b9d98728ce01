"""Commands that draw, list and download images."""

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import click

from imggen.cli.checks import check_of
from imggen.cli.consoles import echo
from imggen.cli.options import (
    KINDS,
    job_options,
    making_options,
    meta_filter,
    style_option,
)
from imggen.cli.output_files import checked_file, force_option, why
from imggen.cli.pasting import pasted
from imggen.cli.post_processing import step_lines
from imggen.cli.progress import all_references, heir_note, notes, to_the_end
from imggen.cli.session import Session, connected
from imggen.fields import (
    AssetKindName,
    ImageStatusName,
    ImageTypeName,
    short_name,
    short_names,
)
from imggen.orders import OptionFields
from imggen.rules.money import dollars
from imggen.v1.image_pb2 import Image, ImageStatus, ImageType
from imggen.v1.job_pb2 import Job
from imggen.v1.story_pb2 import Page

STATUSES = list(short_names(ImageStatus))[1:]
TYPES = list(short_names(ImageType))[1:]
_COLUMNS = ("IMAGE", "TYPE", "STATUS", "STYLE", "PAGE", "VERSION", "CHECK")


def _page(context: click.Context, argument: click.Parameter, value: str) -> int | str:
    """Reads a page as its number or its id; an empty text means none."""
    if not value:
        return ""
    if value.isdecimal():
        return int(value)
    try:
        return str(UUID(value))
    except ValueError as error:
        wrong = f"{value!r} is neither the number of a page nor its id"
        raise click.BadParameter(wrong, context, argument) from error


@click.command()
@click.argument("character_id")
@style_option
@click.option("--story", default="", metavar="STORY_ID", help="The story it belongs to.")
@click.option("--size", default="", metavar="WxH", help="[default: 1024x1024]")
@making_options
@job_options
@connected
def portrait(
    session: Session,
    character_id: str,
    style: str,
    story: str,
    size: str,
    making: OptionFields,
    seed: int | None,
    priority: int | None,
    no_wait: bool,
    output: Path | None,
    kind: AssetKindName,
) -> None:
    """Draw the portrait of a character.

    It becomes the character's reference, until a newer portrait in the same style.

    \b
    Examples:
      imggen portrait CHARACTER_ID --style watercolor --output mia.jpg
      imggen portrait CHARACTER_ID --style anime --kind print --output mia-print.jpg
      imggen portrait CHARACTER_ID --style anime --seed 7 --allow-reuse
      imggen portrait CHARACTER_ID --style anime --no-wait --json | jq -r .job.jobId
    """
    job = session.client.generate_portrait(
        character_id,
        style=style,
        story=story,
        size=size,
        seed=seed,
        priority=priority,
        **making,
    )
    _finish(session, job, making.get("model", ""), no_wait=no_wait, output=output, kind=kind)


@click.command()
@click.argument("story_id")
@click.argument("page", callback=_page)
@click.option(
    "--character",
    "characters",
    multiple=True,
    metavar="CHARACTER_ID",
    help="A character in the picture; repeatable.  [default: those of the page]",
)
@click.option(
    "--description",
    default="",
    help="What the picture shows.  [default: taken from the page]",
)
@style_option
@click.option(
    "--aspect-ratio", default="", metavar="W:H", help="16:9, 4:3 or 1:1.  [default: 16:9]"
)
@making_options
@job_options
@connected
def scene(
    session: Session,
    story_id: str,
    page: int | str,
    characters: Sequence[str],
    description: str,
    style: str,
    aspect_ratio: str,
    making: OptionFields,
    seed: int | None,
    priority: int | None,
    no_wait: bool,
    output: Path | None,
    kind: AssetKindName,
) -> None:
    """Draw the scene of a story's page: its number, where the first is 1, or its id.

    \b
    Examples:
      imggen scene STORY_ID 1 --output page1.jpg
      imggen scene STORY_ID 2 --character CHARACTER_ID --description "Mia under a big tree"
    """
    job = session.client.generate_scene(
        story_id,
        page,
        characters=characters,
        scene_description=description,
        style=style,
        aspect_ratio=aspect_ratio,
        seed=seed,
        priority=priority,
        **making,
    )
    _finish(session, job, making.get("model", ""), no_wait=no_wait, output=output, kind=kind)


@click.command()
@click.argument("image_id")
@click.option("--style", default=None, help="Another style.")
@click.option("--prompt", default=None, help="What the picture shows, or what to add to it.")
@making_options
@job_options
@connected
def regenerate(
    session: Session,
    image_id: str,
    style: str | None,
    prompt: str | None,
    making: OptionFields,
    seed: int | None,
    priority: int | None,
    no_wait: bool,
    output: Path | None,
    kind: AssetKindName,
) -> None:
    """Draw an image again with changes; the original stays.

    Without changes only the seed is new; the model and the quality stay unless others are given.
    An image and its regenerations share a limit of 5 regenerations.

    \b
    Examples:
      imggen regenerate IMAGE_ID --prompt "smiling" --output mia2.jpg
      imggen regenerate IMAGE_ID --style anime
    """
    job = session.client.regenerate(
        image_id,
        style=style,
        prompt=prompt,
        seed=seed,
        priority=priority,
        **making,
    )
    _finish(session, job, making.get("model", ""), no_wait=no_wait, output=output, kind=kind)


@click.command()
@click.argument("image_id")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), callback=checked_file)
@force_option
@click.option("--kind", type=click.Choice(KINDS), default="display", show_default=True)
@connected
def download(session: Session, image_id: str, file: Path, kind: AssetKindName) -> None:
    """Save a picture to a file, complete and with the right checksum or not at all.

    \b
    Examples:
      imggen download IMAGE_ID mia.jpg
      imggen download IMAGE_ID mia-print.jpg --kind print
    """
    path = session.client.download(image_id, file, kind=kind)
    session.document(f"saved {path}", path=str(path), imageId=image_id, kind=kind)


@click.command()
@click.argument("image_id")
@connected
def image(session: Session, image_id: str) -> None:
    """Show an image, with newly signed URLs, what was done to it, and its references.

    \b
    Example:
      imggen image IMAGE_ID --json | jq -r .image.printUrl
    """
    found = session.client.get_image(image_id)
    shown = (*_lines(found), *step_lines(found.post_processing))
    session.document(*shown, *all_references(found.references), image=found)


@click.command()
@click.argument("image_ids", nargs=-1, required=True, metavar="IMAGE_ID...")
@connected
def delete(session: Session, image_ids: Sequence[str]) -> None:
    """Delete images for good; a job that still makes one is cancelled.

    Their addresses end at once where the gateway serves them, those of a bucket within their time.

    \b
    Example:
      imggen delete IMAGE_ID IMAGE_ID
    """
    for image_id in image_ids:
        session.client.delete_image(image_id)
        if not session.json:
            echo(f"deleted {image_id}")
    session.document(deleted=image_ids)


@click.command()
@click.option("--story", default="", metavar="STORY_ID", help="Only images of this story.")
@click.option("--character", default="", metavar="CHARACTER_ID", help="Only images that show it.")
@click.option("--type", type=click.Choice(TYPES), help="Only images of this type.")
@click.option("--status", type=click.Choice(STATUSES), help="Only images with this status.")
@click.option(
    "--page",
    callback=_page,
    default="",
    metavar="NUMBER|PAGE_ID",
    help="Only images of this page; a number needs --story.",
)
@meta_filter
@connected
def images(
    session: Session,
    story: str,
    character: str,
    type: ImageTypeName | None,
    status: ImageStatusName | None,
    page: int | str,
    metadata: dict[str, str],
) -> None:
    """List images, the newest first.

    CHECK is the classifier that has looked at a picture, or says that none has.

    \b
    Examples:
      imggen images --story STORY_ID --page 2
      imggen images --type portrait --status completed --json
      imggen images --meta order=4711
    """
    found = list(
        session.client.list_images(
            story=story,
            character=character,
            type=type or ImageType.IMAGE_TYPE_UNSPECIFIED,
            status=status or ImageStatus.IMAGE_STATUS_UNSPECIFIED,
            page=_page_of(session, story, page),
            metadata=metadata,
            page_size=100,
        )
    )
    session.table(_COLUMNS, map(_row, found), images=found)


def _page_of(session: Session, story: str, page: int | str) -> Page | str:
    """Returns a page by its number in a story, or its id as it is."""
    if isinstance(page, str):
        return page
    if not story:
        raise click.UsageError("--page needs --story: the story that it is a page of")
    return session.client.page(story, page)


def _row(image: Image) -> tuple[str, ...]:
    """Returns an image in the columns of the list."""
    return (
        image.id,
        short_name(ImageType, image.type),
        short_name(ImageStatus, image.status),
        image.style,
        str(image.page_number or ("removed" if image.page_id else "")),
        str(image.version),
        check_of(image),
    )


def _finish(
    session: Session,
    job: Job,
    asked: str,
    *,
    no_wait: bool,
    output: Path | None,
    kind: AssetKindName,
) -> None:
    """Prints the job, or waits for its end, saves the picture and prints the image.

    `asked` is the model that was asked for, empty for any.
    """
    if no_wait:
        heir = [note] if (note := heir_note(job.model, asked)) else []
        session.document(f"job {job.job_id}", f"image {job.image_id}", *heir, job=job)
        return
    last = to_the_end(session, job.job_id)
    lines = [*_lines(last.image), *notes(last.job, asked)]
    if output is None:
        session.document(*lines, job=last.job, image=last.image)
        return
    try:
        path = session.client.download(last.image, output, kind=kind)
    except OSError as error:
        session.document(*lines, job=last.job, image=last.image)
        then = f"save it with: {pasted('download', last.image.id, 'FILE')}"
        raise click.ClickException(f"cannot save to {output}: {why(error)}; {then}") from error
    session.document(*lines, f"saved {path}", job=last.job, image=last.image, path=str(path))


def _lines(image: Image) -> list[str]:
    """Returns an image as a few lines for people."""
    lines = [
        f"image {image.id}",
        f"{short_name(ImageType, image.type)}, {short_name(ImageStatus, image.status)}, "
        f"{image.style}, version {image.version}, {image.width}x{image.height}, "
        f"{f'seed {image.seed}, ' if image.seed else ''}{image.model}{_cost(image)}",
    ]
    if check := check_of(image):
        lines.append(check)
    if image.HasField("quality_score"):
        lines.append(f"quality {image.quality_score:.2f} of 5")
    if image.page_id:
        lines.append(f"page {image.page_number or 'removed'}, {image.page_id}")
    if image.url:
        lines += [f"display {image.cdn_url or image.url}", f"print {image.print_url}"]
    return lines


def _cost(image: Image) -> str:
    """Returns what an image cost; nothing is free before it is drawn."""
    known = image.HasField("completed_at") or image.cost_micros
    return f", {dollars(image.cost_micros)}" if known else ""
