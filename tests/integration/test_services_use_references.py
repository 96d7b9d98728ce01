"""Which pictures are drawn from references: the option, the setting, and what jobs say of it."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from imggen.v1 import job_pb2, reference_pb2
from imggen.v1.generation_pb2 import GenerationOptions
from server.domain.ids import CharacterId, ImageId
from server.domain.references import ReferenceUse, UsedReference
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import GatewayFixture, open_gateway_fixture
from tests.integration.whole_stories import a_story, jobs_of

ASKED = [
    pytest.param(GenerationOptions(), None, id="unset"),
    pytest.param(GenerationOptions(use_references=True), True, id="yes"),
    pytest.param(GenerationOptions(use_references=False), False, id="no"),
]
asked = pytest.mark.parametrize(("options", "wanted"), ASKED)


@pytest.fixture(params=[True, False], ids=["on", "off"])
async def setting(request: pytest.FixtureRequest) -> bool:
    """Returns the setting of the gateway."""
    return bool(request.param)


@pytest.fixture
async def gateway(database: str, tmp_path: Path, setting: bool) -> AsyncIterator[GatewayFixture]:
    """Yields a gateway with that setting."""
    async with open_gateway_fixture(database, tmp_path, use_references=setting) as gateway:
        yield gateway


async def uses(gateway: GatewayFixture, job: job_pb2.Job) -> bool:
    """Returns whether a job's spec uses references."""
    return bool((await gateway.spec(job))["spec"]["use_references"])


@asked
async def test_a_new_portrait_is_drawn_from_the_present_one_only_if_asked(
    gateway: GatewayFixture, mia: Caller, options: GenerationOptions, wanted: bool | None
) -> None:
    job = await mia.portrait(options=options)
    assert await uses(gateway, job) == bool(wanted)


@asked
async def test_scenes_and_regenerations_follow_the_setting_unless_asked(
    gateway: GatewayFixture,
    mia: Caller,
    options: GenerationOptions,
    wanted: bool | None,
    setting: bool,
) -> None:
    expected = setting if wanted is None else wanted
    character = (await mia.create_character()).id
    story = await mia.create_story()
    scene = await mia.scene(story.id, character_ids=[character], options=options)
    assert await uses(gateway, scene) == expected
    portrait = await mia.portrait(character)
    for before in (scene, portrait):
        again = await mia.regenerate(before.image_id, options=options)
        assert await uses(gateway, again) == expected


@asked
async def test_a_story_follows_the_setting_unless_asked_but_for_its_portraits(
    gateway: GatewayFixture,
    mia: Caller,
    options: GenerationOptions,
    wanted: bool | None,
    setting: bool,
) -> None:
    story = await a_story(mia, pages=1)
    batch = await mia.generate_story(story.id, include_cover=True, options=options)
    images = await jobs_of(mia, batch.batch_id)
    drawn = {name: await uses(gateway, image.job) for name, image in images.items()}
    expected = setting if wanted is None else wanted
    portraits = {"portrait 1": False, "portrait 2": False}
    assert drawn == {**portraits, "page 1": expected, "cover": expected}


@pytest.mark.parametrize("setting", [True], indirect=True)
async def test_a_regeneration_does_not_keep_the_answer_of_its_image(
    gateway: GatewayFixture, mia: Caller
) -> None:
    first = await mia.portrait(options=GenerationOptions(use_references=False))
    assert await uses(gateway, await mia.regenerate(first.image_id))


@pytest.mark.parametrize("setting", [True], indirect=True)
async def test_a_worker_that_knows_no_references_does_not_claim_such_a_job(
    gateway: GatewayFixture, mia: Caller
) -> None:
    await mia.scene(
        (await mia.create_story()).id, character_ids=[(await mia.create_character()).id]
    )
    [row] = await gateway.store.database.fetch("SELECT spec_version FROM image_generation_jobs")
    assert row["spec_version"] == 4


@pytest.mark.parametrize("setting", [True], indirect=True)
@pytest.mark.parametrize("use", [use for use in ReferenceUse if use])
async def test_jobs_and_images_say_what_became_of_each_reference(
    gateway: GatewayFixture, mia: Caller, use: ReferenceUse
) -> None:
    character = await mia.create_character()
    story = await mia.create_story()
    job = await mia.scene(story.id, character_ids=[character.id])
    assert list(job.references) == []
    portrait = None if use is ReferenceUse.MISSING else ImageId(uuid4())
    scale = 0.6 if use is ReferenceUse.DRAWN else 0.0
    used = UsedReference(CharacterId(UUID(character.id)), use, portrait, scale)
    await gateway.draw(job, references=[used])
    expected = reference_pb2.UsedReference(
        character_id=character.id,
        use=reference_pb2.ReferenceUse.Value(f"REFERENCE_USE_{use.name}"),
        image_id=str(portrait or ""),
        scale=scale,
    )
    last = [snapshot async for snapshot in mia.watch(job.job_id)][-1]
    assert list(last.job.references) == list(last.image.references) == [expected]
    [listed] = (await mia.list_jobs()).jobs
    [image] = (await mia.list_images()).images
    assert list(listed.references) == list(image.references) == [expected]
