"""A stored picture answers only where the same references would be used now."""

from uuid import UUID

import pytest

from server.domain.ids import CharacterId, ImageId
from server.domain.references import Reference, ReferenceUse, UsedReference
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import GatewayFixture
from tests.integration.test_services_reuse import REUSE, a_portrait, reused


async def _reference(gateway: GatewayFixture, character: str) -> Reference:
    one = CharacterId(UUID(character))
    return (await gateway.store.references.find([one], "watercolor", "e"))[one]


class Cast:
    """A character on a page, and the scene of that page as a worker draws it."""

    def __init__(self, gateway: GatewayFixture, mia: Caller, character: str, story: str) -> None:
        self.character, self.story = character, story
        self._gateway, self._mia = gateway, mia

    def used(self, use: ReferenceUse, image: str = "") -> UsedReference:
        """Returns what became of the character's reference."""
        found = ImageId(UUID(image)) if image else None
        return UsedReference(CharacterId(UUID(self.character)), use, found, 0.5)

    async def draw(self, use: ReferenceUse, image: str = "") -> str:
        """Draws the scene, and returns its image."""
        job = await self._mia.scene(self.story, seed=7, character_ids=[self.character])
        await self._gateway.draw(job, references=[self.used(use, image)])
        return job.image_id

    async def ask(self) -> str:
        """Asks for the scene; returns the origin of the answer, or cancels its job."""
        job = await self._mia.scene(
            self.story, seed=7, character_ids=[self.character], options=REUSE
        )
        if not reused(job):
            await self._mia.cancel(job.job_id)
        return reused(job)


@pytest.fixture
async def cast(gateway: GatewayFixture, mia: Caller) -> Cast:
    """Returns a character on the page of a story."""
    character, story = await mia.create_character(), await mia.create_story()
    return Cast(gateway, mia, character.id, story.id)


async def test_the_same_reference_must_be_there_still(
    gateway: GatewayFixture, mia: Caller, cast: Cast
) -> None:
    first = await a_portrait(gateway, mia, character_id=cast.character, seed=1)
    drawn = await cast.draw(ReferenceUse.DRAWN, first.image_id)
    assert await cast.ask() == drawn
    newer = await a_portrait(gateway, mia, character_id=cast.character, seed=2)
    assert await cast.ask() == ""
    await mia.delete_image(newer.image_id)
    assert await cast.ask() == drawn
    await mia.update_character(cast.character, hair="blue")
    assert await cast.ask() == ""


async def test_a_reference_with_the_same_picture_is_the_same(
    gateway: GatewayFixture, mia: Caller, cast: Cast
) -> None:
    first = await a_portrait(gateway, mia, character_id=cast.character, seed=1)
    drawn = await cast.draw(ReferenceUse.DRAWN, first.image_id)
    await a_portrait(gateway, mia, character_id=cast.character, seed=2)
    again = await mia.portrait(cast.character, seed=1, options=REUSE)
    assert (await mia.get_image(again.image_id)).is_reference
    assert await cast.ask() == drawn
    newest = await cast.draw(ReferenceUse.DRAWN, again.image_id)
    await mia.portrait(cast.character, seed=1, options=REUSE)
    assert await cast.ask() == newest


async def test_a_missing_reference_must_be_missing_still(
    gateway: GatewayFixture, mia: Caller, cast: Cast
) -> None:
    drawn = await cast.draw(ReferenceUse.MISSING)
    assert await cast.ask() == drawn
    await a_portrait(gateway, mia, character_id=cast.character)
    assert await cast.ask() == ""


async def test_a_stale_reference_must_be_stale_still(
    gateway: GatewayFixture, mia: Caller, cast: Cast
) -> None:
    old = await a_portrait(gateway, mia, character_id=cast.character)
    await mia.update_character(cast.character, hair="blue")
    drawn = await cast.draw(ReferenceUse.STALE, old.image_id)
    assert await cast.ask() == drawn
    new = await a_portrait(gateway, mia, character_id=cast.character)
    assert await cast.ask() == ""
    await mia.delete_image(new.image_id)
    await mia.delete_image(old.image_id)
    assert await cast.ask() == ""  # it is missing


@pytest.mark.parametrize(
    ("use", "answers"),
    [
        (ReferenceUse.LEFT_OUT, True),
        (ReferenceUse.UNSUPPORTED, True),
        (ReferenceUse.UNREADABLE, False),
        (ReferenceUse.UNKNOWN, False),
    ],
)
async def test_what_became_of_a_reference_decides(
    gateway: GatewayFixture, mia: Caller, cast: Cast, use: ReferenceUse, answers: bool
) -> None:
    portrait = await a_portrait(gateway, mia, character_id=cast.character)
    drawn = await cast.draw(use, "" if use is ReferenceUse.UNSUPPORTED else portrait.image_id)
    assert await cast.ask() == (drawn if answers else "")


async def test_a_picture_of_which_no_references_are_known_is_drawn_again(
    gateway: GatewayFixture, mia: Caller, cast: Cast
) -> None:
    await gateway.draw(await mia.scene(cast.story, seed=7, character_ids=[cast.character]))
    assert await cast.ask() == ""


async def test_a_reference_that_became_unreadable_is_not_the_same(
    gateway: GatewayFixture, mia: Caller, cast: Cast
) -> None:
    portrait = await a_portrait(gateway, mia, character_id=cast.character)
    drawn = await cast.draw(ReferenceUse.DRAWN, portrait.image_id)
    reference = await _reference(gateway, cast.character)
    await gateway.store.references.mark_unreadable(reference, "e")
    assert await cast.ask() == ""
    await gateway.store.references.keep(reference, "e", b"embedding")
    assert await cast.ask() == drawn


async def test_an_unreadable_portrait_and_its_copies_are_never_the_answer(
    gateway: GatewayFixture, mia: Caller
) -> None:
    character = (await mia.create_character()).id
    await a_portrait(gateway, mia, character_id=character)
    await mia.portrait(character, seed=7, options=REUSE)
    reference = await _reference(gateway, character)
    await gateway.store.references.mark_unreadable(reference, "e")
    assert reused(await mia.portrait(character, seed=7, options=REUSE)) == ""


async def test_a_reused_picture_counts_for_its_references(
    gateway: GatewayFixture, mia: Caller, cast: Cast
) -> None:
    portrait = await a_portrait(gateway, mia, character_id=cast.character)
    await cast.draw(ReferenceUse.DRAWN, portrait.image_id)
    await cast.ask()
    [row] = await gateway.store.database.fetch("SELECT usage_count FROM character_references")
    assert row["usage_count"] == 2
    shown = (await mia.list_images(story_id=cast.story)).images[0]
    assert [used.image_id for used in shown.references] == [portrait.image_id]
