"""The demo: draws a story file as `imggen story` does, and makes a contact sheet."""

from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from rich.console import Console
from rich.table import Table

from cluster.embedded.contact_sheet import Panel, contact_sheet
from imggen import BatchSnapshot, Job, Stage, SyncClient
from imggen.cli.batch_progress import follow_batch, headline
from imggen.cli.consoles import console as new_console
from imggen.cli.doubts import asked, print_doubts
from imggen.cli.losses import lost_lines, print_losses
from imggen.cli.pictures_folder import Pictures
from imggen.cli.progress import Interrupted
from imggen.cli.story_content import StoryFile
from imggen.cli.story_file import read_story_file
from imggen.cli.submission import Labels, save, save_known_portraits, submit
from imggen.rules.money import dollars

__all__ = ["DemoFailed", "Interrupted", "draw_story"]

STORY = Path(__file__).with_name("demo-story.yaml")
_STAGES = {
    Stage.STAGE_RESOLVING: "reading",
    Stage.STAGE_RENDERING: "rendering",
    Stage.STAGE_FINISHING: "finishing",
    Stage.STAGE_STORING: "storing",
}


class DemoFailed(Exception):
    """A demo with missing pictures."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A finished picture of the demo."""

    label: str
    job: Job
    path: Path
    text: str


def draw_story(address: str, token: str, folder: Path) -> None:
    """Draws the story into a new folder below `folder`, and prints the times, costs and files.

    Raises DemoFailed.
    """
    console = new_console()
    file = read_story_file(STORY, STORY.read_text("utf-8"))
    with SyncClient(address, token=token) as client:
        # Each demo is a new batch; portraits are drawn again only where the file has changed.
        submitted = submit(client, file, again=str(uuid4()))
        folder = folder / submitted.batch.batch_id[:8]
        last = follow_batch(client, submitted.batch.batch_id, submitted.names)
        labels = Labels(list(last.images), submitted.names)
        files = Pictures(folder, "display")
        saved = save(client, list(last.images), labels, files)
        known = save_known_portraits(client, list(last.images), submitted, files)
    if files.failed:
        raise DemoFailed("; ".join(files.failed))
    if len(saved) < last.batch.total_images:
        raise DemoFailed(headline(last.batch))
    pictures = _pictures(file, last, labels, saved)
    portraits = [Panel(submitted.names[one], path) for one, path in known.items()]
    print_losses(last.images, labels)
    print_doubts(last.images, labels)
    _report(console, file.title, portraits, pictures, folder)


def _pictures(
    file: StoryFile, last: BatchSnapshot, labels: Labels, saved: dict[str, Path]
) -> list[Picture]:
    return [
        Picture(
            label := labels.of(image),
            image.job,
            saved[image.job.job_id],
            file.pages[image.page_number - 1].text if image.page_number else label,
        )
        for image in last.images
    ]


def _report(
    console: Console, title: str, known: list[Panel], pictures: list[Picture], folder: Path
) -> None:
    sheet = folder / "contact-sheet.png"
    portraits, pages = [
        [
            Panel(one.text, one.path, _lost(one.job))
            for one in pictures
            if (one.text == one.label) is portrait
        ]
        for portrait in (True, False)
    ]
    contact_sheet(title, [known + portraits, pages]).save(sheet)
    console.print(_table(title, pictures))
    total = sum(picture.job.actual_cost_micros for picture in pictures)
    console.print(f"total cost: {dollars(total, 'nothing')} (drawn on this machine)")
    for path in [*(panel.picture for panel in known), *(picture.path for picture in pictures)]:
        _print_path(console, path)
    _print_path(console, sheet)


def _table(title: str, pictures: list[Picture]) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("picture", no_wrap=True)
    for name in _STAGES.values():
        table.add_column(f"{name}, s", justify="right")
    table.add_column("cost", justify="right")
    for picture in pictures:
        times = {
            timing.stage: timing.duration.ToMilliseconds() for timing in picture.job.stage_timings
        }
        table.add_row(
            picture.label,
            *[f"{times.get(stage, 0) / 1000:.2f}" for stage in _STAGES],
            dollars(picture.job.actual_cost_micros),
        )
    return table


def _lost(job: Job) -> str:
    """Returns what a picture does not show as told, and what was read without being sure."""
    doubts = asked(job.unsure)
    return "; ".join([*lost_lines(job.not_drawn), *([f"not sure: {doubts}"] if doubts else [])])


def _print_path(console: Console, path: Path) -> None:
    """Prints a path without wrapping or styles, so that it can be copied."""
    console.print(str(path), soft_wrap=True, highlight=False, markup=False)
