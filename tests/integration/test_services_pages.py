"""Pages keep their ids and their pictures while a story is edited."""

import asyncio

import grpc
import pytest

from imggen.v1 import story_pb2
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import GatewayFixture, new_id

Page = story_pb2.Page
Story = story_pb2.Story


def texts(story: Story) -> list[str]:
    """Returns the texts of a story's pages."""
    return [page.text for page in story.pages]


def page_ids(story: Story) -> list[str]:
    """Returns the ids of a story's pages."""
    return [page.id for page in story.pages]


async def test_a_create_gives_new_ids_whatever_is_sent(mia: Caller) -> None:
    first = await mia.create_story("One.", "Two.")
    again = await mia.create_story(pages=[*first.pages, Page(text="Three.", id="3")])
    assert texts(again) == ["One.", "Two.", "Three."]
    assert len({*page_ids(first), *page_ids(again), ""}) == 6


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param([0, "New.", 1, 2, 3], id="insert"),
        pytest.param([3, 1, 0, 2], id="permute"),
        pytest.param([0, 3], id="remove"),
        pytest.param(["A.", 3, 1, "B.", "C.", 0], id="all at once"),
        pytest.param([], id="remove all"),
        pytest.param(["A.", "B.", "C.", "D."], id="replace all"),
    ],
)
async def test_a_page_keeps_its_id_wherever_it_is_now(mia: Caller, edit: list[int | str]) -> None:
    story = await mia.create_story("One.", "Two.", "Three.", "Four.")
    pages = [Page(text=one) if isinstance(one, str) else story.pages[one] for one in edit]
    edited = await mia.update_story(story.id, pages=pages)
    assert texts(edited) == [page.text for page in pages]
    for page, one in zip(edited.pages, edit, strict=True):
        if isinstance(one, str):
            assert page.id not in ("", *page_ids(story))
        else:
            assert page == story.pages[one]
    assert len(set(page_ids(edited))) == edited.page_count == len(edit)
    assert edited == await mia.get_story(story.id)


async def test_a_page_may_change_and_move_at_once(mia: Caller) -> None:
    story = await mia.create_story("One.", "Two.")
    one, two = story.pages
    edited = await mia.update_story(story.id, pages=[two, Page(id=one.id.upper(), text="Eins.")])
    assert (texts(edited), page_ids(edited)) == (["Two.", "Eins."], [two.id, one.id])


async def test_ids_that_are_not_of_the_story_are_refused(mia: Caller, tom: Caller) -> None:
    story, other = await mia.create_story("One."), await mia.create_story("Two.")
    his = await tom.create_story("Three.")
    shorter = await mia.update_story(story.id, pages=[*story.pages, Page(text="Gone.")])
    gone = shorter.pages[1].id
    story = await mia.update_story(story.id, pages=shorter.pages[:1])
    for id_ in (other.pages[0].id, his.pages[0].id, gone, new_id()):
        pages = [*story.pages, Page(text="Four.", id=id_)]
        request = story_pb2.UpdateStoryRequest(story=Story(id=story.id, title="Night", pages=pages))
        refused = await mia.refused(mia.stories.UpdateStory, request)
        assert (refused.code, refused.reason) == (grpc.StatusCode.NOT_FOUND, "PAGE_NOT_FOUND")
        assert refused.metadata == {"page_id": id_}
        assert "page_id: the story has no such page" in refused.message
    assert await mia.get_story(story.id) == story
    assert await mia.get_story(other.id) == other


async def test_a_picture_stays_with_its_page(gateway: GatewayFixture, mia: Caller) -> None:
    story = await mia.create_story("One.", "Two.")
    one, two = story.pages
    job = await gateway.draw(await mia.scene(story.id, 2))
    assert (await mia.get_image(job.image_id)).page_number == 2

    await mia.update_story(story.id, pages=[Page(text="New."), one, two])
    moved = await mia.get_image(job.image_id)
    assert (moved.page_id, moved.page_number) == (two.id, 3)

    shorter = await mia.update_story(story.id, pages=[one])
    removed = await mia.get_image(job.image_id)
    assert (removed.page_id, removed.page_number) == (two.id, 0)

    # A new page in its place has its own pictures.
    await mia.update_story(story.id, pages=[*shorter.pages, Page(text="Two.")])
    assert (await mia.get_image(job.image_id)).page_number == 0


# What each of eight editors makes of a story with three pages: new pages, and pages that stay.
EDITS = {
    "a": (1, [0, 1, 2]),
    "b": (9, []),
    "c": (2, [2, 0]),
    "d": (7, [1]),
    "e": (0, [2, 1, 0]),
    "f": (12, []),
    "g": (5, [0]),
    "h": (4, [1, 2]),
}


async def test_updates_at_once_never_mix_pages(mia: Caller) -> None:
    for _ in range(5):
        story = await mia.create_story("One.", "Two.", "Three.")
        edits = [
            [*(Page(text=f"{name} {n}.") for n in range(new)), *(story.pages[n] for n in kept)]
            for name, (new, kept) in EDITS.items()
        ]
        codes = await asyncio.gather(*(_code(mia, story.id, pages) for pages in edits))
        # An editor who keeps a page that another has removed is refused.
        assert set(codes) <= {grpc.StatusCode.OK, grpc.StatusCode.NOT_FOUND}
        left = await mia.get_story(story.id)
        assert texts(left) in [[page.text for page in pages] for pages in edits]
        assert len(set(page_ids(left))) == left.page_count == len(left.pages)


async def _code(caller: Caller, story_id: str, pages: list[Page]) -> grpc.StatusCode:
    request = story_pb2.UpdateStoryRequest(story=Story(id=story_id, pages=pages))
    code: grpc.StatusCode = await caller.stories.UpdateStory(
        request, metadata=caller.metadata
    ).code()
    return code


async def test_an_update_of_the_title_keeps_the_pages(mia: Caller) -> None:
    story = await mia.create_story("One.", "Two.")
    assert (await mia.update_story(story.id, title="Night")).pages == story.pages


async def test_a_repeated_update_makes_its_new_pages_once(mia: Caller) -> None:
    story = await mia.create_story("One.")
    pages = [Page(text="New."), *story.pages, Page(text="Last.")]
    first = await mia.update_story(story.id, pages=pages)
    assert await mia.update_story(story.id, pages=pages) == first
    retitled = await mia.update_story(story.id, title="Night", pages=pages)
    assert retitled.pages == first.pages


async def test_the_same_text_in_another_place_is_another_page(mia: Caller) -> None:
    story = await mia.create_story("One.", "One.")
    first, second = page_ids(story)
    pages = [Page(text="One."), Page(text="One.", id=first)]
    edited = page_ids(await mia.update_story(story.id, pages=pages))
    assert edited[1] == first
    assert edited[0] not in (first, second)
