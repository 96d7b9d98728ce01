"""What pictures do not show as they were told: left out, or drawn as something else."""

from collections.abc import Callable, Iterable, Iterator

import click

from imggen.cli.consoles import echo
from imggen.cli.exits import LOST
from imggen.cli.submission import Labels
from imggen.cli.tables import print_table
from imggen.v1.batch_pb2 import BatchImage
from imggen.v1.scene_pb2 import NotDrawn

strict_option = click.option(
    "--strict",
    is_flag=True,
    help=f"Exit with {LOST} if a picture does not show everything as told.",
)


def lost_lines(parts: Iterable[NotDrawn]) -> list[str]:
    """Returns a line for what was left out, and one for what was drawn as something else."""
    gone, bent = told(parts)
    lines = [f"not drawn: {gone}"] if gone else []
    return [*lines, f"drawn otherwise: {bent}"] if bent else lines


def print_losses(
    images: Iterable[BatchImage], labels: Labels, say: Callable[[str], None] = echo
) -> None:
    """Prints a table of what the pictures of a batch do not show as told; nothing if all do.

    In a pipe, `say` prints it.
    """
    rows = list(_rows(images, labels))
    if rows:
        print_table(("PICTURE", "NOT DRAWN", "DRAWN OTHERWISE"), rows, say)


def end_strictly(losses: Iterable[NotDrawn], *, strict: bool) -> None:
    """Exits with LOST where `--strict` was given and something was lost."""
    if strict and any(True for _ in losses):
        raise click.exceptions.Exit(LOST)


def losses_of(images: Iterable[BatchImage]) -> Iterator[NotDrawn]:
    """Yields what the pictures of a batch do not show as told."""
    for image in images:
        yield from image.job.not_drawn


def _rows(images: Iterable[BatchImage], labels: Labels) -> Iterator[tuple[str, str, str]]:
    for image in images:
        gone, bent = told(image.job.not_drawn)
        if gone or bent:
            yield labels.of(image), gone, bent


def told(parts: Iterable[NotDrawn]) -> tuple[str, str]:
    """Returns what was left out, and what was drawn as something else, as texts."""
    listed = list(parts)
    gone = (one.phrase for one in listed if not one.drawn_as)
    bent = (f"{one.phrase} as {one.drawn_as}" for one in listed if one.drawn_as)
    return ", ".join(gone), ", ".join(bent)
