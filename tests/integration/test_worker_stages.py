"""The stages of a job and their reports, with a scripted renderer."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from PIL import Image

from actors.engine.profiles import profile, render_request
from actors.engine.render import PictureBroken, Renderer, RenderEvent, RenderRequest, StepEvent
from actors.extractors.plain import PlainExtractor
from actors.finishing.upscaling import Enlarged, Tiles, Upscaler
from actors.prompts.dialect import CompiledPrompt
from actors.providers.base import Provider
from actors.providers.local import LocalProvider
from actors.testing.models import every_model
from actors.testing.scripted import ScriptedRenderer
from actors.worker.reporting import Reporter, Stop
from actors.worker.stages import Stages
from server.domain.characters import Description, FrozenCharacter, Gender
from server.domain.finishing import FinishingStep
from server.domain.jobs import Claim, Outcome, Sampling
from server.domain.models import Size
from server.domain.states import AssetKind, ImageType, Lane, Stage
from server.domain.timings import TimedStep
from server.domain.upscales import Upscaling
from server.errors import Unavailable
from server.storage import StorageUnavailable
from server.storage.folder import FolderStorage
from server.storage.urls import UrlSigner
from server.store import Store, open_store
from server.store.signals import CHANGED, Listener, Signals
from tests.builders import new_job, new_user, render_spec
from tests.integration.cuttable_postgres import cuttable_postgres
from tests.integration.job_queue import until
from tests.integration.reddened import reddened

LEASE = timedelta(seconds=60)
NO_UPSCALERS: Mapping[str, Upscaler] = {}


class UnavailableAtFirst(FolderStorage):
    """A storage that is unavailable for the first puts."""

    def __init__(self, folder: Path, puts: int) -> None:
        super().__init__(folder, UrlSigner("s" * 32, "http://pictures.test"))
        self._left = puts

    async def put(self, key: str, data: bytes, content_type: str) -> None:
        if self._left:
            self._left -= 1
            raise StorageUnavailable("store it", "is away")
        await super().put(key, data, content_type)


NOTE_REPORTS = """
CREATE TABLE reports (
  id bigint GENERATED ALWAYS AS IDENTITY,
  stage text NOT NULL, step integer NOT NULL, steps integer NOT NULL
);
CREATE FUNCTION note_report() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO reports (stage, step, steps) VALUES (new.stage, new.step, new.steps);
  RETURN new;
END $$;
CREATE TRIGGER note_report AFTER INSERT OR UPDATE ON job_progress
FOR EACH ROW EXECUTE FUNCTION note_report();
"""


class ClaimedJob:
    """A claimed job with its own worker stages; `stopped` holds the reasons of its stops."""

    def __init__(self, store: Store, signals: Signals, claim: Claim, folder: Path) -> None:
        self.store = store
        self.signals = signals
        self.claim = claim
        self.folder = folder
        self.stopped: list[Stop] = []

    async def draw(
        self,
        renderer: Renderer | None = None,
        away: int = 0,
        upscalers: Mapping[str, Upscaler] = NO_UPSCALERS,
        prints_by_model: bool = False,
        providers: Mapping[str, Provider] | None = None,
    ) -> Outcome:
        """Draws the claimed job."""
        reporter = self.reporter()
        async with UnavailableAtFirst(self.folder, away) as storage, reporter.running():
            stages = Stages(
                providers or every_model(renderer or ScriptedRenderer()),
                PlainExtractor(),
                storage,
                upscalers=upscalers,
                prints_by_model=prints_by_model,
                store_pauses_s=[0.0],
            )
            return await stages.draw(self.claim, reporter)

    def reporter(self) -> Reporter:
        """Returns a reporter of the attempt."""
        return Reporter(self.store, self.signals, self.claim, self.stopped.append)

    async def reported(self) -> list[tuple[str, int, int]]:
        """Returns the written reports in order: stage, step and steps."""
        rows = await self.store.database.fetch("SELECT stage, step, steps FROM reports ORDER BY id")
        return [tuple(row) for row in rows]


@pytest.fixture
async def job(store: Store, tmp_path: Path) -> ClaimedJob:
    """Returns a claimed job that draws the portrait of `tests.builders.render_spec`."""
    await store.database.execute(NOTE_REPORTS)
    user = await new_user(store)
    await store.submits.submit(new_job(user))
    [claim] = await store.leases.claim("w", Lane.LOCAL, 1, LEASE)
    claim = replace(claim, spec=render_spec(), price_micros=5)
    return ClaimedJob(store, Signals(store.database), claim, tmp_path)


async def test_a_job_ends_with_all_its_assets_and_timings(job: ClaimedJob) -> None:
    outcome = await job.draw()
    assert [asset.kind for asset in outcome.assets] == list(AssetKind)
    assert outcome.stage_ms.keys() == set(Stage)
    assert [one.step for one in outcome.post_processing] == [
        *(FinishingStep.SIGNATURE_REMOVAL, FinishingStep.COLOUR_CORRECTION),
        FinishingStep.SHARPENING,
    ]
    assert [one.step for one in outcome.step_times] == [
        *(TimedStep.DECODING, TimedStep.SIGNATURE_REMOVAL, TimedStep.COLOUR_CORRECTION),
        *(TimedStep.SHARPENING, TimedStep.RESIZING, TimedStep.ENCODING),
        *(TimedStep.SIGNING, TimedStep.UPLOADING),
    ]
    assert outcome.cost_micros == 0
    assert outcome.prompt
    request = render_request(job.claim.spec, CompiledPrompt("", ""))
    assert outcome.sampling == Sampling(request.steps, request.guidance_scale, "Script")
    stored = [path for path in job.folder.rglob("*") if path.is_file()]
    assert len(stored) >= len({asset.storage_key for asset in outcome.assets})


class Repainter:
    """An upscaler that paints a little red into a picture, and records its inputs."""

    def __init__(self) -> None:
        self.given: list[bytes] = []
        self.to: list[Size | None] = []

    async def stream(self, png: bytes, to: Size | None = None) -> AsyncGenerator[Tiles | Enlarged]:
        self.given.append(png)
        self.to.append(to)
        yield Tiles(1, 1)
        yield Enlarged(self._painted(png), 256, (512,))

    def _painted(self, png: bytes) -> bytes:
        return reddened(png, Size(1024, 1024))


class Blackening(Repainter):
    """An upscaler whose weights are damaged: all that it gives is black."""

    def _painted(self, png: bytes) -> bytes:
        buffer = BytesIO()
        Image.new("RGB", (1024, 1024)).save(buffer, "PNG")
        return buffer.getvalue()


async def test_what_a_damaged_upscaler_gives_is_no_picture(job: ClaimedJob) -> None:
    with pytest.raises(PictureBroken, match="the upscaler's picture is off by"):
        await job.draw(upscalers={"storybook": Blackening()})
    assert not [one for one in job.folder.rglob("*") if one.is_file()]


async def test_the_display_form_is_made_from_the_upscaled_picture(job: ClaimedJob) -> None:
    upscaler = Repainter()
    outcome = await job.draw(upscalers={"storybook": upscaler})
    stored = {asset.kind: (job.folder / asset.storage_key).read_bytes() for asset in outcome.assets}
    assert upscaler.given == [stored[AssetKind.ORIGINAL]]
    assert outcome.upscaling == Upscaling(256, (512,))
    assert outcome.step_times[0].step is TimedStep.UPSCALING
    shown = Image.open(BytesIO(stored[AssetKind.DISPLAY])).getpixel((512, 512))
    assert isinstance(shown, tuple)
    # A JPEG rounds colours.
    assert all(abs(a - b) <= 2 for a, b in zip(shown, (255, 0, 0), strict=True))


async def test_a_picture_that_is_large_enough_is_not_upscaled(job: ClaimedJob) -> None:
    upscaler = Repainter()
    job.claim = replace(job.claim, spec=render_spec(model="sdxl"))
    await job.draw(upscalers={"sdxl": upscaler})
    assert upscaler.given == []


async def test_prints_by_model_are_enlarged_as_far_as_the_print_asset(job: ClaimedJob) -> None:
    upscaler = Repainter()
    outcome = await job.draw(upscalers={"sdxl": upscaler}, prints_by_model=True)
    assert upscaler.to == [Size(2048, 2048)]
    stored = {asset.kind: (job.folder / asset.storage_key).read_bytes() for asset in outcome.assets}
    for kind in (AssetKind.DISPLAY, AssetKind.PRINT):
        with Image.open(BytesIO(stored[kind])) as picture:
            red, green, blue = np.asarray(picture.convert("RGB"))[9, 9]
        assert red > 250
        assert max(green, blue) < 5
    assert (Stage.FINISHING, 1, 1) in await job.reported()


async def test_another_models_upscaler_is_not_asked(job: ClaimedJob) -> None:
    upscaler = Repainter()
    await job.draw(upscalers={"sdxl": upscaler})
    assert upscaler.given == []


async def test_the_first_report_is_written_before_the_work_begins(job: ClaimedJob) -> None:
    await job.draw()
    assert (await job.reported())[0] == (Stage.RESOLVING, 0, 0)


async def test_each_report_is_signalled(job: ClaimedJob, database: str) -> None:
    received: asyncio.Queue[str] = asyncio.Queue()
    listener = Listener(database)
    listener.subscribe(CHANGED, received.put_nowait, lambda: None)
    async with listener.running(), job.signals.running(), asyncio.timeout(30):
        await job.reporter().enter(Stage.RESOLVING)
        assert await received.get() == str(job.claim.job_id)


async def test_a_job_of_a_model_that_the_worker_does_not_draw_fails(job: ClaimedJob) -> None:
    job.claim = replace(job.claim, spec=render_spec(model="sdxl"))
    renderer = ScriptedRenderer()
    storybook = LocalProvider(renderer, profile("storybook"))
    with pytest.raises(Unavailable, match='this worker draws storybook, not "sdxl"'):
        await job.draw(providers={"storybook": storybook})
    assert renderer.renders == []


async def test_a_scene_is_extracted_from_its_page(job: ClaimedJob) -> None:
    spec = render_spec(
        image_type=ImageType.SCENE, characters=(), page_text="A red fox slept in the snow."
    )
    job.claim = replace(job.claim, spec=spec)
    outcome = await job.draw()
    assert "snow" in outcome.prompt


async def test_the_scene_places_the_characters_before_the_page(job: ClaimedJob) -> None:
    mia = Description(name="Mia", age=7, gender=Gender.FEMALE)
    tom = Description(name="Tom", age=8, gender=Gender.MALE)
    spec = render_spec(
        image_type=ImageType.SCENE,
        characters=tuple(FrozenCharacter(uuid4(), 1, each) for each in (mia, tom)),
        scene="Tom on the left, Mia on the right",
        page_text="Tom jumped to the right of Mia and laughed.",
    )
    job.claim = replace(job.claim, spec=spec)
    prompt = (await job.draw()).prompt
    assert prompt.index("young boy") < prompt.index("young girl")


async def test_what_the_model_cannot_draw_is_reported(job: ClaimedJob) -> None:
    job.claim = replace(job.claim, spec=render_spec(scene="A sword lies in the snow"))
    outcome = await job.draw()
    lost = [one.phrase for one in outcome.not_drawn]
    assert "sword" in lost
    assert "snow" not in lost


async def test_bytes_are_stored_again_when_the_storage_was_away(job: ClaimedJob) -> None:
    outcome = await job.draw(away=1)
    assert len(outcome.assets) == len(AssetKind)


async def test_a_picture_waits_for_as_long_as_the_storage_stays_away(job: ClaimedJob) -> None:
    renderer = ScriptedRenderer()
    outcome = await job.draw(renderer, away=1_000)
    assert len(outcome.assets) == len(AssetKind)
    assert len(renderer.renders) == 1


class Empty:
    """A renderer that ends without a picture."""

    async def stream(self, request: RenderRequest) -> AsyncGenerator[RenderEvent]:
        """Yields one step and no result."""
        yield StepEvent(1, request.steps)

    async def show_previews(self, render: str) -> None:
        """Does nothing."""


async def test_a_renderer_without_a_picture_fails_the_attempt(job: ClaimedJob) -> None:
    with pytest.raises(RuntimeError, match="without a picture"):
        await job.draw(Empty())


async def test_an_attempt_with_a_lost_lease_is_stopped(job: ClaimedJob) -> None:
    await job.store.leases.release([job.claim])
    await job.draw()
    assert Stop.LOST in job.stopped
    assert await job.reported() == []


async def test_an_attempt_with_a_requested_cancel_is_stopped(job: ClaimedJob) -> None:
    assert await job.store.jobs.cancel(job.claim.user_id, job.claim.job_id)
    await job.draw()
    assert Stop.CANCELLED in job.stopped


async def test_a_report_goes_unwritten_while_the_database_is_away(
    job: ClaimedJob, database: str
) -> None:
    async with cuttable_postgres(database) as (proxy, url), open_store(url) as store:
        away = ClaimedJob(store, job.signals, job.claim, job.folder)
        proxy.cut()
        assert (await away.draw()).assets
    assert away.stopped == []
    assert await job.reported() == []


async def test_previews_are_written_only_while_somebody_watches(job: ClaimedJob) -> None:
    async def written(count: int) -> bool:
        return len(await job.reported()) == count

    reporter = job.reporter()
    async with reporter.running():
        reporter.say(Stage.RENDERING, 1, 20, b"unwatched")
        await until(lambda: written(1))
        assert await job.store.database.fetch("SELECT FROM job_previews") == []
        await job.store.watches.renew([job.claim.job_id], LEASE)
        reporter.say(Stage.RENDERING, 2, 20)
        async with asyncio.timeout(30):
            await reporter.seen.wait()
        assert await job.store.database.fetch("SELECT FROM job_previews") == []
        # The preview of a superseded report is written with the newest one.
        reporter.say(Stage.RENDERING, 3, 20, b"watched")
        reporter.say(Stage.RENDERING, 4, 20)
        await until(lambda: written(3))
    assert (await job.reported())[-1] == (Stage.RENDERING, 4, 20)
    previews = await job.store.watches.previews({job.claim.job_id: (0, 0)})
    assert [preview for _, _, preview, _ in previews.values()] == [b"watched"]
