"""A request says what the cover of a story shows: in words, by its characters, or by parts."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from imggen.v1.generation_pb2 import Cover, GenerateStoryRequest, Modifications
from imggen.v1.scene_pb2 import Figure, Scene
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import GatewayFixture
from tests.integration.job_queue import JobQueue
from tests.integration.plans_of_stories import Planning, page_of
from tests.integration.whole_stories import a_story, jobs_of


@pytest.fixture
def planning(gateway: GatewayFixture) -> Planning:
    """Returns a caller that plans stories."""
    return Planning(gateway, gateway.caller("mia"))


@pytest.fixture
async def reader(job_queue: JobQueue) -> AsyncIterator[None]:
    """Runs a worker that reads by rules."""
    async with job_queue.worker(poll_s=0.2):
        yield


async def cover_of(gateway: GatewayFixture, mia: Caller, story: str, cover: Cover) -> Any:
    """Returns the spec of a story's cover, and the job."""
    batch = await mia.generate_story(story, include_cover=True, cover=cover)
    image = (await jobs_of(mia, batch.batch_id))["cover"]
    return (await gateway.spec(image.job))["spec"], image


def ids(spec: Any, field: str = "characters") -> list[str]:
    return [one["id"] for one in spec.get(field, ())]


async def test_a_description_takes_the_place_of_the_title_and_of_the_first_page(
    gateway: GatewayFixture, mia: Caller
) -> None:
    story = await a_story(mia)
    leo, of_mia = story.pages[0].character_ids
    spec, _ = await cover_of(gateway, mia, story.id, Cover(scene_description="A wild sea."))
    assert (spec["scene"], spec["page_text"]) == ("A wild sea.", "")
    assert ids(spec) == [of_mia, leo]


async def test_whom_a_description_names_is_on_the_cover_once_it_is_read(
    gateway: GatewayFixture, mia: Caller
) -> None:
    story = await a_story(mia)
    leo, of_mia = story.pages[0].character_ids
    told = Cover(scene_description="Leo alone at sea.")
    spec, image = await cover_of(gateway, mia, story.id, told)
    assert (ids(spec), set(ids(spec, "others"))) == ([], {of_mia, leo})
    # It waits for the portrait of the one whom it may name.
    portraits = await jobs_of(mia, image.job.batch_id)
    [needed] = image.needs_job_ids
    [portrait] = [one for one in portraits.values() if one.job.job_id == needed]
    assert portrait.character_id == leo


async def test_a_cover_lists_any_character_who_gets_a_portrait(
    gateway: GatewayFixture, mia: Caller
) -> None:
    story = await a_story(mia)
    zoe = (await mia.create_character(name="Zoe")).id
    spec, image = await cover_of(gateway, mia, story.id, Cover(character_ids=[zoe]))
    assert (ids(spec), spec["scene"], spec["page_text"]) == ([zoe], "A day", "Page 1.")
    images = await jobs_of(mia, image.job.batch_id)
    assert zoe in {one.character_id for one in images.values()}


async def test_parts_of_a_cover_are_set(
    planning: Planning, reader: None, gateway: GatewayFixture
) -> None:
    story = await planning.story("Mia sat in the kitchen with Leo.", "Leo slept.")
    leo = story.pages[1].character_ids[0]
    scene = Scene(
        figures=[Figure(character_id=leo, doing=["wave"], mood="happy")],
        place="garden",
        time="night",
        absent=["a hat"],
    )
    cover = Cover(character_ids=[leo], scene=scene)
    plan = await planning.plan(story, include_cover=True, include_scene_images=False, cover=cover)
    planned = page_of(plan, 0).scene
    assert [one.character_id for one in planned.figures] == [leo]
    assert list(planned.figures[0].doing) == ["wave"]
    assert (planned.place, planned.time, list(planned.absent)) == ("garden", "night", ["a hat"])


async def test_a_cover_is_told_only_where_one_is_asked_for(mia: Caller) -> None:
    story = await a_story(mia)
    request = GenerateStoryRequest(story_id=story.id, cover=Cover(scene_description="A sea."))
    refused = await mia.refused(mia.generation.GenerateStory, request)
    assert refused.reasons == {"cover": "FIELD_OUT_OF_RANGE"}
    assert "set include_cover, too" in refused.message


async def test_what_is_wrong_with_a_cover_is_named_by_its_field(mia: Caller) -> None:
    story = await a_story(mia)
    leo, _ = story.pages[0].character_ids
    scene = Scene(figures=[Figure(character_id=leo)], time="noon")
    cover = Cover(scene_description="?!", character_ids=["x"], scene=scene)
    request = GenerateStoryRequest(story_id=story.id, include_cover=True, cover=cover)
    refused = await mia.refused(mia.generation.GenerateStory, request)
    assert set(refused.fields) == {
        "cover.scene_description",
        "cover.character_ids[0]",
        "cover.scene.figures[0].character_id",
        "cover.scene.time",
    }


async def test_a_cover_is_drawn_again_from_the_new_words_alone(
    gateway: GatewayFixture, mia: Caller
) -> None:
    story = await a_story(mia)
    batch = await mia.generate_story(story.id, include_cover=True)
    image = (await jobs_of(mia, batch.batch_id))["cover"]
    again = await mia.regenerate(image.job.image_id, modifications=Modifications(prompt="A lake."))
    spec = (await gateway.spec(again))["spec"]
    assert (spec["scene"], spec["page_text"]) == ("A lake.", "")
    same = await mia.regenerate(image.job.image_id)
    spec = (await gateway.spec(same))["spec"]
    assert (spec["scene"], spec["page_text"]) == ("A day", "Page 1.")
