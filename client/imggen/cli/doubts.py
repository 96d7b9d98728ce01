"""What of pages was read without being sure, in words for people."""

from collections.abc import Callable, Iterable, Iterator

from imggen.cli.consoles import echo
from imggen.cli.submission import Labels
from imggen.cli.tables import print_table
from imggen.v1.batch_pb2 import BatchImage
from imggen.v1.scene_pb2 import (
    LOSS_KIND_ACTION,
    LOSS_KIND_CHARACTER,
    LOSS_KIND_EXTRA,
    LOSS_KIND_MOOD,
    LOSS_KIND_PLACE,
    LOSS_KIND_PROP,
    LOSS_KIND_TIME,
    LOSS_KIND_WEATHER,
    Unsure,
)

_ABOUT = {
    LOSS_KIND_CHARACTER: "who is there",
    LOSS_KIND_EXTRA: "who else is there",
    LOSS_KIND_PLACE: "the place",
    LOSS_KIND_TIME: "the time",
    LOSS_KIND_WEATHER: "the weather",
    LOSS_KIND_ACTION: "who does this",
    LOSS_KIND_MOOD: "who feels this",
    LOSS_KIND_PROP: "whether this is seen",
}


def unsure_lines(parts: Iterable[Unsure]) -> list[str]:
    """Returns a line for each part that is unsure: `not sure about the place: kitchen? (...)`."""
    return [f"not sure about {_asked(one)} ({one.why})" for one in parts]


def asked(parts: Iterable[Unsure]) -> str:
    """Returns what is unsure as a text: `the place: kitchen?`."""
    return ", ".join(map(_asked, parts))


def print_doubts(
    images: Iterable[BatchImage], labels: Labels, say: Callable[[str], None] = echo
) -> None:
    """Prints a table of what was read without being sure for the pictures of a batch, if anything.

    In a pipe, `say` prints it.
    """
    rows = list(_rows(images, labels))
    if rows:
        print_table(("PICTURE", "NOT SURE ABOUT", "WHY"), rows, say)


def _rows(images: Iterable[BatchImage], labels: Labels) -> Iterator[tuple[str, str, str]]:
    for image in images:
        for one in image.job.unsure:
            yield labels.of(image), _asked(one), one.why


def _asked(part: Unsure) -> str:
    about = _ABOUT.get(part.kind, "this")
    return f"{about}: {part.phrase}?" if part.phrase else about
