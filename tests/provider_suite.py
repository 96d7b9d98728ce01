"""What every provider does: one suite, which a test module runs on each of them."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from io import BytesIO
from uuid import UUID

import numpy as np
import pytest
from PIL import Image, ImageChops

from actors.engine.render import Renderer, RenderEvent, RenderRequest
from actors.finishing.gate import check_picture
from actors.providers.base import (
    NO_RECORDS,
    CharacterReference,
    Content,
    Provider,
    ProviderFailed,
    RenderedPicture,
    RenderProgress,
)
from server.domain.characters import FrozenCharacter
from server.domain.ids import CharacterId
from server.domain.models import Format, Model
from server.domain.scenes import Scene
from server.domain.states import ImageType
from server.routing.failover import FailureKind
from server.routing.formats import RATIOS, scene_format
from tests.builders import description, render_spec

CAST = (
    FrozenCharacter(UUID(int=1), 1, description(name="Mia", hair="red hair")),
    FrozenCharacter(UUID(int=2), 1, description(name="Leo", hair="black hair")),
)
PLACES = ("forest", "meadow", "snow", "castle", "bedroom")


@dataclass(frozen=True)
class Bench:
    """A provider, and what the suite has to know of it.

    `arrived` is how many references the model, or the service, got with the newest call, and
    `running` how many calls have not ended. `reference` is the data of one that it reads. `hook`
    is a step in mid-render, which is reported before the picture is done.
    """

    provider: Provider
    row: Model
    arrived: Callable[[], int]
    running: Callable[[], int]
    reference: bytes
    free: bool = False
    takes_seed: bool = True
    says_names: bool = True
    turns_previews_on: bool = True
    hook: int = 1
    failing: Mapping[FailureKind, Provider] = field(default_factory=dict)
    down: Provider | None = None
    deadline_s: float = 120

    @property
    def formats(self) -> Sequence[tuple[ImageType, Format]]:
        """All that the model draws."""
        portraits = [(ImageType.PORTRAIT, format_) for format_ in self.row.portraits.values()]
        scenes = [(ImageType.SCENE, scene_format(self.row, size)) for size in RATIOS.values()]
        return [*portraits, *scenes]

    async def draw(
        self,
        content: Content | None = None,
        progress: RenderProgress | None = None,
        references: tuple[CharacterReference, ...] = (),
        format: Format | None = None,
    ) -> RenderedPicture:
        """Draws a square scene, unless told otherwise."""
        content = content or self.content()
        square = scene_format(self.row, RATIOS["1:1"])
        async with asyncio.timeout(self.deadline_s):
            return await self.provider.render(
                content, format or square, references, progress or Recorder()
            )

    def content(self, place: str = PLACES[0], seed: int = 7) -> Content:
        """Returns a scene of two characters."""
        scene = f"Mia and Leo are in the {place}"
        spec = render_spec(
            image_type=ImageType.SCENE,
            model=self.row.name,
            characters=CAST,
            scene=scene,
            seed=seed,
        )
        return Content(spec, Scene(place=place, told=scene), CAST)


class Recorder:
    """Progress as it was reported; `hook` is called once, as the step `at` is reported."""

    def __init__(self, at: int = 0) -> None:
        self.hook: Callable[[], object] | None = None
        self.watched = asyncio.Event()
        self.records = NO_RECORDS
        self.reports: list[tuple[int, int]] = []
        self.previews: list[tuple[int, bytes]] = []
        self._at = at

    def step(self, step: int, steps: int, preview: bytes | None = None) -> None:
        """Notes a report."""
        self.reports.append((step, steps))
        if preview is not None:
            self.previews.append((step, preview))
        if self.hook is not None and step >= self._at:
            hook, self.hook = self.hook, None
            hook()


class CountedRenderer:
    """A renderer whose requests are kept, and whose open streams are counted."""

    def __init__(self, renderer: Renderer) -> None:
        self.requests: list[RenderRequest] = []
        self.running = 0
        self._renderer = renderer

    async def stream(self, request: RenderRequest) -> AsyncGenerator[RenderEvent]:
        """Streams a render."""
        self.requests.append(request)
        self.running += 1
        try:
            async with aclosing(self._renderer.stream(request)) as events:
                async for event in events:
                    yield event
        finally:
            self.running -= 1

    async def show_previews(self, render: str) -> None:
        """Turns on the previews of a render."""
        await self._renderer.show_previews(render)


class ProviderSuite:
    """The tests of a provider; a subclass has a fixture `bench`."""

    async def test_what_its_model_is_told_is_known_before(self, bench: Bench) -> None:
        told = bench.provider.told(bench.content())
        picture = await bench.draw()
        assert told.prompt == picture.prompt.prompt
        assert told.not_drawn == picture.prompt.not_drawn

    async def test_it_is_the_catalogues(self, bench: Bench) -> None:
        assert (bench.provider.name, bench.provider.model) == (bench.row.provider, bench.row.name)

    async def test_every_format_is_drawn_in_its_native_size(self, bench: Bench) -> None:
        for image_type, format_ in bench.formats:
            content = _of_format(bench.content(), image_type, format_)
            drawn = await bench.draw(content, format=format_)
            with Image.open(BytesIO(drawn.png)) as picture:
                picture.load()
                assert picture.format == "PNG"
                native = (format_.native.width, format_.native.height)
                assert picture.size == (drawn.width, drawn.height) == native
            check_picture(drawn.png)

    async def test_it_says_who_drew_and_at_what_cost(self, bench: Bench) -> None:
        drawn = await bench.draw()
        assert (drawn.provider, drawn.model) == (bench.row.provider, bench.row.name)
        assert drawn.cost_micros >= 0
        assert (drawn.cost_micros == 0) is bench.free
        assert not drawn.cost_estimated
        assert bool(drawn.request_id) is not bench.free
        assert drawn.seed == (7 if bench.takes_seed else None)
        assert bench.running() == 0

    async def test_the_same_content_and_seed_give_the_same_picture(self, bench: Bench) -> None:
        if not bench.takes_seed:
            return
        first, again = await bench.draw(), await bench.draw()
        other = await bench.draw(bench.content(seed=8))
        assert first.png == again.png
        assert first.png != other.png

    async def test_the_prompt_has_every_character_and_the_scene(self, bench: Bench) -> None:
        said = (await bench.draw()).prompt.prompt
        names = ("Mia", "Leo") if bench.says_names else ()
        for word in ("red hair", "black hair", PLACES[0], *names):
            assert word in said
        assert said.index("red hair") < said.index("black hair")

    async def test_characters_are_told_as_they_stand(self, bench: Bench) -> None:
        content = replace(bench.content(), cast=CAST[::-1])
        said = (await bench.draw(content)).prompt.prompt
        assert said.index("black hair") < said.index("red hair")

    async def test_progress_never_goes_back_and_ends_at_its_last_step(self, bench: Bench) -> None:
        progress = Recorder()
        await bench.draw(progress=progress)
        steps = progress.reports[-1][1]
        assert steps > 0
        assert progress.reports[-1] == (steps, steps)
        assert progress.reports == sorted(progress.reports)
        assert {of for _, of in progress.reports} == {steps}

    async def test_unwatched_it_shows_no_previews(self, bench: Bench) -> None:
        progress = Recorder()
        await bench.draw(progress=progress)
        assert progress.previews == []

    async def test_watched_it_shows_previews(self, bench: Bench) -> None:
        progress = Recorder()
        progress.watched.set()
        await bench.draw(progress=progress)
        assert progress.previews
        for _, preview in progress.previews:
            with Image.open(BytesIO(preview)) as picture:
                picture.load()
                assert picture.format == "JPEG"

    async def test_previews_are_turned_on_in_mid_render(self, bench: Bench) -> None:
        if not bench.turns_previews_on:
            return
        progress = Recorder(bench.hook)
        progress.hook = progress.watched.set
        await bench.draw(progress=progress)
        assert progress.previews
        assert min(step for step, _ in progress.previews) > bench.hook

    async def test_a_cancel_ends_it_and_leaves_nothing(self, bench: Bench) -> None:
        before = asyncio.all_tasks()
        progress = Recorder(bench.hook)
        task = asyncio.create_task(bench.draw(progress=progress))
        progress.hook = task.cancel
        with pytest.raises(asyncio.CancelledError):
            await task
        last, steps = progress.reports[-1]
        assert last <= bench.hook + 1
        assert last < steps
        assert bench.running() == 0
        assert asyncio.all_tasks() == before
        assert (await bench.draw()).png

    async def test_it_reads_references_up_to_its_most(self, bench: Bench) -> None:
        most = bench.provider.references.most
        for many in (0, most, most + 1):
            references = tuple(
                CharacterReference(CharacterId(UUID(int=which)), bench.reference)
                for which in range(many)
            )
            await bench.draw(references=references)
            assert bench.arrived() == min(many, most)

    async def test_five_at_once_are_not_mixed_up(self, bench: Bench) -> None:
        contents = [bench.content(place, seed) for seed, place in enumerate(PLACES)]
        drawn = await asyncio.gather(*map(bench.draw, contents))
        for place, content, picture in zip(PLACES, contents, drawn, strict=True):
            assert [each in picture.prompt.prompt for each in PLACES] == [
                each == place for each in PLACES
            ]
            if bench.takes_seed:
                # Pictures that share a model's steps may differ by rounding.
                assert _largest_difference(picture.png, (await bench.draw(content)).png) <= 2
        if not bench.free:
            assert len({picture.request_id for picture in drawn}) == len(drawn)
        assert bench.running() == 0

    async def test_a_failure_has_its_kind(self, bench: Bench) -> None:
        for kind, provider in bench.failing.items():
            with pytest.raises(ProviderFailed) as caught:
                await replace(bench, provider=provider).draw()
            assert caught.value.kind is kind
            assert caught.value.message
            assert "Mia" not in caught.value.message

    async def test_a_probe_tells_whether_it_would_draw(self, bench: Bench) -> None:
        await bench.provider.probe()
        if bench.down is not None:
            with pytest.raises(ProviderFailed):
                await bench.down.probe()


def _largest_difference(one: bytes, other: bytes) -> int:
    """Returns by how much a channel of a pixel differs at most, of 255."""
    pictures = [Image.open(BytesIO(png)).convert("RGB") for png in (one, other)]
    return int(np.asarray(ImageChops.difference(*pictures)).max())


def _of_format(content: Content, image_type: ImageType, format: Format) -> Content:
    """Returns the content in a format; a portrait shows the first character alone."""
    cast = content.cast[:1] if image_type is ImageType.PORTRAIT else content.cast
    width, height = format.display.width, format.display.height
    spec = replace(content.spec, image_type=image_type, characters=cast, width=width, height=height)
    return replace(content, spec=spec, cast=cast)
