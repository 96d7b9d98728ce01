"""The studio: makes the pictures of orders with the service's model, and keeps their results."""

import asyncio
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from actors.engine.render import Embedding, PlacedReference, RenderRequest, RenderResult
from recipe.evaluation.grids import SHOWN, Picture, beside, read_png, write_png
from recipe.evaluation.identity import Examiner
from recipe.evaluation.orders import Order, Source, Variant
from recipe.evaluation.results import Result, Results
from recipe.illustrator import Illustrator, Scene


class Model(Protocol):
    """What the studio needs of a diffuser."""

    def render(self, request: RenderRequest) -> RenderResult:
        """Draws one picture; several threads may call it at once."""
        ...

    async def encode(self, png: bytes) -> Embedding:
        """Returns the embedding of a reference."""
        ...


@dataclass(frozen=True, slots=True)
class Made:
    """A picture, and the references that it was made from."""

    picture: Picture
    references: tuple[Picture, ...]


class Studio:
    """Makes each picture once: its result, and of the first ones the picture, stay in a folder.

    `marks` name what makes and judges the pictures; results with others do not count. So many
    orders as `together` says are in work at once: the engine draws them in joint steps.
    """

    def __init__(
        self,
        model: Model,
        examiner: Examiner,
        illustrator: Illustrator,
        folder: Path,
        marks: Sequence[str],
        together: int = 1,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._model = model
        self._examiner = examiner
        self._illustrator = illustrator
        self._folder = folder
        self._marks = tuple(marks)
        self._together = together
        self._results = Results(folder / "results.jsonl")

    def measure(self, orders: Sequence[Order]) -> list[Result]:
        """Returns the results of orders; says on stderr how far it is."""
        kept = [self._kept(order) for order in orders]
        wanted = [order for order, has in zip(orders, kept, strict=True) if has is None]
        progress = _Progress(len(wanted))
        measured = []
        for order, made in self._in_order(wanted):
            measured.append(self._measured(order, made))
            progress.step()
        new = iter(measured)
        return [next(new) if has is None else has for has in kept]

    def _in_order(self, orders: Sequence[Order]) -> Iterator[tuple[Order, Made]]:
        """Makes a few orders at once, and yields each with what was made, in their order."""
        left = iter(orders)
        making: deque[tuple[Order, Future[Made]]] = deque()
        pool = ThreadPoolExecutor(self._together)
        try:
            while True:
                while len(making) < self._together and (order := next(left, None)) is not None:
                    making.append((order, pool.submit(self._made, order)))
                if not making:
                    return
                order, made = making.popleft()
                yield order, made.result()
        finally:
            pool.shutdown(cancel_futures=True)

    def picture(self, order: Order) -> Picture:
        """Returns the kept picture of one of the first orders of a variant."""
        return read_png(self._file(order, "picture").read_bytes())

    def references(self, order: Order) -> Picture:
        """Returns the references of one of the first orders of a variant, side by side."""
        return read_png(self._file(order, "references").read_bytes())

    def _kept(self, order: Order) -> Result | None:
        if order.case.seed < SHOWN and not self._file(order, "picture").is_file():
            return None
        return self._results.get(order.key(self._marks))

    def _measured(self, order: Order, made: Made) -> Result:
        seen = self._examiner.examine(order.case, made.picture)
        # The pictures come first: a result promises them.
        if order.case.seed < SHOWN:
            if made.references:
                file = self._file(order, "references")
                file.write_bytes(write_png(beside(made.references)))
            self._file(order, "picture").write_bytes(write_png(made.picture))
        result = Result(
            key=order.key(self._marks),
            people=order.case.people,
            variant=order.variant,
            index=order.case.seed,
            scale=order.request.reference_scale,
            seen=seen,
        )
        self._results.add(result)
        return result

    def _made(self, order: Order) -> Made:
        if order.variant is Variant.DRAWN:
            return Made(self._illustrator.draw(order.case.scene).image, ())
        shown = [self._reference(source) for source in order.sources]
        placed = tuple(
            PlacedReference(asyncio.run(self._model.encode(png)).data, left, right)
            for png, (left, right) in zip(shown, order.columns, strict=False)
        )
        made = self._model.render(replace(order.request, references=placed))
        return Made(read_png(made.png), tuple(read_png(png) for png in shown))

    def _reference(self, source: Source) -> bytes:
        if isinstance(source, Scene):
            return write_png(self._illustrator.draw(source).image)
        return self._model.render(source).png

    def _file(self, order: Order, what: str) -> Path:
        name = f"{order.variant}-{order.case.people}-{order.case.seed:02}"
        return self._folder / f"{name}-{order.key(self._marks)[:8]}-{what}.png"


class _Progress:
    """A line on stderr that says how many pictures are left, and for how long."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._began = time.monotonic()

    def step(self) -> None:
        self._done += 1
        left = self._total - self._done
        alone = sys.stderr.isatty()
        if not alone and self._done % 20 and left:
            return
        minutes = (time.monotonic() - self._began) / self._done * left / 60
        line = f"likeness: {self._done} of {self._total} pictures, {minutes:.0f} minutes left"
        print(line, end="\r" if alone and left else "\n", file=sys.stderr, flush=True)
