"""Lists of stories: without their pages, or whole and then never much more than 3 MiB."""

from imggen.v1 import story_pb2
from server.domain.paging import PageRequest
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import GatewayFixture, ids

FULL = story_pb2.STORY_VIEW_FULL
LIMIT = 3 * 2**20


async def test_a_list_leaves_out_the_pages_unless_they_are_asked_for(mia: Caller) -> None:
    first = await mia.create_story("One.", "Two.")
    second = await mia.create_story("Three.")
    whole = await mia.list_stories(view=FULL)
    assert list(whole.stories) == [second, first]
    for view in (story_pb2.STORY_VIEW_UNSPECIFIED, story_pb2.STORY_VIEW_BASIC):
        listed = await mia.list_stories(view=view)
        assert [story.page_count for story in listed.stories] == [1, 2]
        for story, known in zip(listed.stories, whole.stories, strict=True):
            assert not story.pages
            story.pages.extend(known.pages)
            assert story == known


async def test_an_unknown_view_is_refused(mia: Caller) -> None:
    request = story_pb2.ListStoriesRequest(view=9)  # type: ignore[arg-type]
    refused = await mia.refused(mia.stories.ListStories, request)
    assert refused.reasons == {"view": "VALUE_UNKNOWN"}


async def test_whole_stories_are_listed_by_bytes(gateway: GatewayFixture, mia: Caller) -> None:
    texts = [1, 900, 1, 1, 900, 600, 700, 1]  # in KiB, the newest last
    made = [await _story(mia, kib) for kib in texts]
    seen: list[story_pb2.Story] = []
    sizes: list[int] = []
    token = ""
    while not sizes or token:
        answer = await mia.list_stories(view=FULL, page_size=100, page_token=token)
        assert answer.ByteSize() < LIMIT
        seen += answer.stories
        sizes.append(len(answer.stories))
        token = answer.next_page_token
    assert seen == made[::-1]
    assert sizes == [6, 2]

    # What the database sends is limited in the same way.
    for limit, expected in ((1, 1), (2**20, 2), (2 * 2**20, 3), (LIMIT, 6), (2 * LIMIT, 8)):
        listing = await gateway.store.stories.page_whole(mia.user_id, PageRequest(100), limit)
        assert len(listing.rows) == expected
        assert (listing.next is None) == (expected == len(made))


async def test_the_largest_stories_are_listed_one_by_one(mia: Caller) -> None:
    made = [await _story(mia, 2_000) for _ in range(3)]
    seen, token = [], ""
    for _ in made:
        answer = await mia.list_stories(view=FULL, page_token=token)
        assert answer.ByteSize() < LIMIT
        [story] = answer.stories
        seen.append(story)
        token = answer.next_page_token
    assert (seen, token) == (made[::-1], "")
    assert ids((await mia.list_stories()).stories) == ids(seen)


async def test_an_edit_changes_the_size_that_a_list_counts(
    gateway: GatewayFixture, mia: Caller
) -> None:
    for _ in range(2):
        story = await _story(mia, 1)
        pages = [*story.pages, story_pb2.Page(text="x" * 3_000)]
        await mia.update_story(story.id, pages=pages)
    listing = await gateway.store.stories.page_whole(mia.user_id, PageRequest(9), 5_000)
    assert len(listing.rows) == 1
    await mia.update_story(story.id, pages=story.pages)
    listing = await gateway.store.stories.page_whole(mia.user_id, PageRequest(9), 6_000)
    assert len(listing.rows) == 2


async def _story(caller: Caller, kib: int) -> story_pb2.Story:
    """Creates a story of that size, in pages of 10 KiB at most."""
    rest = kib
    pages = []
    while rest:
        size = min(rest, 10)
        pages.append(story_pb2.Page(text="月" * (size * 1024 // 3)))
        rest -= size
    return await caller.create_story(pages=pages)
