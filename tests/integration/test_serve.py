"""From a typed call to stored images: the client, a gateway, a worker and a diffuser on Ray."""

import asyncio
import re
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from urllib.request import urlopen

import numpy as np
import pytest
from PIL import Image as Picture
from ray import serve

from actors.classifiers.base import ClassifierAway
from actors.engine.embedding import encoder_of
from actors.engine.render import PictureUnreadable
from actors.serve.handles import RayEncoder, RayPictures
from actors.serve.metrics import (
    RayRefusals,
    RayRefusedPictures,
    RayRenderMetrics,
    RayTileMetrics,
    RayWorkerMetrics,
)
from actors.testing.stored import draw_pictures
from actors.worker.metrics import Ending
from cluster.embedded.demo import draw_story
from cluster.embedded.local import Local
from imggen import (
    Character,
    Client,
    Gender,
    Image,
    Job,
    JobKind,
    JobStatus,
    Page,
    ReferenceUse,
    Story,
)
from imggen.errors import JobCancelled
from imggen.v1.image_pb2 import PICTURE_CHECK_CHECKED
from imggen.watermark import watermark_of
from server.domain.joined import Joined
from server.domain.states import Lane
from server.safety.texts import TextStage
from tests.exported import ours, page_of_ray, series
from tests.integration.job_queue import until
from tests.integration.local_ray import CLASSIFIER, exported_metrics, kill_replica
from tests.promtool import promtool

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
async def client(local: Local) -> AsyncIterator[Client]:
    async with Client(local.address, token=local.token) as client:
        yield client


@pytest.fixture
async def mia(client: Client) -> Character:
    return await client.create_character(
        name="Mia", age=7, gender=Gender.GENDER_FEMALE, hair="long red hair", eyes="green"
    )


@pytest.fixture
async def leo(client: Client) -> Character:
    return await client.create_character(
        name="Leo", age=8, gender=Gender.GENDER_MALE, hair="short black hair", eyes="brown"
    )


@pytest.fixture
async def story(client: Client, mia: Character, leo: Character) -> Story:
    pages = [
        Page(text="Mia and Leo found a map in the meadow.", character_ids=[mia.id, leo.id]),
        Page(text="Mia walked into the deep forest.", character_ids=[mia.id]),
    ]
    return await client.create_story(title="The Map", style="cartoon", pages=pages)


async def test_a_portrait_is_drawn_stored_and_served_in_every_form(
    client: Client, mia: Character
) -> None:
    job = await client.generate_portrait(mia, style="cartoon", quality="standard")
    snapshots = [snapshot async for snapshot in client.watch(job)]
    steps = [snapshot.job.step for snapshot in snapshots if snapshot.job.steps == 20]
    assert steps == sorted(steps)
    assert len(set(steps)) > 3
    image = await client.wait(job)
    assert image.is_reference
    assert (image.picture_check, image.checked_by) == (PICTURE_CHECK_CHECKED, CLASSIFIER)
    assert await forms(client, image) == {
        "original": ("PNG", (256, 256), None),
        "display": ("JPEG", (1024, 1024), 300),
        "print": ("JPEG", (2048, 2048), 300),
        "thumbnail": ("JPEG", (256, 256), 300),
    }
    for address, kind in [
        (image.url, "display"),
        (image.print_url, "print"),
        (image.thumbnail_url, "thumbnail"),
    ]:
        assert await fetch(address) == await client.download(image, kind=kind)  # type: ignore[call-overload]
    mark = watermark_of(await client.download(image, kind="display"))
    assert mark is not None
    assert mark.operator == 0


async def test_a_print_form_is_made_anew_by_the_upscaler(
    client: Client, mia: Character, tmp_path: Path
) -> None:
    image = await client.wait(await client.generate_portrait(mia, style="cartoon", seed=7))
    before, display = [await client.download(image, kind=kind) for kind in ("print", "display")]
    job = await client.upscale(image)
    assert (job.kind, job.image_id) == (JobKind.JOB_KIND_UPSCALE, image.id)
    snapshots = [snapshot async for snapshot in client.watch(job)]
    ended = snapshots[-1].job
    assert (ended.status, ended.upscaling.tile) == (JobStatus.JOB_STATUS_COMPLETED, 512)
    assert ended.upscaling.print_size == "2048x2048"
    tiles = [(one.job.step, one.job.steps) for one in snapshots if one.job.steps]
    assert tiles == sorted(tiles)
    assert {steps for _, steps in tiles} <= {10}  # one to 1024 pixels, 3 by 3 to 2048
    after = await client.download(image, tmp_path / "print.jpg", kind="print")
    assert await client.download(image) == display
    old, new = (
        np.asarray(Picture.open(file).convert("L"), float) for file in (BytesIO(before), after)
    )
    assert new.shape == (2048, 2048)
    assert 0 < np.abs(old - new).mean() < 8  # the same picture, enlarged otherwise


async def test_an_upscaler_that_is_killed_costs_an_attempt_but_no_picture(
    client: Client, mia: Character
) -> None:
    image = await client.wait(await client.generate_portrait(mia, style="cartoon", seed=8))
    job = await client.upscale(image)
    killed = False
    async for snapshot in client.watch(job):
        if snapshot.job.step and not killed:
            killed = True
            kill_replica("upscaler")
    ended = await client.get_job(job)
    assert (ended.status, ended.attempt) == (JobStatus.JOB_STATUS_COMPLETED, 2)


async def test_a_picture_is_classified_beside_the_upscaler(local: Local) -> None:
    holder = serve.get_deployment_handle("upscaler", "imggen")
    looks, other = RayPictures(holder, CLASSIFIER), RayPictures(holder, "another")
    await looks.check()
    assert await looks.refused_for(draw_pictures(1, 256)[0]) == ()
    with pytest.raises(ClassifierAway, match=f'holds the classifier "{CLASSIFIER}"'):
        await other.check()
    with pytest.raises(ClassifierAway, match=f'holds the classifier "{CLASSIFIER}"'):
        await other.refused_for(draw_pictures(1, 256)[0])
    with pytest.raises(ClassifierAway, match="cannot look at the picture"):
        await looks.refused_for(b"garbage")


async def test_a_worker_has_slots_for_what_its_diffuser_draws_at_once(local: Local) -> None:
    """Six rows are three guided pictures, and a fourth one is prepared or finished meanwhile."""
    diffuser = serve.get_deployment_handle("diffuser", "imggen")
    assert await diffuser.joined.remote() == Joined(3, 1.0)
    slots = re.compile(r'^ray_imggen_slots\{.*lane="local".*\} (\S+)$', re.MULTILINE)

    async def has_four() -> bool:
        page = await asyncio.to_thread(exported_metrics)
        return 4.0 in {float(each) for each in slots.findall(page)}

    await until(has_four)


async def test_references_are_encoded_where_the_model_is(local: Local) -> None:
    encoder = RayEncoder(serve.get_deployment_handle("diffuser", "imggen"))
    reference = draw_pictures(1, 256)[0]
    embedding = await encoder.encode(reference)
    assert embedding.encoder == await encoder.encoder() == encoder_of(embedding.data) != ""
    assert embedding == await encoder.encode(reference)
    with pytest.raises(PictureUnreadable, match="7 bytes are no picture"):
        await encoder.encode(b"garbage")


async def test_a_watcher_of_an_idle_service_sees_previews(client: Client, mia: Character) -> None:
    previews: list[bytes] = []
    checks = set()
    # On a busy machine a picture of one second may be drawn before its watch is registered.
    for _ in range(5):
        job = await client.generate_portrait(mia, style="cartoon", quality="hd")
        async for snapshot in client.watch(job, previews=True):
            previews.append(snapshot.preview)
            if snapshot.preview:
                checks.add(snapshot.preview_check)
        if any(previews):
            break
    [first, *_] = filter(None, previews)
    assert checks == {PICTURE_CHECK_CHECKED}
    with Picture.open(BytesIO(first)) as picture:
        assert (picture.format, picture.size) == ("JPEG", (256, 256))


async def test_a_scene_shows_two_characters_and_fills_a_printed_page(
    client: Client, story: Story, mia: Character, leo: Character
) -> None:
    image = await client.wait(await client.generate_scene(story, 1, quality="standard"))
    assert list(image.character_ids) == [mia.id, leo.id]
    assert image.prompt
    shown = await forms(client, image)
    assert shown["original"] == ("PNG", (256, 256), None)
    assert shown["display"] == ("JPEG", (1824, 1024), 300)
    assert shown["thumbnail"] == ("JPEG", (256, 144), 300)
    kind, (width, height), dpi = shown["print"]
    assert (kind, dpi) == ("JPEG", 300)
    assert width >= 3000
    assert height >= 2000


async def test_a_scene_is_drawn_from_the_portraits_of_its_characters(
    client: Client, story: Story, mia: Character, leo: Character
) -> None:
    portraits = [
        await client.wait(await client.generate_portrait(one, style="cartoon", quality="standard"))
        for one in (mia, leo)
    ]
    drawn = [
        await client.wait(
            await client.generate_scene(story, 1, quality="standard", seed=7, use_references=use)
        )
        for use in (True, False)
    ]
    used = [(each.character_id, each.image_id, each.use) for each in drawn[0].references]
    assert used == [
        (one.id, portrait.id, ReferenceUse.REFERENCE_USE_DRAWN)
        for one, portrait in zip((mia, leo), portraits, strict=True)
    ]
    assert list(drawn[1].references) == []
    first, second = [await client.download(image, kind="original") for image in drawn]
    assert first != second


async def test_ray_exports_what_the_dashboard_and_the_alerts_ask_it_for(
    client: Client, mia: Character
) -> None:
    await client.wait(await client.generate_portrait(mia, style="cartoon", quality="standard"))
    # What a healthy system on a CPU has nothing to say of, by this process of the same Ray.
    worker, render = RayWorkerMetrics(), RayRenderMetrics(lambda: {"total": 1})
    render.look()
    RayTileMetrics().tile(0.5)
    worker.rescue()
    worker.end(Lane.READ, Ending.LOST)
    RayRefusals().count(TextStage.SPEC, "profanity", "a-rule")
    RayRefusedPictures().count("a-classifier", "sexual")
    told = {
        name: labels
        for name, labels in series(page_of_ray()).items()
        if not name.endswith("_created")
    }

    async def exported() -> str:
        page = ours(await asyncio.to_thread(exported_metrics))
        return page if told.keys() <= series(page).keys() else ""

    page = await until(exported)
    assert {name: labels - series(page)[name] for name, labels in told.items()} == {
        name: set() for name in told
    }
    assert all("NodeAddress" in labels for labels in series(page).values())
    assert 'outcome="completed"' in page
    # The names of the labels that Ray adds are its own.
    plain = re.sub(r'[A-Z]\w*(?==")', lambda found: found[0].lower(), page)
    assert promtool("check", "metrics", given=plain) == ""


async def test_the_same_seed_gives_the_same_pixels(client: Client, mia: Character) -> None:
    drawn = []
    for _ in range(2):  # in turn: who shares steps with another differs by rounding
        job = await client.generate_portrait(mia, style="cartoon", quality="standard", seed=7)
        original = await client.download(await client.wait(job), kind="original")
        drawn.append(Picture.open(BytesIO(original)).tobytes())  # each signature is another
    assert drawn[0] == drawn[1]


async def test_a_cancelled_render_ends_between_two_steps(client: Client, mia: Character) -> None:
    job = await client.generate_portrait(mia, style="cartoon")
    await rendering(client, job)
    await client.cancel(job)
    with pytest.raises(JobCancelled):
        await client.wait(job)
    assert (await client.get_job(job)).step < 30


async def test_a_diffuser_that_is_killed_costs_an_attempt_but_no_job(
    client: Client, mia: Character
) -> None:
    job = await client.generate_portrait(mia, style="cartoon")
    await rendering(client, job)
    kill_replica("diffuser")
    await completed(client, job)
    assert (await client.get_job(job)).retry_count == 1


async def test_a_worker_that_is_killed_costs_an_attempt_but_no_job(
    client: Client, story: Story
) -> None:
    job = await client.generate_scene(story, 2)
    await rendering(client, job)
    kill_replica("worker")
    await completed(client, job)
    assert (await client.get_job(job)).attempt == 2


async def test_the_demo_draws_its_story(
    local: Local, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await asyncio.to_thread(draw_story, local.address, local.token, tmp_path)
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    assert sorted(line for line in captured.err.splitlines() if line.endswith(": completed")) == [
        f"{name}: completed" for name in ("Mia", "Pip", "page 1", "page 2", "page 3")
    ]
    [sheet] = tmp_path.glob("*/contact-sheet.png")
    assert lines[-1] == str(sheet)
    with Picture.open(sheet) as picture:
        assert picture.width > 1500


async def rendering(client: Client, job: Job) -> None:
    async for snapshot in client.watch(job):
        assert snapshot.job.status != JobStatus.JOB_STATUS_COMPLETED, "too fast to be hurt"
        if snapshot.job.step >= 2:
            return


async def completed(client: Client, job: Job) -> Image:
    return await client.wait(job, timeout=120)


async def forms(client: Client, image: Image) -> dict[str, tuple[str, tuple[int, int], int | None]]:
    found = {}
    for kind in ("original", "display", "print", "thumbnail"):
        data = await client.download(image, kind=kind)
        picture = Picture.open(BytesIO(data))
        picture.load()
        dpi = picture.info.get("dpi")
        found[kind] = (picture.format or "", picture.size, round(dpi[0]) if dpi else None)
    return found


async def fetch(address: str) -> bytes:
    def read() -> bytes:
        with urlopen(address) as answer:
            data: bytes = answer.read()
            return data

    return await asyncio.to_thread(read)
