"""Stories whose pictures are stored already: reused where they are equal, drawn where not."""

from pathlib import Path
from uuid import UUID

from imggen.v1 import batch_pb2, job_pb2, story_pb2
from server.domain.ids import CharacterId
from server.domain.references import ReferenceUse, UsedReference
from server.routing.catalogue import STORYBOOK, Catalogue
from tests.builders import paid
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import GatewayFixture, new_id, open_gateway_fixture
from tests.integration.test_services_reuse import REUSE, WORDS, a_portrait, reused

_BUDGET = "SELECT * FROM budgets WHERE scope = 'global'"
PAGES = ("A wood in the morning.", "A wood at noon.", "A wood at night.")


async def images_of(mia: Caller, batch: batch_pb2.Batch) -> list[job_pb2.Job]:
    """Returns the jobs of a batch in order."""
    return [image.job for image in (await mia.get_batch(batch.batch_id)).images]


async def draw_all(gateway: GatewayFixture, mia: Caller, batch: batch_pb2.Batch) -> None:
    """Draws what is left of a batch, each picture without references."""
    while (await mia.get_batch(batch.batch_id)).batch.status == batch_pb2.BATCH_STATUS_PROCESSING:
        await gateway.complete(await gateway.claim())


async def test_a_story_that_is_stored_is_completed_at_once(
    gateway: GatewayFixture, mia: Caller
) -> None:
    story = await mia.create_story(*PAGES)
    first = await mia.generate_story(story.id, include_cover=True)
    await draw_all(gateway, mia, first)
    entries = await gateway.count("ledger")
    again = await mia.generate_story(story.id, include_cover=True, options=REUSE)
    assert again.status == batch_pb2.BATCH_STATUS_COMPLETED
    assert (again.total_images, again.completed_images, again.fraction) == (4, 4, 1.0)
    assert (again.estimated_cost_micros, again.actual_cost_micros) == (0, 0)
    drawn, shared = await images_of(mia, first), await images_of(mia, again)
    assert [reused(job) for job in shared] == [job.image_id for job in drawn]
    assert [job.page_id for job in shared] == [job.page_id for job in drawn]
    assert await gateway.count("ledger") == entries
    [last] = [snapshot async for snapshot in mia.watch_batch(again.batch_id)]
    assert last.batch == again


async def test_only_what_is_not_stored_is_drawn(gateway: GatewayFixture, mia: Caller) -> None:
    story = await mia.create_story(*PAGES)
    drawn = await gateway.draw(await mia.scene(story.id, 2))
    batch = await mia.generate_story(story.id, options=REUSE)
    assert (batch.completed_images, batch.queued_images) == (1, 2)
    jobs = await images_of(mia, batch)
    assert [reused(job) for job in jobs] == ["", drawn.image_id, ""]
    await draw_all(gateway, mia, batch)
    assert (await mia.get_batch(batch.batch_id)).batch.completed_images == 3
    assert await gateway.store.jobs.waiting() == {}


async def test_without_the_flag_a_story_is_drawn(gateway: GatewayFixture, mia: Caller) -> None:
    story = await mia.create_story(*PAGES)
    await draw_all(gateway, mia, await mia.generate_story(story.id))
    again = await mia.generate_story(story.id)
    assert again.queued_images == len(PAGES)


async def test_each_image_of_a_page_is_another_picture(
    gateway: GatewayFixture, mia: Caller
) -> None:
    story = await mia.create_story("A wood.")
    drawn = [await gateway.draw(await mia.scene(story.id, seed=seed)) for seed in (1, 2, 2, 3)]
    batch = await mia.generate_story(story.id, images_per_page=4, options=REUSE)
    newest = [drawn[place].image_id for place in (3, 2, 0)]
    assert [reused(job) for job in await images_of(mia, batch)] == [*newest, ""]


async def test_a_repeated_request_gets_the_same_batch(gateway: GatewayFixture, mia: Caller) -> None:
    story = await mia.create_story(*PAGES)
    await draw_all(gateway, mia, await mia.generate_story(story.id))
    key = new_id()
    first = await mia.generate_story(story.id, options=REUSE, request_id=key)
    again = await mia.generate_story(story.id, options=REUSE, request_id=key)
    assert first == again
    assert await gateway.count("images") == 2 * len(PAGES)


async def a_story_with_mia(mia: Caller) -> tuple[str, story_pb2.Story]:
    """Returns a character, and a story with it on its only page."""
    character = (await mia.create_character()).id
    page = story_pb2.Page(text="Mia runs.", character_ids=[character])
    return character, await mia.create_story(pages=[page])


async def test_a_page_that_waits_for_its_portrait_is_drawn(
    gateway: GatewayFixture, mia: Caller
) -> None:
    character, story = await a_story_with_mia(mia)
    missing = UsedReference(_id(character), ReferenceUse.MISSING)
    drawn = await gateway.draw(await mia.scene(story.id), references=[missing])
    assert reused(await mia.scene(story.id, options=REUSE)) == drawn.image_id
    portrait, page = await images_of(mia, await mia.generate_story(story.id, options=REUSE))
    assert (reused(portrait), reused(page)) == ("", "")


async def test_a_page_of_words_alone_waits_for_no_portrait(
    gateway: GatewayFixture, mia: Caller
) -> None:
    _, story = await a_story_with_mia(mia)
    drawn = await gateway.draw(await mia.scene(story.id, options=WORDS))
    portrait, page = await images_of(mia, await mia.generate_story(story.id, options=WORDS))
    assert (reused(portrait), reused(page)) == ("", drawn.image_id)


async def test_a_page_is_ready_once_its_reused_portrait_is_there(
    gateway: GatewayFixture, mia: Caller
) -> None:
    character, story = await a_story_with_mia(mia)
    old = await a_portrait(gateway, mia, character_id=character, seed=1)
    newest = await a_portrait(gateway, mia, character_id=character, seed=2)
    found = await gateway.store.references.find([_id(character)], "watercolor", "e")
    await gateway.store.references.mark_unreadable(found[_id(character)], "e")
    portrait, page = await images_of(mia, await mia.generate_story(story.id, options=REUSE))
    assert reused(portrait) == old.image_id != newest.image_id
    assert (await mia.get_character(character)).reference_image_id == portrait.image_id
    assert reused(page) == ""
    assert str((await gateway.claim()).job_id) == page.job_id


async def test_only_what_is_drawn_is_paid_for(database: str, tmp_path: Path) -> None:
    catalogue = Catalogue([paid(STORYBOOK, 600_000)])
    async with open_gateway_fixture(
        database, tmp_path, catalogue=catalogue, daily_budget_usd=2
    ) as gateway:
        mia = gateway.caller("mia")
        story = await mia.create_story(*PAGES[:2])
        drawn = await mia.scene(story.id, 1)
        await gateway.complete(await gateway.claim(), 600_000)
        batch = await mia.generate_story(story.id, options=REUSE)
        assert batch.estimated_cost_micros == 600_000
        [budget] = await gateway.store.database.fetch(
            "SELECT * FROM budgets WHERE scope = 'global'"
        )
        assert (budget["held_micros"], budget["spent_micros"]) == (600_000, 600_000)
        other = await mia.create_story(PAGES[0])
        stored = await mia.generate_story(other.id, options=REUSE)
        assert (stored.status, stored.estimated_cost_micros) == (
            batch_pb2.BATCH_STATUS_COMPLETED,
            0,
        )
        for _ in range(3):
            assert reused(await mia.scene(story.id, 1, options=REUSE)) == drawn.image_id
        [budget] = await gateway.store.database.fetch(
            "SELECT * FROM budgets WHERE scope = 'global'"
        )
        assert (budget["held_micros"], budget["spent_micros"]) == (600_000, 600_000)


def _id(character: str) -> CharacterId:
    return CharacterId(UUID(character))
