"""Workers have pictures looked at before they are stored; without a verdict nothing is."""

import hashlib
import logging
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from actors.engine.render import RenderEvent, RenderRequest, RenderResult
from actors.providers.fake import FakeProvider
from actors.testing.classifying import KeptRefusedPictures, ScriptedPictures
from actors.testing.scripted import ScriptedRenderer
from server.domain.jobs import Job, NewJob
from server.domain.lanes import JobLane
from server.domain.limits import Limits
from server.domain.states import AssetKind, ImageStatus, JobStatus, Lane, PictureCheck
from server.routing.catalogue import KNOWN, Catalogue
from server.routing.failover import FailureKind
from tests.builders import new_job
from tests.integration.job_queue import JobQueue, until
from tests.integration.paid_jobs import calls, failing, money
from tests.integration.test_worker_broken import GOLDEN, Blackening
from tests.integration.test_worker_texts import HARMLESS, LIMIT, PRICE, ended, page

SEXUAL = ("sexual",)
ALL = {0: SEXUAL}
"""What refuses every picture."""


class Hiding(ScriptedRenderer):
    """A renderer whose pictures have two frames, and in the first one transparent pixels."""

    drawn = b""

    async def stream(self, request: RenderRequest) -> AsyncGenerator[RenderEvent]:
        async for event in super().stream(request):
            if isinstance(event, RenderResult):
                with Image.open(BytesIO(event.png)) as picture:
                    first = picture.convert("RGBA")
                first.paste("#00000000", (0, 0, first.width // 4, first.height))
                buffer = BytesIO()
                second = Image.new("RGBA", first.size, "red")
                first.save(buffer, "PNG", save_all=True, append_images=[second])
                self.drawn = buffer.getvalue()
                yield replace(event, png=self.drawn)
            else:
                yield event


async def submit(queue: JobQueue, most: int | None = None) -> NewJob:
    """Submits a page for the fake, with its price held."""
    lane = JobLane(Lane.HOSTED, ("fake",))
    new = new_job(
        queue.user,
        spec=page(HARMLESS),
        lanes=(lane,),
        limits=Limits(model="fake", max_cost_micros=most),
        price_micros=PRICE,
        provider="fake",
    )
    async with queue.store.transaction() as tx:
        await tx.submits.submit(new)
        assert await tx.money.hold([new.id], LIMIT) is None
    queue.signals.wake([Lane.HOSTED])
    return new


async def kept(queue: JobQueue, new: NewJob) -> list[tuple[Any, ...]]:
    """Returns what is kept of each attempt of a job."""
    rows = await queue.store.database.fetch(
        "SELECT outcome, error_reason, refused_for, refused_sha256 FROM attempts"
        " WHERE job_id = $1 ORDER BY attempt",
        new.id,
    )
    return [tuple(row) for row in rows]


def stored(queue: JobQueue) -> list[str]:
    """Returns the names of the files in the storage."""
    return [path.name for path in queue.folder.glob("[!.]*/**/*.*")]


def digest(picture: bytes) -> str:
    """Returns the SHA-256 of a picture."""
    return hashlib.sha256(picture).hexdigest()


def is_refused(job: Job) -> bool:
    """Returns whether a job has failed by the gate, which names its stage and the category."""
    assert job.failure is not None
    assert job.failure.reason == "CONTENT_POLICY"
    told = "checked at the picture stage, the picture was refused for sexual (scripted)"
    return job.failure.message.startswith(told)


async def test_without_a_classifier_pictures_are_not_checked(job_queue: JobQueue) -> None:
    new = await submit(job_queue)
    await ended(job_queue, new, JobStatus.COMPLETED)
    image = await job_queue.store.images.get(job_queue.user, new.image_id)
    assert image is not None
    assert (image.check, image.checked_by) == (PictureCheck.NOT_CHECKED, "")


async def test_a_picture_names_the_classifier_that_has_looked_at_it(job_queue: JobQueue) -> None:
    new, looks = await submit(job_queue), ScriptedPictures()
    await ended(job_queue, new, JobStatus.COMPLETED, pictures=looks)
    image = await job_queue.store.images.get(job_queue.user, new.image_id)
    assert image is not None
    assert (image.check, image.checked_by) == (PictureCheck.CHECKED, "scripted")
    original = await job_queue.store.images.asset(job_queue.user, image.id, AssetKind.ORIGINAL)
    display = await job_queue.store.images.asset(job_queue.user, image.id, AssetKind.DISPLAY)
    assert original is not None
    assert display is not None
    assert [digest(one) for one in looks.asked] == [original.sha256, display.sha256]


async def test_what_a_file_hides_beside_its_picture_is_not_stored(job_queue: JobQueue) -> None:
    new, renderer, looks = await job_queue.submit(), Hiding(), ScriptedPictures()
    async with job_queue.worker(renderer, pictures=looks, poll_s=0.05):
        await job_queue.becomes(new, JobStatus.COMPLETED)
    original = await job_queue.store.images.asset(job_queue.user, new.image_id, AssetKind.ORIGINAL)
    assert original is not None
    assert original.sha256 == digest(looks.asked[0])
    with Image.open(BytesIO(looks.asked[0])) as picture:
        assert (picture.mode, getattr(picture, "n_frames", 1)) == ("RGB", 1)
        assert picture.getpixel((0, 0)) == (255, 255, 255)


async def test_a_transparent_picture_is_looked_at_on_black_too(job_queue: JobQueue) -> None:
    new, looks = await job_queue.submit(), ScriptedPictures()
    async with job_queue.worker(Hiding(), pictures=looks, poll_s=0.05):
        await job_queue.becomes(new, JobStatus.COMPLETED)
    display = await job_queue.store.images.asset(job_queue.user, new.image_id, AssetKind.DISPLAY)
    assert display is not None
    assert display.content_type == "image/png"
    *_, on_black, colours = looks.asked
    for data in (on_black, colours):
        with Image.open(BytesIO(data)) as picture:
            assert (picture.mode, picture.size) == ("RGB", (display.width, display.height))
    with Image.open(BytesIO(on_black)) as picture:
        assert picture.getpixel((0, 0)) == (0, 0, 0)


async def test_the_digest_of_a_refused_picture_is_that_of_its_models(job_queue: JobQueue) -> None:
    new, renderer = await job_queue.submit(), Hiding()
    async with job_queue.worker(renderer, pictures=ScriptedPictures(ALL), poll_s=0.05):
        await job_queue.becomes(new, JobStatus.FAILED)
    assert (await kept(job_queue, new))[1][3] == digest(renderer.drawn)


async def test_a_refused_picture_is_drawn_once_more_with_another_seed(
    job_queue: JobQueue,
) -> None:
    new, fake, looks = await submit(job_queue), FakeProvider(), ScriptedPictures({1: SEXUAL})
    job = await ended(job_queue, new, JobStatus.COMPLETED, fake, pictures=looks)
    other = (new.spec.seed + GOLDEN) % 2**32
    assert [call.content.spec.seed for call in fake.calls] == [new.spec.seed, other]
    assert await kept(job_queue, new) == [
        ("failed", "CONTENT_POLICY", "sexual", digest(looks.asked[0])),
        ("completed", None, None, None),
    ]
    booked = await calls(job_queue)
    assert [call[2] for call in booked] == ["settled", "settled"]
    assert await money(job_queue) == (0, job.actual_micros)
    assert job.actual_micros == sum(int(str(call[3])) for call in booked)


async def test_the_second_refused_picture_fails_the_job_and_nothing_of_it_is_kept(
    job_queue: JobQueue, caplog: pytest.LogCaptureFixture
) -> None:
    new, fake, looks = await submit(job_queue), FakeProvider(), ScriptedPictures(ALL)
    counted = KeptRefusedPictures()
    with caplog.at_level(logging.INFO):
        job = await ended(
            job_queue,
            new,
            JobStatus.FAILED,
            fake,
            pictures=looks,
            refused_pictures=counted,
        )
    assert counted.counts == {("scripted", "sexual"): 2}
    assert is_refused(job)
    assert (len(fake.calls), len(looks.asked), stored(job_queue)) == (2, 2, [])
    assert await kept(job_queue, new) == [
        ("failed", "CONTENT_POLICY", "sexual", digest(picture)) for picture in looks.asked
    ]
    image = await job_queue.store.images.get(job_queue.user, new.image_id)
    assert image is not None
    assert (image.status, image.check) == (ImageStatus.FAILED, None)
    assert await money(job_queue) == (0, job.actual_micros)
    told = [one for one in caplog.records if one.message == "picture refused"]
    about = ("stage", "category", "classifier", "digest", "job_id", "attempt")
    assert [[getattr(one, name) for name in about] for one in told] == [
        ["picture", "sexual", "scripted", digest(picture), str(new.id), number]
        for number, picture in enumerate(looks.asked, 1)
    ]


async def test_a_second_picture_that_the_caller_does_not_pay_is_not_drawn(
    job_queue: JobQueue,
) -> None:
    new, fake = await submit(job_queue, most=PRICE), FakeProvider()
    job = await ended(job_queue, new, JobStatus.FAILED, fake, pictures=ScriptedPictures(ALL))
    assert is_refused(job)
    assert len(fake.calls) == len(await calls(job_queue)) == 1
    assert await money(job_queue) == (0, PRICE)


async def test_what_a_cluster_draws_itself_is_looked_at_in_the_same_way(
    job_queue: JobQueue,
) -> None:
    new, renderer = await job_queue.submit(), ScriptedRenderer()
    async with job_queue.worker(renderer, pictures=ScriptedPictures(ALL), poll_s=0.05):
        assert is_refused(await job_queue.becomes(new, JobStatus.FAILED))
    assert (len(renderer.renders), stored(job_queue)) == (2, [])
    assert not await job_queue.store.database.fetch("SELECT FROM character_references")


async def test_a_broken_picture_and_a_refused_one_are_two(job_queue: JobQueue) -> None:
    new, renderer = await job_queue.submit(), Blackening(1)
    async with job_queue.worker(renderer, pictures=ScriptedPictures(ALL), poll_s=0.05):
        assert is_refused(await job_queue.becomes(new, JobStatus.FAILED))
    assert len(renderer.renders) == 2


async def test_a_model_whose_picture_was_refused_may_draw_again(job_queue: JobQueue) -> None:
    renders = iter(range(1_000))

    async def second_fails(_request: RenderRequest, step: int) -> None:
        if step == 1 and next(renders) == 1:
            raise RuntimeError("out of memory")

    new, renderer = await job_queue.submit(), ScriptedRenderer(script=second_fails)
    async with job_queue.worker(renderer, pictures=ScriptedPictures({1: SEXUAL}), poll_s=0.05):
        job = await job_queue.becomes(new, JobStatus.COMPLETED)
    assert (job.retry_count, len(renderer.renders)) == (2, 3)
    row = await job_queue.store.database.fetchrow(
        "SELECT passed_over FROM image_generation_jobs WHERE id = $1", new.id
    )
    assert row is not None
    assert row["passed_over"] == []


async def test_nothing_is_paid_while_the_classifier_is_away(job_queue: JobQueue) -> None:
    new, fake, looks = await submit(job_queue), FakeProvider(), ScriptedPictures()
    looks.closed = True
    async with worker(job_queue, fake, looks):
        job = await waits(job_queue, new)
        assert (job.status, job.retry_count) == (JobStatus.QUEUED, 0)
        assert job.failure.message == "no picture can be checked: the script is closed"
        assert (list(fake.calls), await money(job_queue)) == ([], (PRICE, 0))
        looks.closed = False
        await at_once(job_queue, new)
        job = await job_queue.becomes(new, JobStatus.COMPLETED)
    assert (job.retry_count, len(fake.calls)) == (0, 1)


async def test_a_paid_picture_waits_for_the_classifier_and_is_not_paid_again(
    job_queue: JobQueue,
) -> None:
    new, fake, looks = await submit(job_queue), FakeProvider(), ScriptedPictures(away=3)
    job = await ended(job_queue, new, JobStatus.COMPLETED, fake, pictures=looks)
    assert (job.attempt, len(fake.calls), looks.away) == (1, 1, 0)


async def test_a_classifier_that_stays_away_is_no_pass(job_queue: JobQueue) -> None:
    new, fake, looks = await submit(job_queue), FakeProvider(), ScriptedPictures(away=4)
    async with worker(job_queue, fake, looks):
        job = await waits(job_queue, new)
        assert (job.status, job.retry_count, stored(job_queue)) == (JobStatus.QUEUED, 0, [])
        told = "the picture is not checked, and was not kept: the script is away"
        assert job.failure.message == told
        assert [call[2] for call in await calls(job_queue)] == ["settled"]
        await at_once(job_queue, new)
        job = await job_queue.becomes(new, JobStatus.COMPLETED)
    assert (job.retry_count, len(fake.calls)) == (0, 2)
    assert await money(job_queue) == (0, job.actual_micros)


async def test_a_picture_is_never_paid_a_third_time(job_queue: JobQueue) -> None:
    new, fake, looks = await submit(job_queue), FakeProvider(), ScriptedPictures(away=1_000)
    async with worker(job_queue, fake, looks):
        for paid in (1, 2):
            await waits(job_queue, new)
            assert len(fake.calls) == paid
            await job_queue.store.database.execute(
                "UPDATE image_generation_jobs SET error_reason = NULL, error_message = NULL"
                " WHERE id = $1",
                new.id,
            )
            await at_once(job_queue, new)
        job = await job_queue.becomes(new, JobStatus.FAILED)
    assert (len(fake.calls), stored(job_queue)) == (2, [])
    assert job.failure is not None
    assert "paid for twice" in job.failure.message


@pytest.mark.parametrize("script", ["provider", "nothing"])
async def test_time_without_a_check_is_no_time_without_an_offer(
    job_queue: JobQueue, script: str
) -> None:
    new, looks = await submit(job_queue), ScriptedPictures()
    looks.closed = True
    limited = [failing(FailureKind.RATE_LIMITED, delay=timedelta(seconds=1))]
    async with worker(job_queue, FakeProvider(limited), looks):
        await waits(job_queue, new)
        # An outage that is longer than a job may wait for an offer.
        await job_queue.store.database.execute(
            "UPDATE image_generation_jobs SET no_offer_since = now() - interval '30 minutes'"
        )
        looks.closed = False
        if script == "nothing":
            await job_queue.store.health.waits(
                "fake", timedelta(seconds=1), FailureKind.RATE_LIMITED
            )
        await at_once(job_queue, new)
        job = await job_queue.becomes(new, JobStatus.COMPLETED)
    assert (job.retry_count, looks.checks > 1) == (0, True)


async def test_a_job_whose_classifier_stays_away_fails_as_its_operator_says(
    job_queue: JobQueue,
) -> None:
    new, looks = await submit(job_queue), ScriptedPictures()
    looks.closed = True
    job = await ended(job_queue, new, JobStatus.FAILED, pictures=looks, unchecked_s=0)
    assert job.failure is not None
    assert job.failure.reason == "CHECK_UNAVAILABLE"
    assert await money(job_queue) == (0, 0)


def worker(queue: JobQueue, fake: FakeProvider, looks: ScriptedPictures) -> Any:
    """Returns a worker that draws with the fake."""
    return queue.worker(
        providers={"fake": fake}, catalogue=Catalogue([KNOWN["fake"]]), pictures=looks, poll_s=0.2
    )


async def waits(queue: JobQueue, new: NewJob) -> Any:
    """Waits until a job waits for a check, and returns it."""

    async def there() -> Job | None:
        job = await queue.job(new.id)
        waiting = job.status is JobStatus.QUEUED and job.failure is not None
        return job if waiting else None

    job = await until(there)
    assert job.failure.reason == "CHECK_UNAVAILABLE"
    return job


async def at_once(queue: JobQueue, new: NewJob) -> None:
    """Has a job that waits be claimed now."""
    await queue.store.database.execute(
        "UPDATE job_lanes SET opens_at = now(), open = true WHERE job_id = $1", new.id
    )
    queue.signals.wake([Lane.HOSTED])
