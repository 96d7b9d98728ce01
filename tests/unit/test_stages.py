"""The stages of a job, with a scripted renderer and a database that answers to a script."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from uuid import uuid4

import pytest
from PIL import Image

from actors.engine.profiles import render_request
from actors.engine.render import Renderer, RenderEvent, RenderRequest, StepEvent
from actors.extractors.plain import PlainExtractor
from actors.finishing.upscaling import Upscaler
from actors.prompts.dialect import CompiledPrompt
from actors.testing.scripted import ScriptedRenderer
from actors.worker.loop import explain
from actors.worker.reporting import Reporter, Stop
from actors.worker.stages import Stages
from imggen.v1.errors_pb2 import ErrorReason
from server.domain.ids import ImageId, JobId, UserId
from server.domain.jobs import Claim, Outcome, Sampling
from server.domain.states import AssetKind, ImageType, Stage
from server.errors import FailedPrecondition, Unavailable
from server.storage import StorageUnavailable
from server.storage.folder import FolderStorage
from server.storage.urls import UrlSigner
from server.store.signals import CHANGED, Signals
from tests.builders import render_spec
from tests.unit.scripted import scripted_store

ALL_IS_WELL = {"cancel_requested": False, "watched": False}


class AwayFor(FolderStorage):
    """Is a storage that is away for the first puts."""

    def __init__(self, folder: Path, puts: int) -> None:
        super().__init__(folder, UrlSigner("s" * 32, "http://pictures.test"))
        self._left = puts

    async def put(self, key: str, data: bytes, content_type: str) -> None:
        if self._left:
            self._left -= 1
            raise StorageUnavailable("store it", "is away")
        await super().put(key, data, content_type)


class Bench:
    """Is what a job is drawn with; `stopped` are the reasons it was told to stop for."""

    def __init__(self, folder: Path) -> None:
        self.store, self.database = scripted_store()
        self.signals = Signals(self.database)
        self.folder = folder
        self.stopped: list[Stop] = []
        self.claim = Claim(
            job_id=JobId(uuid4()),
            user_id=UserId(uuid4()),
            image_id=ImageId(uuid4()),
            attempt=1,
            spec=render_spec(),
            provider="local",
            price_micros=5,
        )
        self.database.answer("job_progress", ALL_IS_WELL)

    async def draw(
        self,
        renderer: Renderer | None = None,
        away: int = 0,
        upscaler: Upscaler | None = None,
    ) -> Outcome:
        """Draws the claimed job."""
        reporter = Reporter(self.store, self.signals, self.claim, self.stopped.append)
        async with AwayFor(self.folder, away) as storage, reporter.running():
            stages = Stages(
                renderer or ScriptedRenderer(),
                PlainExtractor(),
                storage,
                upscaler=upscaler,
                store_pauses_s=[0.0],
            )
            return await stages.draw(self.claim, reporter)

    def reported(self) -> list[tuple[str, int, int]]:
        """Returns stage, step and steps of what was written, in order."""
        written = self.database.ran("job_progress")
        return [statement.args[3:6] for statement in written]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


async def test_a_job_ends_with_all_its_assets_and_what_it_took(bench: Bench) -> None:
    outcome = await bench.draw()
    assert [asset.kind for asset in outcome.assets] == list(AssetKind)
    assert outcome.stage_ms.keys() == set(Stage)
    assert outcome.cost_micros == 5
    assert outcome.prompt
    request = render_request(bench.claim.spec, CompiledPrompt("", ""))
    assert outcome.sampling == Sampling(request.steps, request.guidance_scale, "Script")
    stored = [path for path in bench.folder.rglob("*") if path.is_file()]
    assert len(stored) >= len({asset.storage_key for asset in outcome.assets})


class Repainter:
    """Is an upscaler that paints everything red, and counts what it was given."""

    def __init__(self) -> None:
        self.given: list[bytes] = []

    async def upscale(self, png: bytes) -> bytes:
        self.given.append(png)
        buffer = BytesIO()
        Image.new("RGB", (1024, 1024), "red").save(buffer, "PNG")
        return buffer.getvalue()


async def test_what_is_shown_is_made_of_the_upscaled_picture(bench: Bench) -> None:
    upscaler = Repainter()
    outcome = await bench.draw(upscaler=upscaler)
    stored = {
        asset.kind: (bench.folder / asset.storage_key).read_bytes() for asset in outcome.assets
    }
    assert upscaler.given == [stored[AssetKind.ORIGINAL]]
    shown = Image.open(BytesIO(stored[AssetKind.DISPLAY])).getpixel((512, 512))
    assert shown == (255, 0, 0)


async def test_a_picture_that_is_large_enough_is_not_upscaled(bench: Bench) -> None:
    upscaler = Repainter()
    bench.claim = replace(bench.claim, spec=render_spec(model="sdxl"))
    await bench.draw(upscaler=upscaler)
    assert upscaler.given == []


async def test_the_first_report_is_written_before_the_work_begins(bench: Bench) -> None:
    await bench.draw()
    assert bench.reported()[0] == (Stage.RESOLVING, 0, 0)
    async with bench.signals.running():
        pass
    assert bench.database.ran("pg_notify")[0].args == (CHANGED, str(bench.claim.job_id))


async def test_a_scene_is_read_out_of_its_page(bench: Bench) -> None:
    spec = render_spec(
        image_type=ImageType.SCENE, characters=(), page_text="A red fox slept in the snow."
    )
    bench.claim = Claim(
        bench.claim.job_id, bench.claim.user_id, bench.claim.image_id, 1, spec, "local", 0
    )
    outcome = await bench.draw()
    assert "snow" in outcome.prompt


async def test_words_that_the_model_cannot_draw_are_reported(bench: Bench) -> None:
    bench.claim = replace(bench.claim, spec=render_spec(scene="A sword lies in the snow"))
    outcome = await bench.draw()
    assert {"sword", "lies"} <= set(outcome.unknown_words)
    assert "snow" not in outcome.unknown_words


async def test_bytes_are_stored_again_when_the_storage_was_away(bench: Bench) -> None:
    outcome = await bench.draw(away=1)
    assert len(outcome.assets) == len(AssetKind)


async def test_a_storage_that_stays_away_fails_the_attempt(bench: Bench) -> None:
    with pytest.raises(ExceptionGroup) as caught:
        await bench.draw(away=1_000)
    failure, retryable = explain(caught.value)
    assert (failure.reason, retryable) == ("STORE_FAILED", True)


class Empty:
    """Is a renderer that ends without a picture."""

    async def stream(self, request: RenderRequest) -> AsyncGenerator[RenderEvent]:
        """Yields one step of the request's."""
        yield StepEvent(1, request.steps)

    async def show_previews(self, render: str) -> None:
        """Has none to show."""


async def test_a_renderer_without_a_picture_fails_the_attempt(bench: Bench) -> None:
    with pytest.raises(RuntimeError, match="without a picture"):
        await bench.draw(Empty())


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([], Stop.LOST),
        ([{"cancel_requested": True, "watched": False}], Stop.CANCELLED),
    ],
)
async def test_the_answer_to_a_report_may_end_the_attempt(
    bench: Bench, rows: list[dict[str, bool]], why: Stop
) -> None:
    bench.database.answer("job_progress", *rows)
    await bench.draw()
    assert why in bench.stopped


async def test_a_report_goes_unwritten_while_the_database_is_away(bench: Bench) -> None:
    away = Unavailable("away", ErrorReason.ERROR_REASON_DATABASE_UNAVAILABLE)
    bench.database.fail("job_progress", away)
    assert (await bench.draw()).assets
    assert bench.stopped == []


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0)


async def test_previews_are_written_only_while_somebody_watches(bench: Bench) -> None:
    reporter = Reporter(bench.store, bench.signals, bench.claim, bench.stopped.append)
    async with reporter.running():
        reporter.say(Stage.RENDERING, 1, 20, b"unwatched")
        await until(lambda: len(bench.reported()) == 1)
        bench.database.answer("job_progress", {"cancel_requested": False, "watched": True})
        reporter.say(Stage.RENDERING, 2, 20)
        await until(lambda: reporter.watched)
        # The preview of a report that was overtaken goes with the newest one.
        reporter.say(Stage.RENDERING, 3, 20, b"watched")
        reporter.say(Stage.RENDERING, 4, 20)
        await until(lambda: len(bench.reported()) == 3)
    previews = [statement.args[-1] for statement in bench.database.ran("job_progress")]
    assert previews == [None, None, b"watched"]
    assert bench.reported()[-1] == (Stage.RENDERING, 4, 20)


@pytest.mark.parametrize(
    ("error", "reason", "retryable"),
    [
        (ValueError("no such style"), "CONTENT_INVALID", False),
        (OSError("out of memory"), "RENDER_FAILED", True),
        (Unavailable("gone", ErrorReason.ERROR_REASON_RENDER_FAILED), "RENDER_FAILED", True),
        (
            FailedPrecondition("no", ErrorReason.ERROR_REASON_MODEL_UNKNOWN),
            "MODEL_UNKNOWN",
            False,
        ),
        (ExceptionGroup("", [StorageUnavailable("store it", "is away")]), "STORE_FAILED", True),
    ],
)
def test_a_failure_has_its_reason_and_whether_another_attempt_may_succeed(
    error: Exception, reason: str, retryable: bool
) -> None:
    failure, again = explain(error)
    assert (failure.reason, again) == (reason, retryable)
