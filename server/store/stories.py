"""Stories of users, with their pages."""

from collections.abc import Sequence
from uuid import UUID

from server.domain.ids import CharacterId, PageId, StoryId, UserId
from server.domain.jobs import RequestKey
from server.domain.paging import Listing, PageRequest
from server.domain.stories import Draft, Page, Story
from server.store.database import Executor, Record
from server.store.lists import Arguments, Filters, Source, fetch_page

_SELECT = """
SELECT s.*, (
  SELECT jsonb_agg(jsonb_build_array(p.text, p.scene_description, p.character_ids, p.id)
    ORDER BY p.page_number)
  FROM story_pages p WHERE p.story_id = s.id AND p.page_number <= s.page_count
) AS pages
FROM stories s
"""

# Pages are one JSON parameter, since SQL arrays of arrays must have equal lengths.
_PAGES = """
INSERT INTO story_pages (story_id, page_number, text, scene_description, character_ids)
SELECT story.id, page.number, page.value ->> 0, page.value ->> 1,
  ARRAY(SELECT jsonb_array_elements_text(page.value -> 2)::uuid)
FROM story, jsonb_array_elements({pages}) WITH ORDINALITY AS page (value, number)
"""

_CREATE = f"""
WITH story AS (
  INSERT INTO stories (user_id, title, style, request_id, request_hash, page_count)
  VALUES ($1, $2, $3, $4, $5, jsonb_array_length($6))
  ON CONFLICT (user_id, request_id) WHERE request_id IS NOT NULL DO NOTHING
  RETURNING id
), pages AS ({_PAGES.format(pages="$6")})
SELECT id FROM story
"""

# A page that stays is changed in place: one statement sees the table as it was before it,
# so deleting and inserting the same page would collide. For the same reason two updates at
# once cannot see each other's pages, and `page_count` says which pages count.
_UPDATE = f"""
WITH story AS (
  UPDATE stories SET title = coalesce($3, title), style = coalesce($4, style),
    page_count = coalesce(jsonb_array_length($5), page_count), updated_at = now()
  WHERE id = $1 AND user_id = $2 AND deleted_at IS NULL RETURNING id
), gone AS (
  DELETE FROM story_pages p USING story
  WHERE p.story_id = story.id AND p.page_number > jsonb_array_length($5)
), pages AS ({_PAGES.format(pages="$5")}
  ON CONFLICT (story_id, page_number) DO UPDATE SET text = excluded.text,
    scene_description = excluded.scene_description, character_ids = excluded.character_ids
)
SELECT id FROM story
"""


class Stories:
    """Runs the statements on stories; each is scoped to its user."""

    def __init__(self, database: Executor) -> None:
        self._database = database

    async def create(
        self, user: UserId, draft: Draft, request: RequestKey | None
    ) -> StoryId | None:
        """Stores a story; returns None when the request_id is taken."""
        row = await self._database.fetchrow(
            _CREATE,
            user,
            draft.title,
            draft.style,
            request.id if request else None,
            request.digest if request else None,
            _pages(draft.pages),
        )
        return None if row is None else StoryId(row["id"])

    async def replay(self, user: UserId, request: RequestKey) -> tuple[Story, bool] | None:
        """Returns the story of a request_id, and whether it came from the same request.

        A deleted one too, since the answer to a request stays the same.
        """
        row = await self._database.fetchrow(
            f"{_SELECT} WHERE s.user_id = $1 AND s.request_id = $2", user, request.id
        )
        return None if row is None else (_story(row), row["request_hash"] == request.digest)

    async def get(self, user: UserId, story: StoryId) -> Story | None:
        """Returns a story of the user that is not deleted."""
        row = await self._database.fetchrow(
            f"{_SELECT} WHERE s.id = $1 AND s.user_id = $2 AND s.deleted_at IS NULL", story, user
        )
        return None if row is None else _story(row)

    async def page(self, user: UserId, page: PageRequest) -> Listing[Story]:
        """Lists the user's stories, the newest first."""
        arguments = Arguments()
        where = f"user_id = {arguments.add(user, 'uuid')} AND deleted_at IS NULL"
        filters = Filters([Source("stories", where)])
        return await fetch_page(self._database, _SELECT, filters, arguments, page, _story)

    async def update(
        self,
        user: UserId,
        story: StoryId,
        *,
        title: str | None = None,
        style: str | None = None,
        pages: Sequence[Page] | None = None,
    ) -> bool:
        """Changes the fields that are given; returns False when the user has no such story."""
        row = await self._database.fetchrow(
            _UPDATE, story, user, title, style, None if pages is None else _pages(pages)
        )
        return row is not None

    async def delete(self, user: UserId, story: StoryId) -> bool:
        """Hides a story permanently; returns False when the user never had it.

        One that is hidden already stays so.
        """
        row = await self._database.fetchrow(
            "UPDATE stories SET deleted_at = coalesce(deleted_at, now())"
            " WHERE id = $1 AND user_id = $2 RETURNING id",
            story,
            user,
        )
        return row is not None


def _pages(pages: Sequence[Page]) -> list[list[object]]:
    return [
        [page.text, page.scene_description, [str(one) for one in page.character_ids]]
        for page in pages
    ]


def _story(row: Record) -> Story:
    return Story(
        id=row["id"],
        draft=Draft(
            title=row["title"],
            style=row["style"],
            pages=tuple(
                Page(
                    text,
                    scene,
                    tuple(CharacterId(UUID(one)) for one in characters),
                    PageId(UUID(id)),
                )
                for text, scene, characters, id in row["pages"] or []
            ),
        ),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
