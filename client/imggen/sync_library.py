"""The synchronous client's methods for characters, stories and styles."""

from collections.abc import Iterator
from typing import Unpack

from imggen.boundary import bounded
from imggen.fields import CharacterFields, StoryFields, StoryViewName
from imggen.library import LibraryCalls
from imggen.looping import LoopThread
from imggen.v1.character_pb2 import Character
from imggen.v1.story_pb2 import Page, Story, StoryView
from imggen.v1.style_pb2 import Style


@bounded
class SyncLibraryCalls:
    """The methods of `SyncClient` for characters, stories and styles."""

    _client: LibraryCalls
    _loop: LoopThread

    def create_character(
        self,
        character: Character | None = None,
        /,
        *,
        request_id: str | None = None,
        **fields: Unpack[CharacterFields],
    ) -> Character:
        """Creates a character from a message, fields, or a message with changed fields."""
        return self._loop.run(
            self._client.create_character(character, request_id=request_id, **fields)
        )

    def get_character(self, character: Character | str) -> Character:
        """Gets a character; raises NotFound for a deleted or another user's."""
        return self._loop.run(self._client.get_character(character))

    def update_character(
        self, character: Character | str, /, **fields: Unpack[CharacterFields]
    ) -> Character:
        """Changes the given fields of a character; a message without fields changes all.

        A message that was read before is changed only if it is still the newest version; an id
        is changed in any case.

        Raises:
            Aborted: The character has changed since the message was read.
        """
        return self._loop.run(self._client.update_character(character, **fields))

    def list_characters(self, *, page_size: int = 0) -> Iterator[Character]:
        """Yields all characters, the newest first, fetching pages as needed."""
        return self._loop.iterate(self._client.list_characters(page_size=page_size))

    def delete_character(self, character: Character | str) -> None:
        """Deletes a character; its images stay."""
        self._loop.run(self._client.delete_character(character))

    def create_story(
        self,
        story: Story | None = None,
        /,
        *,
        request_id: str | None = None,
        **fields: Unpack[StoryFields],
    ) -> Story:
        """Creates a story from a message, fields, or a message with changed fields."""
        return self._loop.run(self._client.create_story(story, request_id=request_id, **fields))

    def get_story(self, story: Story | str) -> Story:
        """Gets a story with its pages; raises NotFound for a deleted or another user's."""
        return self._loop.run(self._client.get_story(story))

    def page(self, story: Story | str, number: int) -> Page:
        """Gets a page of a story by the number that it has now, counted from 1.

        Raises:
            NotFound: The story has no such page.
        """
        return self._loop.run(self._client.page(story, number))

    def update_story(self, story: Story | str, /, **fields: Unpack[StoryFields]) -> Story:
        """Changes the given fields of a story; a message without fields changes all.

        A message that was read before is changed only if it is still the newest version; an id
        is changed in any case. `pages` replace all; those of a message keep their ids, and with
        them their images.

        Raises:
            Aborted: The story has changed since the message was read.
        """
        return self._loop.run(self._client.update_story(story, **fields))

    def list_stories(
        self,
        *,
        view: StoryView.ValueType | StoryViewName = StoryView.STORY_VIEW_UNSPECIFIED,
        page_size: int = 0,
    ) -> Iterator[Story]:
        """Yields all stories, the newest first; without their pages unless the view is `full`."""
        return self._loop.iterate(self._client.list_stories(view=view, page_size=page_size))

    def delete_story(self, story: Story | str) -> None:
        """Deletes a story; its images stay."""
        self._loop.run(self._client.delete_story(story))

    def styles(self) -> Iterator[Style]:
        """Yields all styles, in alphabetical order of their ids."""
        return self._loop.iterate(self._client.styles())
