"""Plans of stories for people: a row for each page, and hints where another model shows more."""

from collections.abc import Iterator, Mapping, Sequence

from imggen.cli.consoles import beside
from imggen.cli.doubts import unsure_lines
from imggen.cli.losses import told
from imggen.cli.routes import expected_time, quote_lines
from imggen.cli.session import Session
from imggen.cli.submission import Plan
from imggen.rules.money import at_most
from imggen.v1.routing_pb2 import PlannedPage
from imggen.v1.scene_pb2 import NotDrawn, Scene

_COLUMNS = ("PAGE", "WHO", "WHERE", "WHAT", "NOT DRAWN", "MODEL", "COST", "TIME")


def print_plan(session: Session, plan: Plan) -> None:
    """Prints a plan: its pages, and beside them what it costs, what is unsure, and the hints."""
    answer = plan.answer
    if session.json:
        session.document(plan=answer)
        return
    session.table(_COLUMNS, (_row(page, plan.names) for page in answer.pages))
    for line in (*quote_lines(answer), *_doubts(answer.pages), *_hints(answer.pages)):
        beside(line)


def _row(page: PlannedPage, names: Mapping[str, str]) -> tuple[str, ...]:
    scene = page.scene
    return (
        _label(page),
        _joined([*(names.get(one.character_id, "?") for one in scene.figures), *scene.extras]),
        _joined([scene.place, scene.time, scene.season, *scene.weather]),
        _joined(_what(scene, names)),
        _joined(_lost(page.not_drawn)),
        page.model,
        at_most(page.price_micros),
        # Of one image alone; unset while nobody draws, which the lines after the table tell.
        expected_time(page.expected_duration) if page.HasField("expected_duration") else "unknown",
    )


def _what(scene: Scene, names: Mapping[str, str]) -> Iterator[str]:
    """Yields what the figures do, and the things that must be seen."""
    for figure in scene.figures:
        said = [figure.mood, *figure.doing, *(f"holds {thing}" for thing in figure.holding)]
        if acting := _joined(said):
            yield f"{names.get(figure.character_id, '?')}: {acting}"
    held = {thing for figure in scene.figures for thing in figure.holding}
    yield from (thing for thing in scene.props if thing not in held)


def _doubts(pages: Sequence[PlannedPage]) -> Iterator[str]:
    """Yields a line for each part of a page that was read without being sure."""
    for page in pages:
        for line in unsure_lines(page.unsure):
            yield f"{_named(page)}: {line}"


def _hints(pages: Sequence[PlannedPage]) -> Iterator[str]:
    """Yields a line for each page of which another model would show more."""
    for page in pages:
        if page.HasField("better"):
            better = page.better
            kept = {(one.phrase, one.kind) for one in better.not_drawn}
            more = [one for one in page.not_drawn if (one.phrase, one.kind) not in kept]
            shown = ", ".join(one.phrase for one in more)
            yield (
                f"{_named(page)}: {better.model} would show more: {shown}; "
                f"{at_most(better.price_micros)}"
            )


def _lost(parts: Sequence[NotDrawn]) -> list[str]:
    return [text for text in told(parts) if text]


def _label(page: PlannedPage) -> str:
    return str(page.page_number or "cover")


def _named(page: PlannedPage) -> str:
    return f"page {page.page_number}" if page.page_number else "the cover"


def _joined(parts: Sequence[str] | Iterator[str]) -> str:
    return ", ".join(part for part in parts if part)
