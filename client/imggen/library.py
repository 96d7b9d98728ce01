"""The client's methods for characters, stories and styles."""

from collections.abc import AsyncGenerator
from typing import Unpack

from google.protobuf.field_mask_pb2 import FieldMask

from imggen.boundary import bounded
from imggen.calls import Calls, or_new
from imggen.errors import NotFound
from imggen.fields import (
    CharacterFields,
    StoryFields,
    StoryViewName,
    character_with,
    check_whole,
    id_of,
    number_of,
    story_with,
)
from imggen.paging import pages
from imggen.v1 import character_pb2, story_pb2, style_pb2
from imggen.v1.character_pb2 import Character
from imggen.v1.errors_pb2 import ErrorReason
from imggen.v1.story_pb2 import Page, Story, StoryView
from imggen.v1.style_pb2 import Style


@bounded
class LibraryCalls(Calls):
    """The methods of `Client` for characters, stories and styles."""

    async def create_character(
        self,
        character: Character | None = None,
        /,
        *,
        request_id: str | None = None,
        **fields: Unpack[CharacterFields],
    ) -> Character:
        """Creates a character from a message, fields, or a message with changed fields."""
        request = character_pb2.CreateCharacterRequest(
            character=character_with(character, fields), request_id=or_new(request_id)
        )
        return (await self._call(self._connection.characters.CreateCharacter, request)).character

    async def get_character(self, character: Character | str) -> Character:
        """Gets a character; raises NotFound for a deleted or another user's."""
        request = character_pb2.GetCharacterRequest(character_id=id_of(character))
        return (await self._call(self._connection.characters.GetCharacter, request)).character

    async def update_character(
        self, character: Character | str, /, **fields: Unpack[CharacterFields]
    ) -> Character:
        """Changes the given fields of a character; a message without fields changes all.

        A message that was read before is changed only if it is still the newest version; an id
        is changed in any case.

        Raises:
            Aborted: The character has changed since the message was read.
        """
        request = character_pb2.UpdateCharacterRequest(
            character=character_with(character, fields),
            update_mask=FieldMask(paths=list(fields) or ["*"]),
        )
        return (await self._call(self._connection.characters.UpdateCharacter, request)).character

    def list_characters(self, *, page_size: int = 0) -> AsyncGenerator[Character, None]:
        """Yields all characters, the newest first, fetching pages as needed."""
        request = character_pb2.ListCharactersRequest(page_size=page_size)
        return pages(
            lambda: self._call(self._connection.characters.ListCharacters, request),
            request,
            lambda page: page.characters,
        )

    async def delete_character(self, character: Character | str) -> None:
        """Deletes a character; its images stay."""
        request = character_pb2.DeleteCharacterRequest(character_id=id_of(character))
        await self._call(self._connection.characters.DeleteCharacter, request)

    async def create_story(
        self,
        story: Story | None = None,
        /,
        *,
        request_id: str | None = None,
        **fields: Unpack[StoryFields],
    ) -> Story:
        """Creates a story from a message, fields, or a message with changed fields."""
        if "pages" not in fields:
            check_whole(story)
        request = story_pb2.CreateStoryRequest(
            story=story_with(story, fields), request_id=or_new(request_id)
        )
        return (await self._call(self._connection.stories.CreateStory, request)).story

    async def get_story(self, story: Story | str) -> Story:
        """Gets a story with its pages; raises NotFound for a deleted or another user's."""
        request = story_pb2.GetStoryRequest(story_id=id_of(story))
        return (await self._call(self._connection.stories.GetStory, request)).story

    async def page(self, story: Story | str, number: int) -> Page:
        """Gets a page of a story by the number that it has now, counted from 1.

        Raises:
            NotFound: The story has no such page.
        """
        found = (await self.get_story(story)).pages
        if number not in range(1, len(found) + 1):
            raise NotFound(
                f"page: the story has no page {number}; it has {len(found)}, counted from 1",
                ErrorReason.ERROR_REASON_PAGE_NOT_FOUND,
                metadata={"story_id": id_of(story)},
            )
        return found[number - 1]

    async def _known_page(self, story: Story | str, page: Page | str | int) -> Page | str:
        """Returns a page that is given as itself, by its id, or by its number now."""
        return await self.page(story, page) if isinstance(page, int) else page

    async def update_story(self, story: Story | str, /, **fields: Unpack[StoryFields]) -> Story:
        """Changes the given fields of a story; a message without fields changes all.

        A message that was read before is changed only if it is still the newest version; an id
        is changed in any case. `pages` replace all; those of a message keep their ids, and with
        them their images.

        Raises:
            Aborted: The story has changed since the message was read.
        """
        if not fields:
            check_whole(story)
        request = story_pb2.UpdateStoryRequest(
            story=story_with(story, fields), update_mask=FieldMask(paths=list(fields) or ["*"])
        )
        return (await self._call(self._connection.stories.UpdateStory, request)).story

    def list_stories(
        self,
        *,
        view: StoryView.ValueType | StoryViewName = StoryView.STORY_VIEW_UNSPECIFIED,
        page_size: int = 0,
    ) -> AsyncGenerator[Story, None]:
        """Yields all stories, the newest first; without their pages unless the view is `full`."""
        request = story_pb2.ListStoriesRequest(view=number_of(StoryView, view), page_size=page_size)
        return pages(
            lambda: self._call(self._connection.stories.ListStories, request),
            request,
            lambda page: page.stories,
        )

    async def delete_story(self, story: Story | str) -> None:
        """Deletes a story; its images stay."""
        request = story_pb2.DeleteStoryRequest(story_id=id_of(story))
        await self._call(self._connection.stories.DeleteStory, request)

    def styles(self) -> AsyncGenerator[Style, None]:
        """Yields all styles, in alphabetical order of their ids."""
        request = style_pb2.ListStylesRequest()
        return pages(
            lambda: self._call(self._connection.styles.ListStyles, request),
            request,
            lambda page: page.styles,
        )
