"""A character's reference: the portrait that stands for it, and when it is stale."""

import asyncio
from itertools import pairwise
from uuid import UUID

import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from imggen.v1 import character_pb2
from server.domain.ids import CharacterId, ImageId
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import GatewayFixture, new_id
from tests.integration.job_queue import until
from tests.integration.test_money_movements import waits


async def test_a_completed_portrait_is_the_reference(gateway: GatewayFixture, mia: Caller) -> None:
    character = await mia.create_character()
    assert character.reference_image_id == ""
    job = await mia.portrait(character.id)
    assert (await mia.get_character(character.id)).reference_image_id == ""
    await gateway.draw(job)

    shown = await mia.get_character(character.id)
    assert (shown.reference_image_id, shown.reference_stale) == (job.image_id, False)
    assert (await mia.get_image(job.image_id)).is_reference


async def test_a_changed_description_makes_the_reference_stale(
    gateway: GatewayFixture, mia: Caller
) -> None:
    character = await mia.create_character(hair="red")
    await gateway.draw(await mia.portrait(character.id))
    same = await mia.update_character(character.id, hair="red")
    assert (same.description_version, same.reference_stale) == (1, False)
    changed = await mia.update_character(character.id, hair="blue")
    assert (changed.description_version, changed.reference_stale) == (2, True)

    job = await gateway.draw(await mia.portrait(character.id))
    fresh = await mia.get_character(character.id)
    assert (fresh.reference_image_id, fresh.reference_stale) == (job.image_id, False)


async def test_a_description_that_changes_while_it_is_drawn_makes_the_reference_stale(
    gateway: GatewayFixture, mia: Caller
) -> None:
    character = await mia.create_character()
    job = await mia.portrait(character.id)
    await mia.update_character(character.id, hair="blue")
    await gateway.draw(job)
    assert (await mia.get_character(character.id)).reference_stale
    drawn = (await gateway.spec(job))["spec"]["characters"][0]
    assert (drawn["description"]["hair"], drawn["version"]) == ("red", 1)


async def test_the_newer_portrait_of_a_style_becomes_the_reference(
    gateway: GatewayFixture, mia: Caller
) -> None:
    character = await mia.create_character()
    first = await gateway.draw(await mia.portrait(character.id))
    second = await gateway.draw(await mia.portrait(character.id))
    other_style = await gateway.draw(await mia.portrait(character.id, style="anime"))
    flags = [
        (await mia.get_image(job.image_id)).is_reference for job in (first, second, other_style)
    ]
    assert flags == [False, True, True]


async def test_a_portrait_of_an_older_description_does_not_become_the_reference(
    gateway: GatewayFixture, mia: Caller
) -> None:
    character = await mia.create_character()
    late = await mia.portrait(character.id)
    await mia.update_character(character.id, hair="blue")
    early = await mia.portrait(character.id, priority=1)
    await gateway.draw(early)
    await gateway.draw(late)
    shown = await mia.get_character(character.id)
    assert (shown.reference_image_id, shown.reference_stale) == (early.image_id, False)
    assert not (await mia.get_image(late.image_id)).is_reference


async def test_portraits_that_end_at_once_leave_one_reference(
    gateway: GatewayFixture, mia: Caller
) -> None:
    character = await mia.create_character()
    jobs = [await mia.portrait(character.id) for _ in range(6)]
    claims = [await gateway.claim() for _ in jobs]
    await asyncio.gather(*(gateway.complete(claim) for claim in claims))
    images = [await mia.get_image(job.image_id) for job in jobs]
    shown = await mia.get_character(character.id)
    assert [image.id for image in images if image.is_reference] == [shown.reference_image_id]


async def test_deleting_the_reference_leaves_the_character_without_one(
    gateway: GatewayFixture, mia: Caller
) -> None:
    character = await mia.create_character()
    job = await gateway.draw(await mia.portrait(character.id))
    await mia.delete_image(job.image_id)
    shown = await mia.get_character(character.id)
    assert (shown.reference_image_id, shown.reference_stale) == ("", False)


async def test_deleting_the_reference_leaves_the_newest_portrait_of_the_latest_description(
    gateway: GatewayFixture, mia: Caller
) -> None:
    character = await mia.create_character()
    old = [await gateway.draw(await mia.portrait(character.id)) for _ in range(2)]
    other_style = await gateway.draw(await mia.portrait(character.id, style="anime"))
    late = await mia.portrait(character.id)
    await mia.update_character(character.id, hair="blue")
    new = [await gateway.draw(await mia.portrait(character.id, priority=1)) for _ in range(3)]
    await gateway.draw(late)
    # One that is not drawn yet, and one that is not the reference.
    await mia.portrait(character.id)
    await mia.delete_image(new[1].image_id)
    left = [new[2], new[0], late, old[1], old[0]]
    assert (await mia.get_image(left[0].image_id)).is_reference
    for gone, reference in pairwise(left):
        await mia.delete_image(gone.image_id)
        shown = await mia.get_character(character.id)
        stale = reference is not new[0]
        assert (shown.reference_image_id, shown.reference_stale) == (reference.image_id, stale)
        assert (await mia.get_image(reference.image_id)).is_reference
    await mia.delete_image(left[-1].image_id)
    shown = await mia.get_character(character.id)
    assert shown.reference_image_id == other_style.image_id


async def test_of_portraits_that_are_deleted_at_once_none_is_the_reference(
    gateway: GatewayFixture, mia: Caller
) -> None:
    character = await mia.create_character()
    jobs = [await gateway.draw(await mia.portrait(character.id)) for _ in range(3)]
    first, second, reference = [job.image_id for job in jobs]
    async with gateway.store.transaction() as tx:
        # The one that would be next goes first, seen by nobody until its transaction ends.
        await tx.images.delete(mia.user_id, ImageId(UUID(second)))
        deleting = asyncio.create_task(mia.delete_image(reference))
        await until(lambda: waits(gateway.store))
    await deleting
    assert (await mia.get_character(character.id)).reference_image_id == first


async def test_what_encoders_made_of_a_deleted_portrait_is_gone(
    gateway: GatewayFixture, mia: Caller
) -> None:
    character = await mia.create_character()
    job = await gateway.draw(await mia.portrait(character.id))
    references = gateway.store.references
    [reference] = (
        await references.find([CharacterId(UUID(character.id))], "watercolor", "encoder")
    ).values()
    await references.keep(reference, "encoder", b"embedding")
    await gateway.draw(await mia.portrait(character.id))
    await mia.delete_image(job.image_id)
    assert await gateway.count("reference_views") == 0


async def test_an_image_deleted_while_it_is_drawn_is_not_a_reference(
    gateway: GatewayFixture, mia: Caller
) -> None:
    character = await mia.create_character()
    job = await mia.portrait(character.id)
    claim = await gateway.claim()
    await mia.delete_image(job.image_id)
    # The worker did not know of the deletion.
    await gateway.complete(claim)
    assert (await mia.get_character(character.id)).reference_image_id == ""
    assert await gateway.count("character_references") == 0


async def test_a_scene_is_not_a_reference(gateway: GatewayFixture, mia: Caller) -> None:
    character = await mia.create_character()
    story = await mia.create_story()
    job = await gateway.draw(await mia.scene(story.id, character_ids=[character.id]))
    assert not (await mia.get_image(job.image_id)).is_reference
    assert (await mia.get_character(character.id)).reference_image_id == ""


async def test_updates_of_different_fields_at_once_lose_none(mia: Caller) -> None:
    character = await mia.create_character()
    looks = {name: f"new {name}" for name in ("hair", "eyes", "skin", "clothing", "species")}
    await asyncio.gather(
        *(mia.update_character(character.id, **{name: text}) for name, text in looks.items())
    )
    shown = await mia.get_character(character.id)
    assert {name: getattr(shown, name) for name in looks} == looks
    assert shown.description_version == 1 + len(looks)


@pytest.mark.parametrize("gone", ["deleted", "never there"])
async def test_a_deleted_or_unknown_character_cannot_be_changed_or_drawn(
    mia: Caller, gone: str
) -> None:
    character = new_id()
    if gone == "deleted":
        character = (await mia.create_character()).id
        await mia.delete_character(character)
    update = character_pb2.UpdateCharacterRequest(
        character=character_pb2.Character(id=character, hair="x"),
        update_mask=FieldMask(paths=["hair"]),
    )
    refused = await mia.refused(mia.characters.UpdateCharacter, update)
    assert refused.reason == "CHARACTER_NOT_FOUND"
    assert refused.metadata == {"character_id": character}
