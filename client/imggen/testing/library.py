"""The fake's servicers of characters, stories and styles."""

from typing import Any, TypeAlias
from uuid import uuid4

import grpc.aio
from google.protobuf.field_mask_pb2 import FieldMask

from imggen.testing.memory import Memory, now, page_of
from imggen.testing.rejections import Check
from imggen.v1 import character_pb2, story_pb2, style_pb2
from imggen.v1.character_pb2 import Character
from imggen.v1.character_pb2_grpc import CharacterServiceServicer
from imggen.v1.errors_pb2 import ErrorReason
from imggen.v1.story_pb2 import Story
from imggen.v1.story_pb2_grpc import StoryServiceServicer
from imggen.v1.style_pb2_grpc import StyleServiceServicer

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"

_CHARACTER_FIELDS = (
    *("name", "age", "gender", "species", "hair", "eyes", "skin", "clothing"),
    *("features", "traits"),
)
_STORY_FIELDS = ("title", "style", "pages")


class Characters(CharacterServiceServicer):
    """The fake's servicer of characters."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    async def CreateCharacter(
        self, request: character_pb2.CreateCharacterRequest, context: Context
    ) -> character_pb2.CreateCharacterResponse:
        """Creates a character, or returns the one that the same request_id made."""
        check = Check()
        check.required("character.name", request.character.name)
        check.id("request_id", request.request_id, optional=True)
        check.done()
        return self._memory.once(request, request.request_id, lambda: self._create(request))

    def _create(
        self, request: character_pb2.CreateCharacterRequest
    ) -> character_pb2.CreateCharacterResponse:
        character = Character()
        character.CopyFrom(request.character)
        character.id = str(uuid4())
        character.description_version = 1
        character.created_at.CopyFrom(now())
        character.updated_at.CopyFrom(character.created_at)
        self._memory.characters[character.id] = character
        return character_pb2.CreateCharacterResponse(character=character)

    async def GetCharacter(
        self, request: character_pb2.GetCharacterRequest, context: Context
    ) -> character_pb2.GetCharacterResponse:
        """Returns a character; raises NotFound for an unknown or deleted one."""
        return character_pb2.GetCharacterResponse(character=self._find(request.character_id))

    async def UpdateCharacter(
        self, request: character_pb2.UpdateCharacterRequest, context: Context
    ) -> character_pb2.UpdateCharacterResponse:
        """Changes the fields that the mask names."""
        paths = _paths(request.update_mask, _CHARACTER_FIELDS)
        character = self._find(request.character.id, field="character.id")
        _replace(character, request.character, paths)
        character.updated_at.CopyFrom(now())
        if set(paths) - {"name"}:
            character.description_version += 1
            character.reference_stale = bool(character.reference_image_id)
        return character_pb2.UpdateCharacterResponse(character=character)

    async def ListCharacters(
        self, request: character_pb2.ListCharactersRequest, context: Context
    ) -> character_pb2.ListCharactersResponse:
        """Lists the characters, the newest first."""
        characters, token = page_of(self._memory.characters.values(), request)
        return character_pb2.ListCharactersResponse(characters=characters, next_page_token=token)

    async def DeleteCharacter(
        self, request: character_pb2.DeleteCharacterRequest, context: Context
    ) -> character_pb2.DeleteCharacterResponse:
        """Deletes a character; its images stay."""
        if request.character_id not in self._memory.deleted:
            self._memory.delete(self._memory.characters, self._find(request.character_id).id)
        return character_pb2.DeleteCharacterResponse()

    def _find(self, id: str, field: str = "character_id") -> Character:
        check = Check()
        check.id(field, id)
        check.done()
        return self._memory.character(id)


class Stories(StoryServiceServicer):
    """The fake's servicer of stories."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    async def CreateStory(
        self, request: story_pb2.CreateStoryRequest, context: Context
    ) -> story_pb2.CreateStoryResponse:
        """Creates a story, or returns the one that the same request_id made."""
        self._check(request.story, _STORY_FIELDS, request.request_id)
        return self._memory.once(request, request.request_id, lambda: self._create(request))

    def _create(self, request: story_pb2.CreateStoryRequest) -> story_pb2.CreateStoryResponse:
        story = Story()
        story.CopyFrom(request.story)
        story.id = str(uuid4())
        story.created_at.CopyFrom(now())
        story.updated_at.CopyFrom(story.created_at)
        self._memory.stories[story.id] = story
        return story_pb2.CreateStoryResponse(story=story)

    async def GetStory(
        self, request: story_pb2.GetStoryRequest, context: Context
    ) -> story_pb2.GetStoryResponse:
        """Returns a story; raises NotFound for an unknown or deleted one."""
        return story_pb2.GetStoryResponse(story=self._find(request.story_id))

    async def UpdateStory(
        self, request: story_pb2.UpdateStoryRequest, context: Context
    ) -> story_pb2.UpdateStoryResponse:
        """Changes the fields that the mask names."""
        paths = _paths(request.update_mask, _STORY_FIELDS)
        self._check(request.story, paths)
        story = self._find(request.story.id, field="story.id")
        _replace(story, request.story, paths)
        story.updated_at.CopyFrom(now())
        return story_pb2.UpdateStoryResponse(story=story)

    async def ListStories(
        self, request: story_pb2.ListStoriesRequest, context: Context
    ) -> story_pb2.ListStoriesResponse:
        """Lists the stories, the newest first."""
        stories, token = page_of(self._memory.stories.values(), request)
        return story_pb2.ListStoriesResponse(stories=stories, next_page_token=token)

    async def DeleteStory(
        self, request: story_pb2.DeleteStoryRequest, context: Context
    ) -> story_pb2.DeleteStoryResponse:
        """Deletes a story; its images stay."""
        if request.story_id not in self._memory.deleted:
            self._memory.delete(self._memory.stories, self._find(request.story_id).id)
        return story_pb2.DeleteStoryResponse()

    def _check(self, story: Story, paths: tuple[str, ...], request_id: str = "") -> None:
        check = Check()
        check.id("request_id", request_id, optional=True)
        if "title" in paths:
            check.required("story.title", story.title)
        if "style" in paths:
            check_style(check, self._memory, "story.style", story.style)
        if "pages" in paths:
            for number, page in enumerate(story.pages):
                check.required(f"story.pages[{number}].text", page.text)
                for place, id in enumerate(page.character_ids):
                    check.id(f"story.pages[{number}].character_ids[{place}]", id)
        check.done()
        for page in story.pages:
            for id in page.character_ids:
                self._memory.character(id)

    def _find(self, id: str, field: str = "story_id") -> Story:
        check = Check()
        check.id(field, id)
        check.done()
        return self._memory.story(id)


class Styles(StyleServiceServicer):
    """The fake's servicer of styles, which are those of the real service."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    async def ListStyles(
        self, request: style_pb2.ListStylesRequest, context: Context
    ) -> style_pb2.ListStylesResponse:
        """Lists the styles in the order of their ids."""
        styles, token = page_of(self._memory.styles, request, newest_first=False)
        return style_pb2.ListStylesResponse(styles=styles, next_page_token=token)


def check_style(check: Check, memory: Memory, field: str, style: str) -> None:
    """Adds a violation for an unknown style."""
    names = [known.id for known in memory.styles]
    check.choice(field, style, names, ErrorReason.ERROR_REASON_STYLE_UNKNOWN)


def _paths(mask: FieldMask, allowed: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the fields that a mask names; rejects a mask with none or with others."""
    if list(mask.paths) == ["*"]:
        return allowed
    check = Check()
    if not mask.paths or not set(mask.paths) <= set(allowed):
        check.bad(
            "update_mask",
            f"names {', '.join(mask.paths) or 'no field'}; use * or some of {', '.join(allowed)}",
            ErrorReason.ERROR_REASON_UPDATE_MASK_INVALID,
        )
    check.done()
    return tuple(mask.paths)


def _replace(target: Character | Story, source: Character | Story, paths: tuple[str, ...]) -> None:
    """Copies the fields; fields unset in the source become unset."""
    for path in paths:
        target.ClearField(path)  # type: ignore[arg-type] # the mask was checked
    FieldMask(paths=list(paths)).MergeMessage(source, target, True, True)
