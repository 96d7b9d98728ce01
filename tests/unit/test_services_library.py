"""What pictures are made of: characters, stories and styles."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from imggen.v1 import character_pb2, story_pb2, style_pb2
from server.errors import Conflict, InvalidRequest, NotFound
from tests.unit.scripted import (
    character_row,
    story_row,
)
from tests.unit.servicers import NO_CONTEXT, Gateway, digest, wrong


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    gateway = Gateway(tmp_path)
    async with gateway.storage:
        yield gateway


async def test_a_character_is_created_and_shown(gateway: Gateway) -> None:
    mia = character_row()
    gateway.database.answer("FROM characters", mia)
    gateway.database.answer("INSERT INTO characters", {"id": mia["id"]})
    character = character_pb2.Character(
        name=" Mia ", age=7, gender=character_pb2.GENDER_FEMALE, traits=["brave"]
    )
    request = character_pb2.CreateCharacterRequest(character=character)
    answer = await gateway.characters.CreateCharacter(request, NO_CONTEXT)
    assert answer.character.id == str(mia["id"])
    [stored] = gateway.database.ran("INSERT INTO characters")
    assert stored.args[1:4] == ("Mia", 7, "female")


async def test_a_character_that_was_created_before_is_the_answer_to_its_request(
    gateway: Gateway,
) -> None:
    request = character_pb2.CreateCharacterRequest(
        character=character_pb2.Character(name="Mia"), request_id=str(uuid4())
    )
    earlier = character_row(request_hash=digest(request))
    gateway.database.answer("FROM characters", earlier)
    answer = await gateway.characters.CreateCharacter(request, NO_CONTEXT)
    assert answer.character.id == str(earlier["id"])

    gateway.database.answer("FROM characters", character_row(request_hash=b"other"))
    with pytest.raises(Conflict):
        await gateway.characters.CreateCharacter(request, NO_CONTEXT)


async def test_everything_wrong_with_a_character_is_said_at_once(gateway: Gateway) -> None:
    character = character_pb2.Character(
        id="x", age=200, gender=cast(Any, 9), hair="r" * 301, features=["a"] * 17, traits=[""]
    )
    with pytest.raises(InvalidRequest) as caught:
        await gateway.characters.CreateCharacter(
            character_pb2.CreateCharacterRequest(character=character), NO_CONTEXT
        )
    assert wrong(caught) == {
        "character.id": "FIELD_OUT_OF_RANGE",
        "character.name": "FIELD_REQUIRED",
        "character.age": "FIELD_OUT_OF_RANGE",
        "character.gender": "FIELD_OUT_OF_RANGE",
        "character.hair": "TEXT_TOO_LONG",
        "character.features": "FIELD_OUT_OF_RANGE",
        "character.traits[0]": "FIELD_REQUIRED",
    }


async def test_a_character_changes_what_the_mask_names(gateway: Gateway) -> None:
    mia = character_row()
    gateway.database.answer("FROM characters", mia)
    gateway.database.answer("UPDATE characters", {"id": mia["id"]})
    request = character_pb2.UpdateCharacterRequest(
        character=character_pb2.Character(id=str(mia["id"]), hair="blue", name="Leo"),
        update_mask=FieldMask(paths=["hair"]),
    )
    answer = await gateway.characters.UpdateCharacter(request, NO_CONTEXT)
    assert answer.character.id == str(mia["id"])
    assert gateway.database.ran("UPDATE characters")[0].args[2:] == ("blue",)
    gateway.database.answer("UPDATE characters")
    with pytest.raises(NotFound):
        await gateway.characters.UpdateCharacter(request, NO_CONTEXT)


async def test_characters_are_listed_and_deleted(gateway: Gateway) -> None:
    gateway.database.answer("FROM characters", character_row())
    request = character_pb2.ListCharactersRequest()
    assert len((await gateway.characters.ListCharacters(request, NO_CONTEXT)).characters) == 1
    delete = character_pb2.DeleteCharacterRequest(character_id=str(uuid4()))
    with pytest.raises(NotFound):
        await gateway.characters.DeleteCharacter(delete, NO_CONTEXT)
    gateway.database.answer("SET deleted_at", {"id": uuid4()})
    await gateway.characters.DeleteCharacter(delete, NO_CONTEXT)
    with pytest.raises(NotFound, match="you have no character"):
        await gateway.characters.GetCharacter(
            character_pb2.GetCharacterRequest(character_id=str(uuid4())), NO_CONTEXT
        )


def a_story(**fields: Any) -> story_pb2.CreateStoryRequest:
    pages = [story_pb2.Page(text="A hill.")]
    story = story_pb2.Story(title="A day", style="oil", pages=pages)
    return story_pb2.CreateStoryRequest(story=story, **fields)


async def test_a_story_is_created_and_shown(gateway: Gateway) -> None:
    row = story_row(("A hill.", "", []))
    gateway.database.answer("FROM stories", row)
    gateway.database.answer("INSERT INTO stories", {"id": row["id"]})
    created = await gateway.stories.CreateStory(a_story(), NO_CONTEXT)
    shown = await gateway.stories.GetStory(
        story_pb2.GetStoryRequest(story_id=str(row["id"])), NO_CONTEXT
    )
    assert created.story == shown.story
    assert [page.text for page in shown.story.pages] == ["A hill."]


async def test_a_story_that_was_created_before_is_the_answer_to_its_request(
    gateway: Gateway,
) -> None:
    request = a_story(request_id=str(uuid4()))
    earlier = story_row(request_hash=digest(request))
    gateway.database.answer("FROM stories", earlier)
    answer = await gateway.stories.CreateStory(request, NO_CONTEXT)
    assert answer.story.id == str(earlier["id"])


async def test_everything_wrong_with_a_story_is_said_at_once(gateway: Gateway) -> None:
    twice = str(uuid4())
    page = story_pb2.Page(scene_description="!", character_ids=[twice, twice])
    story = story_pb2.Story(id="x", style="bronze", pages=[page])
    with pytest.raises(InvalidRequest) as caught:
        await gateway.stories.CreateStory(story_pb2.CreateStoryRequest(story=story), NO_CONTEXT)
    assert wrong(caught) == {
        "story.id": "FIELD_OUT_OF_RANGE",
        "story.title": "FIELD_REQUIRED",
        "story.style": "STYLE_UNKNOWN",
        "story.pages[0].text": "FIELD_REQUIRED",
        "story.pages[0].scene_description": "PROMPT_EMPTY",
        "story.pages[0].character_ids": "FIELD_OUT_OF_RANGE",
    }


async def test_a_story_may_not_name_characters_of_others(gateway: Gateway) -> None:
    request = a_story()
    request.story.pages[0].character_ids.append(str(uuid4()))
    with pytest.raises(NotFound, match="you have no character"):
        await gateway.stories.CreateStory(request, NO_CONTEXT)


async def test_a_story_has_no_more_pages_than_a_book(gateway: Gateway) -> None:
    request = a_story()
    request.story.pages.extend([story_pb2.Page(text="on")] * 200)
    with pytest.raises(InvalidRequest, match="200 at most"):
        await gateway.stories.CreateStory(request, NO_CONTEXT)


async def test_a_story_changes_what_the_mask_names(gateway: Gateway) -> None:
    row = story_row()
    gateway.database.answer("FROM stories", row)
    gateway.database.answer("UPDATE stories", {"id": row["id"]})
    request = story_pb2.UpdateStoryRequest(
        story=story_pb2.Story(id=str(row["id"]), title="A night"),
        update_mask=FieldMask(paths=["title"]),
    )
    await gateway.stories.UpdateStory(request, NO_CONTEXT)
    assert gateway.database.ran("UPDATE stories")[0].args[2:] == ("A night", None, None)
    gateway.database.answer("UPDATE stories")
    with pytest.raises(NotFound):
        await gateway.stories.UpdateStory(request, NO_CONTEXT)


async def test_stories_are_listed_and_deleted(gateway: Gateway) -> None:
    gateway.database.answer("FROM stories", story_row())
    answer = await gateway.stories.ListStories(story_pb2.ListStoriesRequest(), NO_CONTEXT)
    assert len(answer.stories) == 1
    delete = story_pb2.DeleteStoryRequest(story_id=str(uuid4()))
    with pytest.raises(NotFound):
        await gateway.stories.DeleteStory(delete, NO_CONTEXT)
    gateway.database.answer("SET deleted_at", {"id": uuid4()})
    await gateway.stories.DeleteStory(delete, NO_CONTEXT)


async def test_styles_are_listed_by_page(gateway: Gateway) -> None:
    first = await gateway.styles.ListStyles(style_pb2.ListStylesRequest(page_size=2), NO_CONTEXT)
    second = await gateway.styles.ListStyles(
        style_pb2.ListStylesRequest(page_token=first.next_page_token), NO_CONTEXT
    )
    assert [style.id for style in [*first.styles, *second.styles]] == ["anime", "cartoon", "oil"]
    assert second.next_page_token == ""
    with pytest.raises(InvalidRequest):
        await gateway.styles.ListStyles(style_pb2.ListStylesRequest(page_token="x"), NO_CONTEXT)
