"""Pictures drawn from references, from the call to the model's request, with a scripted model."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load

from actors.engine.render import PlacedReference, RenderRequest
from actors.testing.scripted import ScriptedRenderer
from imggen.v1 import generation_pb2, image_pb2, job_pb2, story_pb2
from imggen.v1.reference_pb2 import ReferenceUse
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import GatewayFixture, open_gateway_fixture
from tests.integration.job_queue import JobQueue, until

PORTRAIT = image_pb2.IMAGE_TYPE_PORTRAIT


class Studio:
    """A caller, a gateway, and a worker whose model records its requests."""

    def __init__(
        self, gateway: GatewayFixture, caller: Caller, queue: JobQueue, model: ScriptedRenderer
    ) -> None:
        self.gateway = gateway
        self.caller = caller
        self.folder = queue.folder
        self.model = model

    async def done(self, job: job_pb2.Job) -> job_pb2.Job:
        """Waits until a job is COMPLETED, and returns it."""

        async def ended() -> job_pb2.Job | None:
            now = await self.caller.get_job(job.job_id)
            return now if now.HasField("completed_at") else None

        found: job_pb2.Job = await until(ended)
        assert found.status == job_pb2.JOB_STATUS_COMPLETED, found
        return found

    async def character(self, name: str, *, style: str = "watercolor", **looks: Any) -> Any:
        """Creates a character with a portrait; returns it with its reference."""
        character = await self.caller.create_character(name=name, **looks)
        await self.done(await self.caller.portrait(character.id, style=style))
        return await self.caller.get_character(character.id)

    async def scene(self, text: str, *cast: Any, **fields: Any) -> job_pb2.Job:
        """Draws a page with these characters, and returns its job."""
        story = await self.caller.create_story(text)
        ids = [one.id for one in cast]
        return await self.done(await self.caller.scene(story.id, character_ids=ids, **fields))

    @property
    def drawn(self) -> RenderRequest:
        """The newest request to the model."""
        return self.model.renders[-1].request

    async def original(self, image_id: str) -> Path:
        """Returns the file of an image's original."""
        rows = await self.gateway.store.database.fetch(
            "SELECT storage_key FROM assets WHERE image_id = $1 AND kind = 'original'", image_id
        )
        return self.folder / str(rows[0]["storage_key"])

    async def seen(self, placed: PlacedReference) -> bytes:
        """Returns the checksum of the picture that the model was given."""
        return np.asarray(load(placed.embedding)["embedding"]).astype(np.uint8).tobytes()

    async def rows(self, query: str) -> list[Any]:
        """Returns the rows of a query, as tuples."""
        return [tuple(row) for row in await self.gateway.store.database.fetch(query)]


@pytest.fixture
async def studio(
    gateway: GatewayFixture, mia: Caller, job_queue: JobQueue
) -> AsyncIterator[Studio]:
    model = ScriptedRenderer(encoder="e1")
    async with working(job_queue, model):
        yield Studio(gateway, mia, job_queue, model)


@asynccontextmanager
async def working(job_queue: JobQueue, model: ScriptedRenderer) -> AsyncIterator[None]:
    """Runs a worker with this model."""
    async with job_queue.worker(model, poll_s=0.05):
        yield


def uses(job: job_pb2.Job) -> list[str]:
    """Returns what became of each reference, by its short name."""
    return [ReferenceUse.Name(each.use).removeprefix("REFERENCE_USE_") for each in job.references]


async def test_a_page_is_drawn_from_the_portrait_of_its_character(studio: Studio) -> None:
    mia = await studio.character("Mia")
    job = await studio.scene("Mia runs.", mia)
    [used] = job.references
    assert (used.character_id, used.image_id) == (mia.id, mia.reference_image_id)
    assert (uses(job), used.scale) == (["DRAWN"], studio.drawn.reference_scale)
    assert used.scale > 0
    image = await studio.caller.get_image(job.image_id)
    assert image.references == job.references
    [placed] = studio.drawn.references
    assert (placed.left, placed.right) == (0.0, 1.0)
    original = (await studio.original(mia.reference_image_id)).read_bytes()
    assert await studio.seen(placed) == hashlib.sha256(original).digest()


async def test_an_embedding_is_computed_once_and_uses_are_counted(studio: Studio) -> None:
    mia = await studio.character("Mia")
    for _ in range(3):
        await studio.scene("Mia runs.", mia)
    assert len(studio.model.encoded) == 1
    assert await studio.rows("SELECT usage_count FROM character_references") == [(3,)]
    assert await studio.rows("SELECT view, encoder_sha256 FROM reference_views") == [
        ("portrait", "e1")
    ]


async def test_another_encoder_reads_the_picture_anew(
    gateway: GatewayFixture, mia: Caller, job_queue: JobQueue
) -> None:
    studio = Studio(gateway, mia, job_queue, ScriptedRenderer(encoder="e1"))
    async with working(job_queue, studio.model):
        character = await studio.character("Mia")
        await studio.scene("Mia runs.", character)
    studio.model = ScriptedRenderer(encoder="e2")
    async with working(job_queue, studio.model):
        assert uses(await studio.scene("Mia runs.", character)) == ["DRAWN"]
    assert len(studio.model.encoded) == 1
    kept = await studio.rows("SELECT encoder_sha256 FROM reference_views ORDER BY 1")
    assert kept == [("e1",), ("e2",)]


async def test_each_of_two_gets_the_column_where_the_text_puts_it(studio: Studio) -> None:
    mia, tom = await studio.character("Mia"), await studio.character("Tom")
    job = await studio.scene("Mia stands to the right of Tom.", mia, tom)
    assert [used.character_id for used in job.references] == [mia.id, tom.id]
    image = await studio.caller.get_image(job.image_id)
    assert list(image.character_ids) == [mia.id, tom.id]
    left, right = studio.drawn.references
    columns = [(each.left, each.right) for each in (left, right)]
    # The seed decides whether the model draws what a mirror shows, in whose columns they are then.
    assert columns == [(0.0, 0.5), (0.5, 1.0)][:: -1 if studio.drawn.mirrored else 1]
    files = [await studio.original(one.reference_image_id) for one in (tom, mia)]
    expected = [hashlib.sha256(file.read_bytes()).digest() for file in files]
    assert [await studio.seen(left), await studio.seen(right)] == expected


async def test_a_character_whom_the_text_names_is_drawn_from_its_portrait(studio: Studio) -> None:
    mia, tom, eve = [await studio.character(name) for name in ("Mia", "Tom", "Eve")]
    pages = [
        story_pb2.Page(text="Mia meets Tom.", character_ids=[mia.id]),
        story_pb2.Page(text="Tom runs.", character_ids=[tom.id]),
        story_pb2.Page(text="Eve sleeps.", character_ids=[eve.id]),
    ]
    story = await studio.caller.create_story(pages=pages)
    job = await studio.done(await studio.caller.scene(story.id))
    assert (uses(job), len(studio.drawn.references)) == (["DRAWN", "DRAWN"], 2)
    image = await studio.caller.get_image(job.image_id)
    assert list(image.character_ids) == [mia.id, tom.id]
    shown = await studio.caller.list_images(character_id=tom.id)
    assert job.image_id in [one.id for one in shown.images]


async def test_a_character_without_a_portrait_in_the_style_is_drawn_from_words(
    studio: Studio,
) -> None:
    mia = await studio.character("Mia", style="anime")
    tom = await studio.character("Tom")
    job = await studio.scene("Tom stands to the left of Mia.", mia, tom)
    assert uses(job) == ["MISSING", "DRAWN"]
    [placed] = studio.drawn.references
    column = (0.5, 1.0) if studio.drawn.mirrored else (0.0, 0.5)
    assert (placed.left, placed.right) == column


async def test_a_stale_reference_is_named_and_not_used(studio: Studio) -> None:
    mia = await studio.character("Mia", hair="red")
    await studio.caller.update_character(mia.id, hair="black")
    job = await studio.scene("Mia runs.", mia)
    assert (uses(job), job.references[0].image_id) == (["STALE"], mia.reference_image_id)
    assert studio.drawn.references == ()
    assert studio.drawn.reference_scale == 0


async def test_a_story_redraws_a_stale_reference_before_its_pages(studio: Studio) -> None:
    mia = await studio.character("Mia", hair="red")
    await studio.caller.update_character(mia.id, hair="black")
    story = await studio.caller.create_story("Mia runs.")
    page = image_page(story, mia)
    story = await studio.caller.update_story(story.id, pages=[page])
    batch = await studio.caller.generate_story(story.id)
    jobs = await studio.caller.list_jobs(story_id=story.id)
    done = [await studio.done(job) for job in jobs.jobs]
    scene = next(job for job in done if job.kind == job_pb2.JOB_KIND_SCENE)
    portrait = next(job for job in done if job.kind == job_pb2.JOB_KIND_PORTRAIT)
    assert batch.total_images == 2
    assert (uses(scene), scene.references[0].image_id) == (["DRAWN"], portrait.image_id)


def image_page(story: Any, *cast: Any) -> Any:
    """Returns the first page of a story with these characters on it."""
    page = story.pages[0]
    page.character_ids[:] = [one.id for one in cast]
    return page


async def test_without_use_references_nothing_is_looked_up(studio: Studio) -> None:
    mia = await studio.character("Mia")
    options = generation_pb2.GenerationOptions(use_references=False)
    job = await studio.scene("Mia runs.", mia, options=options)
    assert (uses(job), studio.drawn.references, studio.model.encoded) == ([], (), [])


async def test_the_setting_decides_where_the_request_does_not(
    database: str, job_queue: JobQueue, tmp_path: Path
) -> None:
    model = ScriptedRenderer(encoder="e1")
    async with (
        open_gateway_fixture(database, tmp_path / "pixels", use_references=False) as gateway,
        working(job_queue, model),
    ):
        studio = Studio(gateway, gateway.caller("mia"), job_queue, model)
        mia = await studio.character("Mia")
        assert uses(await studio.scene("Mia runs.", mia)) == []
        options = generation_pb2.GenerationOptions(use_references=True)
        assert uses(await studio.scene("Mia runs.", mia, options=options)) == ["DRAWN"]


async def test_a_regenerated_portrait_keeps_the_character(studio: Studio) -> None:
    mia = await studio.character("Mia")
    first = mia.reference_image_id
    again = await studio.done(await studio.caller.regenerate(first))
    assert (uses(again), again.references[0].image_id) == (["DRAWN"], first)
    # It is the reference now, which no picture was drawn from yet.
    assert await studio.rows(
        "SELECT reference_image_id::text, usage_count FROM character_references"
    ) == [(again.image_id, 0)]


async def test_a_portrait_of_a_changed_description_is_not_drawn_from_the_old_one(
    studio: Studio,
) -> None:
    mia = await studio.character("Mia", hair="red")
    await studio.caller.update_character(mia.id, hair="black")
    await studio.done(await studio.caller.portrait(mia.id))
    old = await studio.done(await studio.caller.regenerate(mia.reference_image_id))
    assert uses(old) == ["STALE"]


async def test_a_new_portrait_is_drawn_from_the_present_one_only_if_asked(studio: Studio) -> None:
    mia = await studio.character("Mia")
    fresh = await studio.done(await studio.caller.portrait(mia.id))
    assert uses(fresh) == []
    options = generation_pb2.GenerationOptions(use_references=True)
    alike = await studio.done(await studio.caller.portrait(mia.id, options=options))
    assert (uses(alike), alike.references[0].image_id) == (["DRAWN"], fresh.image_id)


@pytest.mark.parametrize(
    "damage", ["missing", "cut", "swapped", "no picture", "a folder", "a loop"]
)
async def test_an_unreadable_reference_is_left_to_words_and_redrawn(
    studio: Studio, damage: str
) -> None:
    mia, tom = await studio.character("Mia"), await studio.character("Tom")
    file = await studio.original(mia.reference_image_id)
    other = await studio.original(tom.reference_image_id)
    match damage:
        case "missing":
            file.unlink()
        case "cut":
            file.write_bytes(file.read_bytes()[:-100])
        case "swapped":
            file.write_bytes(other.read_bytes())
        case "a folder":
            file.unlink()
            file.mkdir()
        case "a loop":
            file.unlink()
            file.symlink_to(file)
        case _:
            file.write_bytes(b"no picture")
    job = await studio.scene("Mia and Tom play.", mia, tom)
    assert uses(job) == ["UNREADABLE", "DRAWN"]
    assert job.references[0].image_id == mia.reference_image_id
    marked = await studio.rows(
        "SELECT image_id::text FROM reference_views WHERE unreadable_at IS NOT NULL"
    )
    assert marked == [(mia.reference_image_id,)]

    story = await studio.caller.create_story("Mia and Tom play.")
    story = await studio.caller.update_story(story.id, pages=[image_page(story, mia, tom)])
    await studio.caller.generate_story(story.id)
    jobs = await studio.caller.list_jobs(story_id=story.id)
    done = [await studio.done(each) for each in jobs.jobs]
    portraits = [each for each in done if each.kind == job_pb2.JOB_KIND_PORTRAIT]
    images = [await studio.caller.get_image(each.image_id) for each in portraits]
    assert [image.character_id for image in images] == [mia.id]
    scene = next(each for each in done if each.kind == job_pb2.JOB_KIND_SCENE)
    assert uses(scene) == ["DRAWN", "DRAWN"]


async def test_a_reference_that_is_restored_is_used_again(studio: Studio) -> None:
    mia = await studio.character("Mia")
    file = await studio.original(mia.reference_image_id)
    kept = file.read_bytes()
    file.unlink()
    assert uses(await studio.scene("Mia runs.", mia)) == ["UNREADABLE"]
    file.write_bytes(kept)
    assert uses(await studio.scene("Mia runs.", mia)) == ["DRAWN"]
    assert await studio.rows("SELECT unreadable_at FROM reference_views") == [(None,)]


async def test_an_outage_of_the_storage_costs_no_character_its_look(studio: Studio) -> None:
    mia = await studio.character("Mia")
    away = studio.folder.rename(studio.folder.with_name("away"))
    studio.folder.mkdir()
    story = await studio.caller.create_story("Mia runs.")
    job = await studio.caller.scene(story.id, character_ids=[mia.id])

    async def given_back() -> bool:
        return bool(
            await studio.rows("SELECT 1 FROM attempts WHERE error_message LIKE 'given back%'")
        )

    await until(given_back)
    studio.folder.rmdir()
    away.rename(studio.folder)
    done = await studio.done(job)
    assert (uses(done), done.retry_count) == (["DRAWN"], 0)
    assert await studio.rows("SELECT unreadable_at FROM reference_views") == [(None,)]


async def test_a_use_that_only_a_newer_worker_knows_is_unspecified(studio: Studio) -> None:
    mia = await studio.character("Mia")
    job = await studio.scene("Mia runs.", mia)
    await studio.gateway.store.database.execute(
        "UPDATE attempts SET stage_ms = stage_ms || '{\"judging\": 7}', used_references ="
        " jsonb_set(used_references, '{0,use}', '\"blended\"') WHERE used_references <> '[]'"
    )
    assert uses(await studio.caller.get_job(job.job_id)) == ["UNSPECIFIED"]
    assert len((await studio.caller.list_jobs()).jobs) == 2
    image = await studio.caller.get_image(job.image_id)
    assert image.references[0].image_id == mia.reference_image_id


async def test_a_damaged_embedding_is_computed_anew(studio: Studio) -> None:
    mia = await studio.character("Mia")
    await studio.scene("Mia runs.", mia)
    await studio.gateway.store.database.execute(
        "UPDATE reference_views SET embedding = substr(embedding, 1, length(embedding) - 1)"
    )
    assert uses(await studio.scene("Mia runs.", mia)) == ["DRAWN"]
    assert len(studio.model.encoded) == 2
    await studio.scene("Mia runs.", mia)
    assert len(studio.model.encoded) == 2


async def test_a_model_without_an_adapter_says_so(
    gateway: GatewayFixture, mia: Caller, job_queue: JobQueue
) -> None:
    studio = Studio(gateway, mia, job_queue, ScriptedRenderer())
    async with working(job_queue, studio.model):
        cast = [await studio.character(name) for name in ("Mia", "Tom")]
        job = await studio.scene("Tom and Mia run.", *cast)
        assert uses(job) == ["UNSUPPORTED"] * 2
        assert [used.character_id for used in job.references] == [one.id for one in cast]


async def test_more_characters_than_the_model_carries_are_left_to_words(studio: Studio) -> None:
    names = ("Mia", "Tom", "Ida", "Ben")
    cast = [await studio.character(name) for name in names]
    options = generation_pb2.GenerationOptions(model="sdxl")
    job = await studio.scene("Ben, Ida, Tom and Mia play.", *cast, options=options)
    assert uses(job) == ["LEFT_OUT", "DRAWN", "DRAWN", "DRAWN"]
    columns = [(each.left, each.right) for each in studio.drawn.references]
    assert columns == [(0.0, 0.25), (0.25, 0.5), (0.5, 0.75)]


async def test_the_next_newest_portrait_takes_the_place_of_a_deleted_one(studio: Studio) -> None:
    mia = await studio.character("Mia")
    newer = await studio.done(await studio.caller.portrait(mia.id))
    await studio.scene("Mia runs.", mia)
    await studio.caller.delete_image(newer.image_id)
    job = await studio.scene("Mia runs.", mia)
    assert (uses(job), job.references[0].image_id) == (["DRAWN"], mia.reference_image_id)
    await studio.caller.delete_image(mia.reference_image_id)
    assert uses(await studio.scene("Mia runs.", mia)) == ["MISSING"]
