"""The fake's servicers of characters, stories and styles."""

from typing import Any, TypeAlias, TypeVar

import grpc.aio

from imggen.fields import short_names
from imggen.rules import characters, stories
from imggen.rules.checks import Checks
from imggen.rules.filters import wanted
from imggen.rules.masks import masked_fields
from imggen.rules.missing import missing_page
from imggen.rules.paging import read_page
from imggen.rules.states import etag_mismatch
from imggen.rules.stories import kept_ids
from imggen.testing.catalogue import STYLES
from imggen.testing.lists import page_of
from imggen.testing.memory import Memory, etag_of, new_id, now, read_key
from imggen.testing.shown import shown_character, shown_story
from imggen.v1 import character_pb2, story_pb2, style_pb2
from imggen.v1.character_pb2 import Character
from imggen.v1.character_pb2_grpc import CharacterServiceServicer
from imggen.v1.story_pb2 import Page, Story, StoryView
from imggen.v1.story_pb2_grpc import StoryServiceServicer
from imggen.v1.style_pb2_grpc import StyleServiceServicer

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
Thing = TypeVar("Thing", Character, Story)

_STYLE_IDS = [style.id for style in STYLES]
_VIEWS = short_names(StoryView)


class Characters(CharacterServiceServicer):
    """The fake's servicer of characters."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    async def CreateCharacter(
        self, request: character_pb2.CreateCharacterRequest, context: Context
    ) -> character_pb2.CreateCharacterResponse:
        """Creates a character, or returns the one that the same request_id made."""
        checks = Checks()
        read = characters.read_character(checks, request.character, characters.SETTABLE)
        key = read_key(checks, request.request_id)

        def create() -> str:
            checks.done()
            read.id = new_id()
            read.description_version = 1
            _touch(read)
            self._memory.characters.add(read.id, read)
            return read.id

        made = self._memory.once("CreateCharacter", key, request, create)
        character = self._show(self._memory.characters.ever(made))
        return character_pb2.CreateCharacterResponse(character=character)

    async def GetCharacter(
        self, request: character_pb2.GetCharacterRequest, context: Context
    ) -> character_pb2.GetCharacterResponse:
        """Returns a character; raises NotFound for an unknown or deleted one."""
        character = self._memory.characters[_id("character_id", request.character_id)]
        return character_pb2.GetCharacterResponse(character=self._show(character))

    async def UpdateCharacter(
        self, request: character_pb2.UpdateCharacterRequest, context: Context
    ) -> character_pb2.UpdateCharacterResponse:
        """Changes the fields that the mask names, or those that are set."""
        checks, given = Checks(), request.character
        asked = checks.id("character.id", given.id, str)
        names = masked_fields(checks, request.update_mask, given, characters.SETTABLE)
        read = characters.read_character(checks, given, names)
        character = self._memory.characters[checks.complete(asked)]
        changed = _with(character, read, names)
        if changed != character:
            if given.etag not in ("", character.etag):
                raise etag_mismatch("character", character.id)
            character.CopyFrom(changed)
            character.description_version += 1
            _touch(character)
        return character_pb2.UpdateCharacterResponse(character=self._show(character))

    async def ListCharacters(
        self, request: character_pb2.ListCharactersRequest, context: Context
    ) -> character_pb2.ListCharactersResponse:
        """Lists the characters, the newest first."""
        checks = Checks()
        asked = read_page(checks, request)
        every = [(number, self._show(each)) for number, each in self._memory.characters.newest()]
        page, token = page_of(checks, request, asked, every)
        return character_pb2.ListCharactersResponse(characters=page, next_page_token=token)

    async def DeleteCharacter(
        self, request: character_pb2.DeleteCharacterRequest, context: Context
    ) -> character_pb2.DeleteCharacterResponse:
        """Deletes a character; its images stay."""
        self._memory.characters.delete(_id("character_id", request.character_id))
        return character_pb2.DeleteCharacterResponse()

    def _show(self, character: Character) -> Character:
        return shown_character(self._memory, character)


class Stories(StoryServiceServicer):
    """The fake's servicer of stories."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    async def CreateStory(
        self, request: story_pb2.CreateStoryRequest, context: Context
    ) -> story_pb2.CreateStoryResponse:
        """Creates a story, or returns the one that the same request_id made."""
        checks = Checks()
        read = stories.read_story(checks, request.story, stories.SETTABLE, _STYLE_IDS)
        key = read_key(checks, request.request_id)

        def create() -> str:
            checks.done()
            self._check_characters(read)
            read.id = new_id()
            _number(read)
            _touch(read)
            self._memory.stories.add(read.id, read)
            return read.id

        made = self._memory.once("CreateStory", key, request, create)
        story = shown_story(self._memory.stories.ever(made))
        return story_pb2.CreateStoryResponse(story=story)

    async def GetStory(
        self, request: story_pb2.GetStoryRequest, context: Context
    ) -> story_pb2.GetStoryResponse:
        """Returns a story; raises NotFound for an unknown or deleted one."""
        story = self._memory.stories[_id("story_id", request.story_id)]
        return story_pb2.GetStoryResponse(story=shown_story(story))

    async def UpdateStory(
        self, request: story_pb2.UpdateStoryRequest, context: Context
    ) -> story_pb2.UpdateStoryResponse:
        """Changes the fields that the mask names, or those that are set."""
        checks, given = Checks(), request.story
        asked = checks.id("story.id", given.id, str)
        names = masked_fields(checks, request.update_mask, given, stories.SETTABLE)
        read = stories.read_story(checks, given, names, _STYLE_IDS)
        if "pages" in names:
            for page, page_id in zip(
                read.pages, stories.read_page_ids(checks, given.pages), strict=True
            ):
                page.id = page_id
        story = self._memory.stories[checks.complete(asked)]
        changed = _with(story, read, names)
        _keep_pages(changed, story)
        if changed != story:
            self._check(changed, story, given.etag)
            story.CopyFrom(changed)
            _number(story)
            _touch(story)
        return story_pb2.UpdateStoryResponse(story=shown_story(story))

    async def ListStories(
        self, request: story_pb2.ListStoriesRequest, context: Context
    ) -> story_pb2.ListStoriesResponse:
        """Lists the stories, the newest first."""
        checks = Checks()
        asked = read_page(checks, request)
        wanted(checks, "view", request.view, _VIEWS)
        every = [
            (number, shown_story(each, request.view))
            for number, each in self._memory.stories.newest()
        ]
        page, token = page_of(checks, request, asked, every)
        return story_pb2.ListStoriesResponse(stories=page, next_page_token=token)

    async def DeleteStory(
        self, request: story_pb2.DeleteStoryRequest, context: Context
    ) -> story_pb2.DeleteStoryResponse:
        """Deletes a story; its images stay."""
        self._memory.stories.delete(_id("story_id", request.story_id))
        return story_pb2.DeleteStoryResponse()

    def _check(self, changed: Story, story: Story, etag: str) -> None:
        if etag not in ("", story.etag):
            raise etag_mismatch("story", story.id)
        known = {page.id for page in story.pages}
        for page in changed.pages:
            if page.id and page.id not in known:
                raise missing_page(page.id)
        self._check_characters(changed, stored=story)

    def _check_characters(self, story: Story, stored: Story | None = None) -> None:
        known = _characters(stored) if stored else set()
        for one in sorted(_characters(story) - known):
            _ = self._memory.characters[one]


class Styles(StyleServiceServicer):
    """The fake's servicer of styles, which are those of the service."""

    async def ListStyles(
        self, request: style_pb2.ListStylesRequest, context: Context
    ) -> style_pb2.ListStylesResponse:
        """Lists the styles in the order of their ids."""
        checks = Checks()
        asked = read_page(checks, request)
        every = zip(range(len(STYLES), 0, -1), STYLES, strict=True)
        styles, token = page_of(checks, request, asked, every)
        return style_pb2.ListStylesResponse(styles=styles, next_page_token=token)


def _id(field: str, value: str) -> str:
    checks = Checks()
    return checks.complete(checks.id(field, value, str))


def _touch(thing: Character | Story) -> None:
    """Gives a new or changed object its times and another etag."""
    thing.updated_at.CopyFrom(now())
    if not thing.HasField("created_at"):
        thing.created_at.CopyFrom(thing.updated_at)
    thing.etag = etag_of(thing.id)


def _characters(story: Story) -> set[str]:
    return {*story.character_ids, *(one for page in story.pages for one in page.character_ids)}


def _number(story: Story) -> None:
    """Gives new pages their ids."""
    for page in story.pages:
        page.id = page.id or new_id()


def _keep_pages(changed: Story, story: Story) -> None:
    """Gives pages without an id those of equal pages, if all are as they were."""
    ids = kept_ids(
        [(page.id, _content(page)) for page in story.pages],
        [(page.id or None, _content(page)) for page in changed.pages],
    )
    for page, id_ in zip(changed.pages, ids, strict=True):
        page.id = id_ or ""


def _content(page: Page) -> Page:
    content = Page()
    content.CopyFrom(page)
    content.ClearField("id")
    return content


def _with(thing: Thing, read: Thing, names: tuple[str, ...]) -> Thing:
    """Returns a copy with the named fields of another; those unset there become unset."""
    changed = type(thing)()
    changed.CopyFrom(thing)
    for name in names:
        changed.ClearField(name)  # type: ignore[arg-type]  # the mask was checked
    changed.MergeFrom(read)
    return changed
