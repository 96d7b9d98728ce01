"""StoryService: creates, lists, updates and deletes stories."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from imggen.rules.checks import Checks
from imggen.rules.masks import masked_fields
from imggen.rules.stories import SETTABLE, read_story
from imggen.v1 import story_pb2, story_pb2_grpc
from server.admission.replay import once
from server.admission.users import KnownUsers
from server.domain.ids import CharacterId, StoryId, UserId
from server.domain.stories import Draft, Page, Story
from server.domain.styles import Style
from server.identity.caller import Context, caller
from server.replies import messages
from server.replies.pages import fitting
from server.requests.missing import missing_character, missing_story
from server.requests.page_tokens import page_request, page_token
from server.requests.request_key import request_key
from server.store import Store


class StoryService(story_pb2_grpc.StoryServiceServicer):
    """Keeps callers' stories."""

    def __init__(self, store: Store, users: KnownUsers, styles: Sequence[Style]) -> None:
        self._store = store
        self._users = users
        self._styles = {style.id: style for style in sorted(styles, key=lambda style: style.id)}

    async def CreateStory(
        self, request: story_pb2.CreateStoryRequest, context: Context
    ) -> story_pb2.CreateStoryResponse:
        """Creates a story, or returns the one that the same request_id made."""
        checks, who = Checks(), caller()
        given = {field.name for field, _ in request.story.ListFields()}
        for name in ("id", "created_at", "updated_at"):
            checks.empty(f"story.{name}", name in given)
        read = read_story(checks, request.story, SETTABLE, self._styles)
        key = request_key(checks, request)

        async def create() -> Story | None:
            checks.done()
            draft = Draft(**_fields(read, SETTABLE))
            await self._check_characters(who.user_id, draft.pages)
            await self._users.ensure(who)
            created = await self._store.stories.create(who.user_id, draft, key)
            return await self._story(who.user_id, created) if created else None

        story = await once(who.user_id, key, self._store.stories.replay, create)
        return story_pb2.CreateStoryResponse(story=messages.story(story))

    async def GetStory(
        self, request: story_pb2.GetStoryRequest, context: Context
    ) -> story_pb2.GetStoryResponse:
        """Returns a story with its pages; raises NotFound for a deleted or another user's."""
        story = await self._story(caller().user_id, _story_id(request.story_id))
        return story_pb2.GetStoryResponse(story=messages.story(story))

    async def UpdateStory(
        self, request: story_pb2.UpdateStoryRequest, context: Context
    ) -> story_pb2.UpdateStoryResponse:
        """Changes the fields that the mask names."""
        checks, user = Checks(), caller().user_id
        asked = checks.id("story.id", request.story.id, StoryId)
        names = masked_fields(checks, request.update_mask, SETTABLE)
        read = read_story(checks, request.story, names, self._styles)
        story_id = checks.complete(asked)
        fields = _fields(read, names)
        await self._story(user, story_id)
        await self._check_characters(user, fields.get("pages", ()))
        if not await self._store.stories.update(user, story_id, **fields):
            raise missing_story(story_id)
        story = await self._story(user, story_id)
        return story_pb2.UpdateStoryResponse(story=messages.story(story))

    async def ListStories(
        self, request: story_pb2.ListStoriesRequest, context: Context
    ) -> story_pb2.ListStoriesResponse:
        """Returns a page of stories."""
        checks = Checks()
        page = checks.complete(page_request(checks, request))
        listing = await self._store.stories.page(caller().user_id, page)
        shown, last = fitting(listing, [messages.story(story) for story in listing.rows])
        return story_pb2.ListStoriesResponse(
            stories=shown, next_page_token=page_token(request, last)
        )

    async def DeleteStory(
        self, request: story_pb2.DeleteStoryRequest, context: Context
    ) -> story_pb2.DeleteStoryResponse:
        """Hides a story."""
        story_id = _story_id(request.story_id)
        if not await self._store.stories.delete(caller().user_id, story_id):
            raise missing_story(story_id)
        return story_pb2.DeleteStoryResponse()

    async def _story(self, user: UserId, story_id: StoryId) -> Story:
        found = await self._store.stories.get(user, story_id)
        if found is None:
            raise missing_story(story_id)
        return found

    async def _check_characters(self, user: UserId, pages: Sequence[Page]) -> None:
        named = {one for page in pages for one in page.character_ids}
        found = await self._store.characters.get_many(user, list(named)) if named else {}
        for one in sorted(named - found.keys()):
            raise missing_character(one)


def _story_id(value: str) -> StoryId:
    checks = Checks()
    return checks.complete(checks.id("story_id", value, StoryId))


def _fields(story: story_pb2.Story, names: Sequence[str]) -> dict[str, Any]:
    """Returns the named fields of a story as those of its Draft."""
    fields: dict[str, Any] = {name: getattr(story, name) for name in names}
    if "pages" in fields:
        fields["pages"] = tuple(_page(page) for page in story.pages)
    return fields


def _page(page: story_pb2.Page) -> Page:
    characters = tuple(CharacterId(UUID(one)) for one in page.character_ids)
    return Page(page.text, page.scene_description, characters)
