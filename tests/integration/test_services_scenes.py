"""What a page's picture is read from beside its text, and what a regeneration keeps of it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any
from uuid import UUID

import pytest

from imggen.v1 import job_pb2, story_pb2
from imggen.v1.generation_pb2 import GenerationOptions, Modifications
from server.domain.ids import JobId
from server.domain.scenes import Scene
from server.domain.states import Lane
from server.routing.catalogue import KNOWN, Catalogue
from server.routing.prices import PicturePrice
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import LEASE, GatewayFixture, open_gateway_fixture
from tests.integration.whole_stories import a_story, jobs_of

MILL = Scene(place="the mill")
REUSE = GenerationOptions(allow_reuse=True, use_references=False)
REFERENCE = 700
"""What each reference adds to the price of the paid model."""


async def a_tale(caller: Caller) -> tuple[story_pb2.Story, dict[str, str]]:
    """Makes a story of three pages with Mia, Leo and Eve, and returns it with their ids."""
    names = ("Mia", "Leo", "Eve")
    ids = {name: (await caller.create_character(name=name)).id for name in names}
    pages = [
        story_pb2.Page(text="Mia is at the mill.", character_ids=[ids["Mia"]]),
        story_pb2.Page(text="Leo is there, too.", character_ids=[ids["Leo"]]),
        story_pb2.Page(text="Eve meets Mia.", character_ids=[ids["Eve"]]),
    ]
    return await caller.create_story(pages=pages, style="cartoon"), ids


async def seen(gateway: GatewayFixture, job: job_pb2.Job) -> dict[str, Any]:
    """Returns what a job's spec says of the characters, and of the pages before."""
    spec = (await gateway.spec(job))["spec"]
    names = {
        field: [one["description"]["name"] for one in spec.get(field, ())]
        for field in ("characters", "others")
    }
    return {**names, "before": spec.get("before", [])}


async def test_the_scene_of_a_page_is_read_with_the_pages_around_it(
    gateway: GatewayFixture, mia: Caller
) -> None:
    story, ids = await a_tale(mia)
    second = await mia.scene(story.id, 2)
    assert await seen(gateway, second) == {
        "characters": ["Leo"],
        "others": ["Mia", "Eve"],
        "before": ["Mia is at the mill."],
    }
    third = await mia.scene(story.id, 3, character_ids=[ids["Leo"]])
    assert await seen(gateway, third) == {
        "characters": ["Leo"],
        "others": ["Eve", "Mia"],
        "before": ["Mia is at the mill.", "Leo is there, too."],
    }
    rows = await gateway.store.database.fetch("SELECT spec_version FROM image_generation_jobs")
    assert {row["spec_version"] for row in rows} == {5}
    image = await mia.get_image(third.image_id)
    assert list(image.character_ids) == [ids["Leo"]]


async def test_a_character_that_is_gone_is_on_no_other_page(
    gateway: GatewayFixture, mia: Caller
) -> None:
    story, ids = await a_tale(mia)
    await mia.delete_character(ids["Eve"])
    first = await mia.scene(story.id, 1)
    assert (await seen(gateway, first))["others"] == ["Leo"]


async def test_a_page_of_a_story_needs_the_portraits_of_those_whom_it_names(
    gateway: GatewayFixture, mia: Caller
) -> None:
    story, ids = await a_tale(mia)
    batch = await mia.generate_story(story.id, include_cover=True)
    jobs = await jobs_of(mia, batch.batch_id)
    assert await seen(gateway, jobs["page 2"].job) == {
        "characters": ["Leo"],
        "others": ["Mia", "Eve"],
        "before": ["Mia is at the mill."],
    }
    assert (await seen(gateway, jobs["page 1"].job))["before"] == []
    assert (await seen(gateway, jobs["cover"].job))["others"] == []
    portraits = {image.job.job_id: image.character_id for image in jobs.values()}
    needed = {
        number: {portraits[one] for one in jobs[f"page {number}"].needs_job_ids}
        for number in (1, 2, 3)
    }
    assert needed == {1: {ids["Mia"]}, 2: {ids["Leo"]}, 3: {ids["Eve"], ids["Mia"]}}


@pytest.fixture
async def priced(database: str, tmp_path: Path) -> AsyncIterator[GatewayFixture]:
    """Yields a gateway with a model that takes money for each of eight references."""
    row = KNOWN["fake"]
    prices = dict.fromkeys((grade.label for grade in row.grades.values()), 10_000)
    price = PicturePrice(MappingProxyType(prices), MappingProxyType({}), REFERENCE)
    catalogue = Catalogue([replace(row, price=price, references=8)])
    async with open_gateway_fixture(
        database, tmp_path, catalogue=catalogue, daily_budget_usd=10, use_references=True
    ) as gateway:
        yield gateway


async def test_the_hold_counts_the_references_of_all_who_may_be_there(
    priced: GatewayFixture,
) -> None:
    mia = priced.caller("mia")
    story, ids = await a_tale(mia)
    alone = await mia.create_story(pages=[story_pb2.Page(text="Hm.", character_ids=[ids["Mia"]])])
    one = (await mia.scene(alone.id, style="cartoon")).estimated_cost_micros
    first = await mia.scene(story.id)
    assert first.estimated_cost_micros == one + 2 * REFERENCE
    unused = await mia.scene(story.id, options=GenerationOptions(use_references=False))
    assert unused.estimated_cost_micros == one - REFERENCE
    await drawn(priced, first, lane=Lane.HOSTED)
    again = await mia.regenerate(first.image_id)
    assert again.estimated_cost_micros == first.estimated_cost_micros
    jobs = await jobs_of(mia, (await mia.generate_story(story.id)).batch_id)
    pages = {jobs[f"page {number}"].job.estimated_cost_micros for number in (1, 2, 3)}
    assert pages == {first.estimated_cost_micros}


async def drawn(
    gateway: GatewayFixture,
    job: job_pb2.Job,
    scene: Scene | None = None,
    lane: Lane = Lane.LOCAL,
) -> None:
    """Completes a job whose text was read as this scene, if it was."""
    claims = await gateway.store.leases.claim("worker", lane, 9, LEASE)
    [claim] = [one for one in claims if str(one.job_id) == job.job_id]
    if scene is not None:
        await gateway.store.scenes.keep(claim, scene)
    await gateway.complete(claim)


async def scene_of(gateway: GatewayFixture, job: job_pb2.Job) -> Scene | None:
    """Returns the scene that is kept with a job."""
    return await gateway.store.scenes.find(JobId(UUID(job.job_id)))


@pytest.fixture
async def page(gateway: GatewayFixture, mia: Caller) -> job_pb2.Job:
    """Draws a page whose text was read as the mill, and returns its job."""
    story = await a_story(mia)
    job = await mia.scene(story.id, seed=7, options=REUSE)
    await drawn(gateway, job, MILL)
    return job


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"modifications": Modifications(seed=9)},
        {"modifications": Modifications(style="anime")},
        {"options": GenerationOptions(use_references=True)},
        {"options": GenerationOptions(quality="standard")},
    ],
    ids=str,
)
async def test_a_regeneration_of_the_same_text_keeps_its_scene(
    gateway: GatewayFixture, mia: Caller, page: job_pb2.Job, changes: dict[str, Any]
) -> None:
    again = await mia.regenerate(page.image_id, **changes)
    assert await scene_of(gateway, again) == MILL
    await drawn(gateway, again)
    assert await scene_of(gateway, await mia.regenerate(again.image_id)) == MILL


async def test_a_regeneration_with_another_prompt_is_read_anew(
    gateway: GatewayFixture, mia: Caller, page: job_pb2.Job
) -> None:
    changed = Modifications(prompt="Mia swims in the sea.")
    again = await mia.regenerate(page.image_id, modifications=changed)
    assert await scene_of(gateway, again) is None
    sea = Scene(place="the sea")
    await drawn(gateway, again, sea)
    # Its own text is the changed one.
    assert await scene_of(gateway, await mia.regenerate(again.image_id)) == sea
    same = await mia.regenerate(again.image_id, modifications=changed)
    assert await scene_of(gateway, same) == sea


async def test_a_regeneration_of_an_image_that_was_never_read_is_read(
    gateway: GatewayFixture, mia: Caller
) -> None:
    job = await mia.scene((await a_story(mia)).id)
    await drawn(gateway, job)
    assert await scene_of(gateway, await mia.regenerate(job.image_id)) is None


async def test_an_image_that_shares_the_bytes_of_another_has_its_scene(
    gateway: GatewayFixture, mia: Caller, page: job_pb2.Job
) -> None:
    image = await mia.get_image(page.image_id)
    equal = await mia.scene(
        image.story_id,
        page_id=image.page_id,
        seed=7,
        options=REUSE,
    )
    assert equal.reused_from_image_id == page.image_id
    assert await scene_of(gateway, equal) == MILL
    assert await scene_of(gateway, await mia.regenerate(equal.image_id)) == MILL


async def test_the_cast_is_drawn_where_a_page_names_it(
    gateway: GatewayFixture, mia: Caller
) -> None:
    names = ("Mia", "Leo", "Eve")
    ids = {name: (await mia.create_character(name=name)).id for name in names}
    story = await mia.create_story(
        "Mia is at the mill.", "Leo is there, too.", character_ids=list(ids.values())
    )
    batch = await mia.generate_story(story.id, include_cover=True)
    images = await jobs_of(mia, batch.batch_id)
    assert set(images) == {"portrait 1", "portrait 2", "page 1", "page 2", "cover"}
    portraits = [images[f"portrait {number}"].character_id for number in (1, 2)]
    assert portraits == [ids["Mia"], ids["Leo"]]  # no page names Eve
    for number in (1, 2):
        said = await seen(gateway, images[f"page {number}"].job)
        assert (said["characters"], said["others"]) == ([], ["Mia", "Leo", "Eve"])
    assert (await seen(gateway, images["cover"].job))["characters"] == ["Mia", "Leo"]
    await mia.delete_character(ids["Eve"])
    assert (await seen(gateway, await mia.scene(story.id, 2)))["others"] == ["Mia", "Leo"]
    assert (await mia.generate_story(story.id, include_scene_images=False)).batch_id
