"""Stories of users, with their pages."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from server.domain.ids import CharacterId, PageId, StoryId, UserId
from server.domain.jobs import RequestKey
from server.domain.paging import LastRow, Listing, PageRequest
from server.domain.scenes import scene_json, scene_of_json
from server.domain.stories import Draft, Page, Story
from server.store.database import Executor, Record
from server.store.lists import (
    MOST_ROWS,
    Arguments,
    Filters,
    Source,
    fetch_page,
    place_after,
)

_WITH_PAGES = """
SELECT s.*, (
  SELECT jsonb_agg(jsonb_build_array(p.text, p.scene_description, p.character_ids, p.id,
    p.scene) ORDER BY p.page_number)
  FROM story_pages p WHERE p.story_id = s.id AND p.page_number <= s.page_count
) AS pages
FROM
"""

# `more` says whether the list goes on after a story.
_BOUNDED = """
SELECT * FROM (
  SELECT stories.*, row_number() OVER newest AS place, lead(true, 1, false) OVER newest AS more,
    sum(page_bytes + octet_length(title) + 200) OVER newest AS bytes_so_far
  FROM ({newest}) AS listed JOIN stories USING (created_at, id)
  WINDOW newest AS (ORDER BY created_at DESC, id DESC)
) AS listed
WHERE place <= {size} AND (bytes_so_far <= {octets} OR place = 1)
"""

# Pages are one JSON parameter, since SQL arrays of arrays must have equal lengths.
_PAGES = """
INSERT INTO story_pages (story_id, page_number, text, scene_description, character_ids, id,
  scene)
SELECT story.id, page.number, page.value ->> 0, page.value ->> 1,
  ARRAY(SELECT jsonb_array_elements_text(page.value -> 2)::uuid),
  coalesce((page.value ->> 3)::uuid, gen_random_uuid()), nullif(page.value -> 4, 'null')
FROM story, jsonb_array_elements({pages}) WITH ORDINALITY AS page (value, number)
"""

_CREATE = f"""
WITH story AS (
  INSERT INTO stories (user_id, title, style, request_id, request_hash, page_count, page_bytes,
    character_ids)
  VALUES ($1, $2, $3, $4, $5, jsonb_array_length($6), $7, $8)
  ON CONFLICT (user_id, request_id) WHERE request_id IS NOT NULL DO NOTHING
  RETURNING id
), pages AS ({_PAGES.format(pages="$6")})
SELECT id FROM story
"""

_UPDATE = """
UPDATE stories SET title = $2, style = $3, page_count = $4, page_bytes = $5,
  character_ids = $6, revision = revision + 1, updated_at = clock_timestamp()
WHERE id = $1
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
            _json(draft.pages),
            draft.octets,
            draft.cast,
        )
        return None if row is None else StoryId(row["id"])

    async def replay(self, user: UserId, request: RequestKey) -> tuple[Story, bool] | None:
        """Returns the story of a request_id, and whether it came from the same request.

        A deleted one too, since the answer to a request stays the same.
        """
        row = await self._database.fetchrow(
            f"{_WITH_PAGES} stories s WHERE s.user_id = $1 AND s.request_id = $2", user, request.id
        )
        return None if row is None else (_story(row), row["request_hash"] == request.digest)

    async def get(self, user: UserId, story: StoryId) -> Story | None:
        """Returns a story of the user that is not deleted."""
        row = await self._database.fetchrow(
            f"{_WITH_PAGES} stories s WHERE s.id = $1 AND s.user_id = $2 AND s.deleted_at IS NULL",
            story,
            user,
        )
        return None if row is None else _story(row)

    async def page(self, user: UserId, page: PageRequest) -> Listing[Story]:
        """Lists the user's stories without their pages, the newest first."""
        arguments = Arguments()
        filters, rows = Filters([_own(arguments, user)]), "SELECT * FROM stories"
        return await fetch_page(self._database, rows, filters, arguments, page, _story)

    async def page_whole(self, user: UserId, page: PageRequest, octets: int) -> Listing[Story]:
        """Lists the user's stories with their pages, the newest first.

        Together they have at most that many bytes, unless the first one has more.
        """
        arguments = Arguments()
        bounded = _BOUNDED.format(
            newest=_own(arguments, user).newest(place_after(arguments, page), MOST_ROWS),
            size=arguments.add(page.size, "bigint"),
            octets=arguments.add(octets, "bigint"),
        )
        rows = await self._database.fetch(
            f"{_WITH_PAGES} ({bounded}) AS s ORDER BY place", *arguments.values
        )
        found = [_story(row) for row in rows]
        return Listing(found, LastRow.of(found[-1]) if rows and rows[-1]["more"] else None)

    async def lock(self, user: UserId, story: StoryId) -> None:
        """Keeps others from changing a story until the transaction ends."""
        # Images may refer to it meanwhile, which FOR UPDATE would keep out.
        await self._database.execute(
            "SELECT FROM stories WHERE id = $1 AND user_id = $2 FOR NO KEY UPDATE", story, user
        )

    async def update(self, story: StoryId, draft: Draft) -> None:
        """Changes a locked story, and raises its revision; its pages are changed apart."""
        pages = len(draft.pages)
        await self._database.execute(
            _UPDATE, story, draft.title, draft.style, pages, draft.octets, draft.cast
        )

    async def replace_pages(self, story: StoryId, pages: Sequence[Page]) -> None:
        """Replaces the pages of a locked story; those without an id get one."""
        # Two statements, since one would see the old pages and collide with their numbers.
        await self._database.execute("DELETE FROM story_pages WHERE story_id = $1", story)
        new = f"WITH story (id) AS (VALUES ($1::uuid)) {_PAGES.format(pages='$2')}"
        await self._database.execute(new, story, _json(pages))

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


def _own(arguments: Arguments, user: UserId) -> Source:
    return Source("stories", f"user_id = {arguments.add(user, 'uuid')} AND deleted_at IS NULL")


def _json(pages: Sequence[Page]) -> list[list[object]]:
    return [
        [
            page.text,
            page.scene_description,
            [str(one) for one in page.character_ids],
            str(page.id) if page.id else None,
            scene_json(page.fixed) if page.fixed else None,
        ]
        for page in pages
    ]


def _story(row: Record) -> Story:
    pages = row.get("pages") or []
    return Story(
        id=row["id"],
        draft=Draft(
            row["title"],
            row["style"],
            tuple(_page(*page) for page in pages),
            tuple(map(CharacterId, row["character_ids"])),
        ),
        page_count=row["page_count"],
        revision=row["revision"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def _page(
    text: str, scene: str, characters: list[str], id_: str, fixed: Mapping[str, Any] | None
) -> Page:
    return Page(
        text,
        scene,
        tuple(CharacterId(UUID(one)) for one in characters),
        PageId(UUID(id_)),
        scene_of_json(fixed) if fixed else None,
    )
