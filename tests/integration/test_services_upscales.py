"""UpscaleImage: a job that makes a print asset anew, of an image that is drawn."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import aiohttp
from grpc import StatusCode

from imggen.v1 import event_pb2, generation_pb2, image_pb2, job_pb2, metadata_pb2
from server.domain.finishing import FinishingStep, StepDone
from server.domain.images import NewAsset
from server.domain.jobs import Claim, Outcome
from server.domain.states import AssetKind, Lane, Stage
from server.domain.upscales import Upscaling
from server.storage import object_key
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import LEASE, GatewayFixture

NEW = b"the new print asset"


async def upscale(caller: Caller, image_id: str, **fields: Any) -> job_pb2.Job:
    """Asks for a new print asset."""
    request = generation_pb2.UpscaleImageRequest(image_id=image_id, **fields)
    answer = await caller.generation.UpscaleImage(request, metadata=caller.metadata)
    return answer.job  # type: ignore[no-any-return]


async def refused(caller: Caller, image_id: str, **fields: Any) -> Any:
    request = generation_pb2.UpscaleImageRequest(image_id=image_id, **fields)
    return await caller.refused(caller.generation.UpscaleImage, request)


async def drawn(gateway: GatewayFixture, caller: Caller) -> str:
    """Returns the id of a portrait that is drawn."""
    return (await gateway.draw(await caller.portrait())).image_id


async def claim(gateway: GatewayFixture) -> Claim:
    [held] = await gateway.store.leases.claim("worker", Lane.UPSCALE, 1, LEASE)
    return held


async def complete(gateway: GatewayFixture, held: Claim, *steps: StepDone) -> bool:
    """Completes an upscale with a new print asset of some bytes."""
    key = object_key(held.user_id, held.job_id, held.attempt, NEW, "image/jpeg")
    await gateway.storage.put(key, NEW, "image/jpeg")
    written = ("image/jpeg", "0" * 64, len(NEW), 2048, 2048, "jpeg 91 4:4:4")
    asset = NewAsset(AssetKind.PRINT, key, *written)
    how, stages = Upscaling(256, (512,)), {Stage.FINISHING: 700}
    outcome = Outcome("", "", (asset,), stages, 0, upscaling=how, post_processing=steps)
    return await gateway.store.complete(held, outcome)


async def fetch(url: str) -> bytes:
    async with aiohttp.ClientSession() as http, http.get(url) as answer:
        return await answer.read()


async def test_a_job_makes_a_new_print_asset_and_changes_nothing_else(
    gateway: GatewayFixture, mia: Caller
) -> None:
    image_id = await drawn(gateway, mia)
    before = await mia.get_image(image_id)
    job = await upscale(mia, image_id, metadata={"order": "4711"})
    assert (job.kind, job.status) == (job_pb2.JOB_KIND_UPSCALE, job_pb2.JOB_STATUS_QUEUED)
    assert (job.image_id, job.model, job.provider) == (image_id, "", "local")
    assert (job.upscaling.print_size, job.upscaling.HasField("tile")) == ("2048x2048", False)
    assert (dict(job.metadata), job.estimated_cost_micros) == ({"order": "4711"}, 0)
    held = await claim(gateway)
    assert (str(held.job_id), held.upscale and str(held.upscale.image_id)) == (
        job.job_id,
        image_id,
    )
    assert (await mia.get_image(image_id)).status == image_pb2.IMAGE_STATUS_COMPLETED
    assert await complete(gateway, held)

    ended = await mia.get_job(job.job_id)
    assert ended.status == job_pb2.JOB_STATUS_COMPLETED
    assert (ended.upscaling.tile, list(ended.upscaling.ran_out_at)) == (256, [512])
    after = await mia.get_image(image_id)
    assert await fetch(after.print_url) == NEW
    assert await fetch(after.url) == await fetch(before.url)
    for one in (before, after):
        for field in ("url", "cdn_url", "thumbnail_url", "print_url", "urls_expire_at"):
            one.ClearField(field)
    assert after == before


async def test_what_is_said_of_the_print_is_said_of_the_new_one(
    gateway: GatewayFixture, mia: Caller
) -> None:
    sharper = StepDone(FinishingStep.SHARPENING, changed=True, said="edges", ms=25)
    old, new = (StepDone(FinishingStep.PRINT_CHECK, False, said, 0) for said in ("260", "520"))
    for steps in ((sharper, old), (sharper,), ()):
        drawing = await mia.portrait()
        await gateway.complete(await gateway.claim(), steps=steps)
        await upscale(mia, drawing.image_id)
        assert await complete(gateway, await claim(gateway), *([new] if old in steps else []))
        said = [one.detail for one in (await mia.get_image(drawing.image_id)).post_processing]
        assert said == [{"260": "520"}.get(one.said, one.said) for one in steps]
        job = await mia.get_job(drawing.job_id)
        assert [one.detail for one in job.post_processing] == said
    params = await gateway.store.database.fetch("SELECT generation_params -> 'files' FROM images")
    assert [one[0] for one in params] == [{"print": "jpeg 91 4:4:4"}] * 3


async def test_its_watch_ends_with_the_image(gateway: GatewayFixture, mia: Caller) -> None:
    job = await upscale(mia, await drawn(gateway, mia))
    watching = asyncio.create_task(last(mia, job.job_id))
    await complete(gateway, await claim(gateway))
    gateway.signals.tell([(await gateway.store.jobs.get(None, _id(job.job_id))).id])  # type: ignore[union-attr]
    ended = await watching
    assert ended.job.status == job_pb2.JOB_STATUS_COMPLETED
    assert await fetch(ended.image.print_url) == NEW


async def test_events_name_the_image_of_the_job(gateway: GatewayFixture, mia: Caller) -> None:
    image_id = await drawn(gateway, mia)
    job = await upscale(mia, image_id)
    await complete(gateway, await claim(gateway))
    request = event_pb2.WatchEventsRequest(after_cursor="oldest")
    call = mia.events.WatchEvents(request, metadata=mia.metadata)
    seen: list[tuple[int, str]] = []
    while len(seen) < 3:
        event = (await call.read()).event
        if event.job.job_id == job.job_id:
            seen.append((event.job.status, event.job.image_id))
    call.cancel()
    statuses = (job_pb2.JOB_STATUS_QUEUED, job_pb2.JOB_STATUS_PROCESSING)
    assert seen == [(one, image_id) for one in (*statuses, job_pb2.JOB_STATUS_COMPLETED)]


async def test_a_request_id_makes_one_job(gateway: GatewayFixture, mia: Caller) -> None:
    image_id, key = await drawn(gateway, mia), str(uuid4())
    first = await upscale(mia, image_id, request_id=key)
    again = await upscale(mia, image_id, request_id=key)
    assert again.job_id == first.job_id
    told = await refused(mia, image_id, request_id=key, min_size="4096x4096")
    assert told.reason == "REQUEST_ID_REUSED"
    await mia.delete_image(image_id)
    assert (await upscale(mia, image_id, request_id=key)).job_id == first.job_id


async def test_a_least_size_is_covered_in_the_shape_of_the_image(
    gateway: GatewayFixture, mia: Caller
) -> None:
    image_id = await drawn(gateway, mia)
    job = await upscale(mia, image_id, min_size="3000x4000")
    assert job.upscaling.print_size == "4000x4000"
    assert (await upscale(mia, image_id, min_size="9x9")).upscaling.print_size == "2048x2048"
    for wrong in ("large", "0x5", "4096", "4096x", "5000x5000", "99999x99999"):
        told = await refused(mia, image_id, min_size=wrong)
        assert told.reason == "SIZE_NOT_OFFERED"


async def test_an_image_that_is_not_there_is_not_upscaled(
    gateway: GatewayFixture, mia: Caller, tom: Caller
) -> None:
    image_id = await drawn(gateway, mia)
    missing = "IMAGE_NOT_FOUND"
    assert (await refused(tom, image_id)).reason == missing
    waiting = await mia.portrait()
    not_ready = "IMAGE_NOT_READY"
    assert (await refused(mia, waiting.image_id)).reason == not_ready
    await mia.delete_image(image_id)
    assert (await refused(mia, image_id)).reason == missing
    assert (await refused(mia, "", min_size="x")).reason == "FIELD_REQUIRED"
    assert await gateway.count("image_generation_jobs") == 2


async def test_where_no_worker_has_an_upscaler_it_is_refused_at_once(
    gateway: GatewayFixture, mia: Caller
) -> None:
    image_id, key = await drawn(gateway, mia), str(uuid4())
    before = await upscale(mia, image_id, request_id=key)
    workers = gateway.store.workers
    without = {Lane.LOCAL: 1, Lane.UPSCALE: 0}
    await workers.ready("worker", without, LEASE)
    await workers.ready("reader", {Lane.READ: 1}, LEASE)
    told = await refused(mia, image_id)
    assert (told.code, told.reason) == (StatusCode.FAILED_PRECONDITION, "NO_ELIGIBLE_OFFER")
    assert "IMGGEN_UPSCALER" in told.message
    assert await gateway.count("image_generation_jobs") == 2
    assert (await upscale(mia, image_id, request_id=key)).job_id == before.job_id
    # Lanczos alone is enough for a picture that is large already.
    await gateway.store.database.execute(
        "UPDATE assets SET width = 1700, height = 1700 WHERE kind = 'original'"
    )
    assert (await upscale(mia, image_id)).status == job_pb2.JOB_STATUS_QUEUED
    assert (await refused(mia, image_id, min_size="3000x3000")).reason == "NO_ELIGIBLE_OFFER"


async def test_an_upscaler_that_is_away_or_whose_worker_is_lost_is_waited_for(
    gateway: GatewayFixture, mia: Caller
) -> None:
    image_id, workers = await drawn(gateway, mia), gateway.store.workers
    await workers.ready("without", {Lane.UPSCALE: 0}, LEASE)
    assert (await upscale(mia, image_id)).status == job_pb2.JOB_STATUS_QUEUED
    await workers.away("worker")
    assert (await upscale(mia, image_id)).status == job_pb2.JOB_STATUS_QUEUED
    await workers.gone("worker")
    assert (await refused(mia, image_id)).reason == "NO_ELIGIBLE_OFFER"
    # Nobody knows what the next worker will have.
    await workers.away("without")
    assert (await upscale(mia, image_id)).status == job_pb2.JOB_STATUS_QUEUED


async def test_a_cancel_leaves_the_old_print_asset(gateway: GatewayFixture, mia: Caller) -> None:
    image_id = await drawn(gateway, mia)
    before = await fetch((await mia.get_image(image_id)).print_url)
    job = await upscale(mia, image_id)
    cancelled = await mia.cancel(job.job_id)
    assert cancelled.status == job_pb2.JOB_STATUS_CANCELLED
    image = await mia.get_image(image_id)
    assert (image.status, await fetch(image.print_url)) == (
        image_pb2.IMAGE_STATUS_COMPLETED,
        before,
    )


async def test_a_failed_job_is_retried_while_its_image_is_there(
    gateway: GatewayFixture, mia: Caller
) -> None:
    image_id = await drawn(gateway, mia)
    job = await upscale(mia, image_id)
    await gateway.fail(await claim(gateway))
    assert (await mia.get_image(image_id)).status == image_pb2.IMAGE_STATUS_COMPLETED
    request = job_pb2.RetryJobRequest(job_id=job.job_id)
    again = (await mia.jobs.RetryJob(request, metadata=mia.metadata)).job
    assert again.status == job_pb2.JOB_STATUS_QUEUED
    await gateway.fail(await claim(gateway))
    await mia.delete_image(image_id)
    told = await mia.refused(mia.jobs.RetryJob, request)
    assert told.reason == "JOB_NOT_RETRYABLE"


async def test_a_deleted_image_stops_its_upscales_and_is_swept_after_them(
    gateway: GatewayFixture, mia: Caller
) -> None:
    image_id = await drawn(gateway, mia)
    waiting = await upscale(mia, image_id, priority=3)
    running = await upscale(mia, image_id, priority=1)
    held = await claim(gateway)
    assert str(held.job_id) == running.job_id
    await mia.delete_image(image_id)
    assert (await mia.get_job(waiting.job_id)).status == job_pb2.JOB_STATUS_CANCELLED
    assert (await mia.get_job(running.job_id)).cancel_requested
    nil = _id("00000000-0000-0000-0000-000000000000")
    assert not await gateway.store.images.unswept(nil, 9)
    await gateway.store.leases.cancelled(held)
    assert [str(one) for one in await gateway.store.images.unswept(nil, 9)] == [image_id]


async def test_of_a_lost_lease_nothing_is_written(gateway: GatewayFixture, mia: Caller) -> None:
    image_id = await drawn(gateway, mia)
    before = (await mia.get_image(image_id)).print_url.split("?")[0]
    await upscale(mia, image_id)
    held = await claim(gateway)
    await gateway.store.leases.release([held])
    assert not await complete(gateway, held)
    assert (await mia.get_image(image_id)).print_url.split("?")[0] == before


async def test_the_old_print_asset_is_an_orphan_unless_another_image_has_it(
    gateway: GatewayFixture, mia: Caller
) -> None:
    seed: dict[str, Any] = {"seed": 7}
    first = await gateway.draw(await mia.portrait(**seed))
    character = (await mia.get_image(first.image_id)).character_id
    options = {"allow_reuse": True}
    shared = await mia.portrait(character, **seed, options=options)
    assert shared.status == job_pb2.JOB_STATUS_COMPLETED
    key = (await gateway.store.images.get(mia.user_id, _id(first.image_id))).keys[AssetKind.PRINT]  # type: ignore[union-attr]
    places = {key: (_id(first.job_id), 1)}
    for image_id, orphans in ((first.image_id, []), (shared.image_id, [key])):
        await upscale(mia, image_id)
        await complete(gateway, await claim(gateway))
        assert await gateway.store.images.orphans(places) == orphans


async def test_lists_find_it_by_its_metadata_and_the_image_by_its_own(
    gateway: GatewayFixture, mia: Caller
) -> None:
    image_id = await drawn(gateway, mia)
    job = await upscale(mia, image_id, metadata={"order": "4711"})
    pair = metadata_pb2.MetadataFilter(key="order", value="4711")
    jobs = await mia.jobs.ListJobs(job_pb2.ListJobsRequest(metadata=pair), metadata=mia.metadata)
    assert [one.job_id for one in jobs.jobs] == [job.job_id]
    images = await mia.images.ListImages(
        image_pb2.ListImagesRequest(metadata=pair), metadata=mia.metadata
    )
    assert not images.images


async def last(caller: Caller, job_id: str) -> job_pb2.WatchJobResponse:
    request = job_pb2.WatchJobRequest(job_id=job_id)
    watch = caller.jobs.WatchJob(request, metadata=caller.metadata)
    seen: list[job_pb2.WatchJobResponse] = [one async for one in watch]
    return seen[-1]


def _id(value: str) -> Any:
    return UUID(value)
