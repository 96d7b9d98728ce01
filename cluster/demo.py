"""The demo: two characters and a story of three pages, through the typed client."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from cluster.contact_sheet import Panel, contact_sheet
from imggen import AssetKind, Character, Client, Gender, Image, Job, Page, Snapshot, Stage

STYLE = "cartoon"
TITLE = "The Lantern on the Hill"
PAGES = (
    "One sunny morning Mia and Leo found an old map in the meadow behind their house.",
    "The map led them into the deep forest, and Mia smiled at every tree they passed.",
    "At night they stood in front of a castle, and Leo held up his lantern.",
)
_STAGES = {
    Stage.STAGE_UNSPECIFIED: "waiting",
    Stage.STAGE_RESOLVING: "reading",
    Stage.STAGE_RENDERING: "rendering",
    Stage.STAGE_FINISHING: "finishing",
    Stage.STAGE_STORING: "storing",
}


@dataclass(frozen=True, slots=True)
class Picture:
    """Is a finished picture of the demo: its caption, its image, its job and its file."""

    caption: str
    image: Image
    job: Job
    path: Path


async def tell_a_story(address: str, token: str, folder: Path) -> None:
    """Draws the story's pictures into a new folder below `folder`, and prints what came of it."""
    console = Console()
    async with Client(address, token=token) as client:
        mia, leo = await _characters(client)
        pages = [
            Page(text=PAGES[0], character_ids=[mia.id, leo.id]),
            Page(text=PAGES[1], character_ids=[mia.id]),
            Page(text=PAGES[2], character_ids=[leo.id]),
        ]
        story = await client.create_story(title=TITLE, style=STYLE, pages=pages)
        folder = folder / story.id[:8]
        folder.mkdir(parents=True)
        with _progress(console) as progress:
            async with asyncio.TaskGroup() as group:
                drawings = [
                    group.create_task(_draw(client, job, caption, folder / name, progress))
                    for name, caption, job in [
                        ("mia.png", "Mia", await client.generate_portrait(mia, story=story)),
                        ("leo.png", "Leo", await client.generate_portrait(leo, story=story)),
                        *[
                            (f"page-{number}.png", text, await client.generate_scene(story, number))
                            for number, text in enumerate(PAGES, 1)
                        ],
                    ]
                ]
    _report(console, [drawing.result() for drawing in drawings], folder)


async def _characters(client: Client) -> tuple[Character, Character]:
    mia = await client.create_character(
        name="Mia",
        age=7,
        gender=Gender.GENDER_FEMALE,
        hair="long red hair",
        eyes="green",
        skin="light",
        clothing="a yellow dress",
        features=["freckles"],
        traits=["brave"],
    )
    leo = await client.create_character(
        name="Leo",
        age=8,
        gender=Gender.GENDER_MALE,
        hair="short black hair",
        eyes="brown",
        skin="brown",
        clothing="a blue sweater",
        traits=["curious"],
    )
    return mia, leo


async def _draw(client: Client, job: Job, caption: str, path: Path, progress: Progress) -> Picture:
    bar = progress.add_task(path.stem, total=1.0, stage="waiting")
    async for snapshot in client.watch(job):
        _show(progress, bar, snapshot)
    image = await client.wait(job)
    await client.download(image, path, kind=AssetKind.ASSET_KIND_DISPLAY)
    if progress.disable:
        progress.console.print(f"{path.stem} is done")
    return Picture(caption, image, await client.get_job(job), path)


def _show(progress: Progress, bar: TaskID, snapshot: Snapshot) -> None:
    job = snapshot.job
    stage = "done" if job.fraction == 1.0 else _STAGES[job.stage]
    if job.steps:
        stage += f" {job.step}/{job.steps}"
    progress.update(bar, completed=job.fraction, stage=stage)


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description:>8}"),
        BarColumn(),
        TextColumn("{task.fields[stage]:<16}"),
        TimeElapsedColumn(),
        console=console,
        # Bars are for eyes; a file or a pipe gets a line for each picture.
        disable=not console.is_terminal,
    )


def _report(console: Console, pictures: list[Picture], folder: Path) -> None:
    sheet = folder / "contact-sheet.png"
    panels = [Panel(picture.caption, picture.path) for picture in pictures]
    contact_sheet(TITLE, [panels[:2], panels[2:]]).save(sheet)
    console.print(_table(pictures))
    total = sum(picture.job.actual_cost_micros for picture in pictures) / 1e6
    console.print(f"cost in all: {total:.4f} USD (drawn on this machine)")
    for picture in pictures:
        _print_path(console, picture.path)
    _print_path(console, sheet)


def _table(pictures: list[Picture]) -> Table:
    table = Table(title=TITLE, title_justify="left")
    table.add_column("picture", no_wrap=True)
    for stage in list(_STAGES)[1:]:
        table.add_column(f"{_STAGES[stage]}, s", justify="right")
    table.add_column("cost, USD", justify="right")
    for picture in pictures:
        times = {
            timing.stage: timing.duration.ToMilliseconds() for timing in picture.job.stage_timings
        }
        table.add_row(
            picture.path.stem,
            *[f"{times.get(stage, 0) / 1000:.2f}" for stage in list(_STAGES)[1:]],
            f"{picture.job.actual_cost_micros / 1e6:.4f}",
        )
    return table


def _print_path(console: Console, path: Path) -> None:
    """Prints a path whole and plain, so that it can be copied."""
    console.print(str(path), soft_wrap=True, highlight=False, markup=False)
