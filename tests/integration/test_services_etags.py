"""Two editors of a story or a character never overwrite each other."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from imggen.v1 import character_pb2, story_pb2
from server.domain.ids import CharacterId, StoryId
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import GatewayFixture

Page = story_pb2.Page
Edit = Callable[[Any], Any]


def story_edit(**fields: Any) -> Edit:
    """Returns an edit of a story, based on the version that it is given."""
    return lambda story: story_pb2.UpdateStoryRequest(
        story=story_pb2.Story(**{"id": story.id, "etag": story.etag, **fields})
    )


def character_edit(**fields: Any) -> Edit:
    """Returns an edit of a character, based on the version that it is given."""
    return lambda character: character_pb2.UpdateCharacterRequest(
        character=character_pb2.Character(**{"id": character.id, "etag": character.etag, **fields})
    )


class Library:
    """The same calls for stories and characters."""

    def __init__(self, caller: Caller, kind: str) -> None:
        self.caller = caller
        self.kind = kind
        self.stub = caller.stories if kind == "story" else caller.characters
        self.method = self.stub.UpdateStory if kind == "story" else self.stub.UpdateCharacter

    async def make(self) -> Any:
        """Creates a story or a character."""
        make: Callable[[], Awaitable[Any]] = (
            self.caller.create_story if self.kind == "story" else self.caller.create_character
        )
        return await make()

    async def read(self, id_: str) -> Any:
        """Returns it as it is stored."""
        read: Callable[[str], Awaitable[Any]] = (
            self.caller.get_story if self.kind == "story" else self.caller.get_character
        )
        return await read(id_)

    def edit(self, **fields: Any) -> Edit:
        """Returns an edit; `name` is the title of a story."""
        if self.kind == "character":
            return character_edit(**fields)
        return story_edit(**{"title" if key == "name" else key: v for key, v in fields.items()})

    async def change(self, request: Any) -> Any:
        """Changes it, and returns it."""
        return getattr(await self.method(request, metadata=self.caller.metadata), self.kind)

    async def tried(self, request: Any) -> grpc.StatusCode:
        """Tries to change it, and returns the code of the answer."""
        code: grpc.StatusCode = await self.method(request, metadata=self.caller.metadata).code()
        return code


@pytest.fixture(params=["story", "character"])
def library(request: pytest.FixtureRequest, mia: Caller) -> Library:
    """Gives the stories of a caller, then the characters."""
    return Library(mia, request.param)


async def test_every_change_gives_a_new_etag(library: Library) -> None:
    made = await library.make()
    first = await library.change(library.edit(name="Ida")(made))
    second = await library.change(library.edit(name="Eva")(first))
    other = await library.make()
    etags = {made.etag, first.etag, second.etag, other.etag}
    assert len(etags) == 4
    assert all(8 <= len(etag) <= 40 for etag in etags)
    assert await library.read(made.id) == second


async def test_an_edit_of_an_older_version_is_refused(library: Library) -> None:
    made = await library.make()
    changed = await library.change(library.edit(name="Ida")(made))
    other = await library.make()
    for etag in (made.etag, other.etag, "stale", '"', changed.etag + "x"):
        request = library.edit(name="Eva", etag=etag)(made)
        refused = await library.caller.refused(library.method, request)
        assert (refused.code, refused.reason) == (grpc.StatusCode.ABORTED, "ETAG_MISMATCH")
        assert refused.metadata == {f"{library.kind}_id": made.id}
        assert "read it again" in refused.message
    assert await library.read(made.id) == changed
    assert (await library.change(library.edit(name="Eva", etag="")(made))).etag != changed.etag


async def test_of_two_editors_at_once_one_wins(library: Library) -> None:
    for _ in range(3):
        made = await library.make()
        codes = await asyncio.gather(
            *(library.tried(library.edit(name=f"Ida {n}")(made)) for n in range(8))
        )
        assert sorted(code.name for code in codes) == ["ABORTED"] * 7 + ["OK"]
        winner = codes.index(grpc.StatusCode.OK)
        assert (
            getattr(await library.read(made.id), "title" if library.kind == "story" else "name")
            == f"Ida {winner}"
        )


async def test_an_edit_that_changes_nothing_succeeds_and_leaves_no_trace(
    library: Library,
) -> None:
    made = await library.make()
    changed = await library.change(library.edit(name="Ida")(made))
    for etag in (made.etag, changed.etag, "", "stale"):
        for request in (
            library.edit(name="Ida", etag=etag)(made),
            library.edit(name=" I\u200bda ", etag=etag)(made),
            library.edit(etag=etag)(made),
        ):
            assert await library.change(request) == changed
    assert await library.read(made.id) == changed


async def test_a_stale_edit_of_pages_is_refused_before_its_pages_are_read(mia: Caller) -> None:
    story = await mia.create_story("One.", "Two.")
    await mia.update_story(story.id, pages=story.pages[:1])
    request = story_edit(pages=[*story.pages, Page(text="Three.")])(story)
    refused = await mia.refused(mia.stories.UpdateStory, request)
    assert refused.reason == "ETAG_MISMATCH"


async def test_a_repeated_edit_of_pages_succeeds_with_its_old_etag(mia: Caller) -> None:
    story = await mia.create_story("One.", "Two.")
    request = story_edit(pages=[Page(text="New."), *story.pages])(story)
    first = await mia.stories.UpdateStory(request, metadata=mia.metadata)
    assert await mia.stories.UpdateStory(request, metadata=mia.metadata) == first
    assert first.story.etag != story.etag


async def test_a_repeated_edit_may_name_a_character_deleted_since(mia: Caller) -> None:
    character, story = await mia.create_character(), await mia.create_story("One.")
    request = story_edit(pages=[Page(text="Mia.", character_ids=[character.id])])(story)
    first = await mia.stories.UpdateStory(request, metadata=mia.metadata)
    await mia.delete_character(character.id)
    assert await mia.stories.UpdateStory(request, metadata=mia.metadata) == first


async def test_a_new_reference_is_no_change_of_the_character(
    gateway: GatewayFixture, mia: Caller
) -> None:
    character = await mia.create_character()
    await gateway.draw(await mia.portrait(character.id))
    shown = await mia.get_character(character.id)
    assert shown.reference_image_id
    assert shown.etag == character.etag


async def test_an_admission_does_not_wait_for_an_edit(gateway: GatewayFixture, mia: Caller) -> None:
    character, story = await mia.create_character(), await mia.create_story("One.")
    async with asyncio.timeout(60), gateway.store.transaction() as tx:
        await tx.characters.lock(mia.user_id, CharacterId(UUID(character.id)))
        await tx.stories.lock(mia.user_id, StoryId(UUID(story.id)))
        assert (await mia.portrait(character.id, story_id=story.id)).job_id


async def test_without_a_mask_the_fields_that_are_set_are_changed(mia: Caller) -> None:
    character = await mia.create_character(hair="red", eyes="green", age=7)
    request = character_edit(hair="blue", age=0, features=["freckles"])(character)
    answer = await mia.characters.UpdateCharacter(request, metadata=mia.metadata)
    changed = answer.character
    assert (changed.hair, changed.eyes, changed.age) == ("blue", "green", 0)
    assert (changed.name, list(changed.features)) == ("Mia", ["freckles"])
    assert changed.description_version == 2
    story = await mia.create_story("One.", style="anime")
    request = story_edit(title="Night")(story)
    updated = (await mia.stories.UpdateStory(request, metadata=mia.metadata)).story
    assert (updated.title, updated.style, updated.pages) == ("Night", "anime", story.pages)


async def test_a_mask_takes_a_field_away(mia: Caller) -> None:
    story = await mia.create_story("One.", style="anime")
    request = story_pb2.UpdateStoryRequest(
        story=story_pb2.Story(id=story.id, etag=story.etag, title="Night"),
        update_mask=FieldMask(paths=["style", "pages"]),
    )
    changed = (await mia.stories.UpdateStory(request, metadata=mia.metadata)).story
    assert (changed.title, changed.style, changed.page_count) == ("A day", "", 0)
