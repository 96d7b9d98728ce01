"""StoryService: creates, lists, updates and deletes stories."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from imggen.fields import short_names
from imggen.rules.checks import Checks
from imggen.rules.filters import wanted
from imggen.rules.masks import masked_fields
from imggen.rules.missing import missing_story
from imggen.rules.paging import PAGE_BYTES
from imggen.rules.stories import SETTABLE, read_page_ids, read_story
from imggen.v1 import story_pb2, story_pb2_grpc
from server.admission.edits import Edits, check_characters
from server.admission.replay import once
from server.admission.texts import TextAdmission
from server.admission.users import KnownUsers
from server.domain.ids import CharacterId, PageId, StoryId, UserId
from server.domain.stories import Draft, Page, Story
from server.domain.styles import Style
from server.domain.texts import texts_of_story
from server.identity.caller import Context, caller
from server.replies import messages
from server.replies.pages import fitting
from server.requests.page_tokens import page_request, page_token
from server.requests.request_key import request_key
from server.requests.scenes import scene_of
from server.store import Store

_VIEWS = short_names(story_pb2.StoryView)


class StoryService(story_pb2_grpc.StoryServiceServicer):
    """Keeps callers' stories."""

    def __init__(
        self, store: Store, users: KnownUsers, texts: TextAdmission, styles: Sequence[Style]
    ) -> None:
        self._store = store
        self._texts = texts
        self._edits = Edits(store, texts)
        self._users = users
        self._styles = {style.id: style for style in sorted(styles, key=lambda style: style.id)}

    async def CreateStory(
        self, request: story_pb2.CreateStoryRequest, context: Context
    ) -> story_pb2.CreateStoryResponse:
        """Creates a story, or returns the one that the same request_id made."""
        checks, who = Checks(), caller()
        read = read_story(checks, request.story, SETTABLE, self._styles)
        key = request_key(checks, request)

        async def create() -> Story | None:
            checks.done()
            draft = Draft(**_fields(read, SETTABLE))
            await check_characters(self._store, who.user_id, draft)
            await self._texts.admit(who.user_id, texts_of_story(draft), self._store)
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
        """Changes the fields that the mask names, or those that are set."""
        checks, given = Checks(), request.story
        asked = checks.id("story.id", given.id, StoryId)
        names = masked_fields(checks, request.update_mask, given, SETTABLE)
        read = read_story(checks, given, names, self._styles)
        if "pages" in names:
            page_ids = read_page_ids(checks, given.pages)
            for page, page_id in zip(read.pages, page_ids, strict=True):
                page.id = page_id
        story_id = checks.complete(asked)
        changes = _fields(read, names)
        story = await self._edits.story(caller().user_id, story_id, changes, given.etag)
        return story_pb2.UpdateStoryResponse(story=messages.story(story))

    async def ListStories(
        self, request: story_pb2.ListStoriesRequest, context: Context
    ) -> story_pb2.ListStoriesResponse:
        """Returns a page of stories, by default without their pages."""
        checks, user, stories = Checks(), caller().user_id, self._store.stories
        asked = page_request(checks, request)
        wanted(checks, "view", request.view, _VIEWS)
        page = checks.complete(asked)
        if request.view == story_pb2.STORY_VIEW_FULL:
            listing = await stories.page_whole(user, page, PAGE_BYTES)
        else:
            listing = await stories.page(user, page)
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


def _story_id(value: str) -> StoryId:
    checks = Checks()
    return checks.complete(checks.id("story_id", value, StoryId))


def _fields(story: story_pb2.Story, names: Sequence[str]) -> dict[str, Any]:
    """Returns the named fields of a story as those of its Draft."""
    fields: dict[str, Any] = {name: getattr(story, name) for name in names}
    if "character_ids" in fields:
        cast = fields.pop("character_ids")
        fields["cast"] = tuple(CharacterId(UUID(one)) for one in cast)
    if "pages" in fields:
        fields["pages"] = tuple(_page(page) for page in story.pages)
    return fields


def _page(page: story_pb2.Page) -> Page:
    return Page(
        page.text,
        page.scene_description,
        tuple(CharacterId(UUID(one)) for one in page.character_ids),
        PageId(UUID(page.id)) if page.id else None,
        scene_of(page.scene) if page.HasField("scene") else None,
    )
