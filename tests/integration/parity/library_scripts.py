"""Scripts about characters, stories, repeated requests and lists."""

from typing import Any

from tests.integration.parity.comparison import Script
from tests.integration.parity.playing import (
    a_character,
    a_portrait,
    a_story,
    update_character,
    update_story,
)
from tests.integration.parity.sides import Seen
from tests.integration.parity.values import UNKNOWN, ask

KEY = "00000000-0000-4000-8000-000000000002"


async def editors_of_a_story(seen: Seen) -> None:
    mia = await a_character(seen)
    story = await a_story(seen, {"text": "One."}, {"text": "Two.", "character_ids": [mia.id]})
    other = await a_story(seen, {"text": "Other."})
    first = {"id": story.id, "etag": story.etag}
    await update_story(seen, "nothing", ["title"], **first, title="Day")
    await update_story(seen, "new title", ["title"], **first, title="Night")
    await update_story(seen, "stale", ["title"], **first, title="Dawn")
    await update_story(seen, "stale, but nothing new", ["title"], **first, title="Night")
    await update_story(seen, "without etag", id=story.id, title="Dawn")
    one, two = ({"id": page.id, "text": page.text} for page in story.pages)
    new = {"text": "New."}
    await update_story(seen, "moved", ["pages"], id=story.id, pages=[two, new, one])
    await update_story(seen, "again", ["pages"], id=story.id, pages=[two, new, one])
    await update_story(seen, "twice", id=story.id, pages=[one, one])
    stolen = {"id": other.pages[0].id, "text": "Other."}
    await update_story(seen, "of another", id=story.id, pages=[one, stolen])
    await update_story(seen, "unknown page", id=story.id, pages=[{"id": UNKNOWN, "text": "x"}])
    await update_story(seen, "malformed page", id=story.id, pages=[{"id": "x", "text": "x"}])
    gone = [{"text": "x", "character_ids": [UNKNOWN, mia.id]}]
    await update_story(seen, "unknown character", id=story.id, pages=gone)
    await update_story(seen, "no pages", ["*"], id=story.id, title="Empty")
    await update_story(seen, "nothing set", id=story.id)
    await update_story(seen, "style", ["style"], id=story.id)
    await ask(seen, "StoryService.DeleteStory", {"story_id": story.id})
    await ask(seen, "StoryService.DeleteStory", {"story_id": story.id}, "again")
    await update_story(seen, "deleted", id=story.id, title="x")


async def casts_of_stories(seen: Seen) -> None:
    mia, tom = await a_character(seen), await a_character(seen, name="Tom")
    story = await a_story(seen, {"text": "Mia ran."}, character_ids=[tom.id, mia.id])
    await update_story(seen, "one", id=story.id, character_ids=[mia.id])
    await update_story(seen, "twice", id=story.id, character_ids=[mia.id, mia.id])
    await update_story(seen, "unknown", id=story.id, character_ids=[UNKNOWN])
    await update_story(seen, "malformed", id=story.id, character_ids=["x"])
    await update_story(seen, "too many", id=story.id, character_ids=[UNKNOWN] * 65)
    await update_story(seen, "both", id=story.id, character_ids=[mia.id, tom.id])
    whole = {"story_id": story.id, "include_cover": True}
    await ask(seen, "RoutingService.QuoteStory", {"story": whole})
    await ask(seen, "RoutingService.QuoteStory", {"story": {**whole, "include_cover": False}})
    await ask(seen, "CharacterService.DeleteCharacter", {"character_id": mia.id})
    await ask(seen, "RoutingService.QuoteStory", {"story": whole}, "after one is gone")
    await update_story(seen, "none", ["character_ids"], id=story.id)


async def editors_of_a_character(seen: Seen) -> None:
    mia = await a_character(seen, age=7, hair="red", traits=["brave"])
    job = await a_portrait(seen, mia)
    await seen.side.finish(job)
    await ask(seen, "CharacterService.GetCharacter", {"character_id": mia.id})
    first = {"id": mia.id, "etag": mia.etag}
    await update_character(seen, "nothing", ["hair"], **first, hair=" red ")
    await update_character(seen, "name", ["name"], **first, name="Mia Fox")
    await update_character(seen, "stale", ["hair"], **first, hair="black")
    await update_character(seen, "no mask", id=mia.id, hair="black", description_version=9)
    await update_character(seen, "all", ["*"], id=mia.id, name="Ida")
    await update_character(seen, "age unset", ["age"], id=mia.id)
    await ask(seen, "CharacterService.DeleteCharacter", {"character_id": mia.id})
    await update_character(seen, "deleted", id=mia.id, name="x")
    await a_portrait_is_refused(seen, mia)


async def a_portrait_is_refused(seen: Seen, character: Any) -> None:
    request = {"character_id": character.id, "style": "anime"}
    await ask(seen, "GenerationService.GeneratePortrait", request)


async def output_only_fields_are_ignored(seen: Seen) -> None:
    given = {"id": UNKNOWN, "etag": "x", "created_at": {"seconds": 1}, "updated_at": {"seconds": 1}}
    await a_character(seen, **given, reference_image_id=UNKNOWN, reference_stale=True)
    await a_story(seen, {"id": UNKNOWN, "text": "One."}, **given, page_count=9)


async def repeats(seen: Seen) -> None:
    key = {"request_id": KEY}
    mia = await a_character(seen)
    story = await a_story(seen)
    calls: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        (
            "CharacterService.CreateCharacter",
            {"character": {"name": "Ida"}},
            {"character": {"name": "Eva"}},
        ),
        ("StoryService.CreateStory", {"story": {"title": "A"}}, {"story": {"title": "B"}}),
        (
            "GenerationService.GeneratePortrait",
            {"character_id": mia.id, "style": "anime"},
            {"character_id": mia.id, "style": "cartoon"},
        ),
        ("GenerationService.GenerateStory", {"story_id": story.id}, {"story_id": UNKNOWN}),
    ]
    made: Any = None
    for method, request, other in calls:
        made = await ask(seen, method, {**request, **key})
        await ask(seen, method, {**request, **key}, "again")
        await ask(seen, method, {**request, "request_id": KEY.upper()}, "another spelling")
        await ask(seen, method, {**other, **key}, "another request")
        await ask(seen, method, {**request, "request_id": "x"}, "malformed")
    scene = {"story_id": story.id, "page_id": story.pages[0].id, **key}
    await ask(seen, "GenerationService.GenerateScene", scene, "shares ids with portraits")
    batch = {"batch_id": made.batch.batch_id}
    await ask(seen, "BatchService.CancelBatch", batch)
    await ask(seen, "BatchService.RetryBatch", {**batch, **key})
    await ask(seen, "BatchService.RetryBatch", {**batch, **key}, "again")
    await ask(seen, "BatchService.RetryBatch", batch, "another")
    await ask(seen, "JobService.RetryJob", {"job_id": UNKNOWN, **key}, "shares ids with batches")
    await ask(seen, "CharacterService.DeleteCharacter", {"character_id": mia.id})
    request = {"character_id": mia.id, "style": "anime", **key}
    await ask(seen, "GenerationService.GeneratePortrait", request, "after a delete")


async def lists_and_their_filters(seen: Seen) -> None:
    story = await a_story(seen, {"text": "One."}, {"text": "Two."})
    mia = await a_character(seen)
    jobs = [await a_portrait(seen, mia, options={"metadata": {"n": str(n % 2)}}) for n in range(3)]
    for page in story.pages:
        request = {"story_id": story.id, "page_id": page.id, "options": {"metadata": {"n": "1"}}}
        jobs.append((await ask(seen, "GenerationService.GenerateScene", request)).job)
    await seen.side.finish(jobs[0])
    await seen.side.fail(jobs[1])
    await ask(seen, "JobService.CancelJob", {"job_id": jobs[2].job_id})
    for fields in (
        {"statuses": [3]},
        {"statuses": [3, 4, 3]},
        {"statuses": [1], "story_id": story.id},
        {"story_id": UNKNOWN},
        {"metadata": {"key": "n", "value": "1"}},
        {"metadata": {"key": "n", "value": "2"}},
        {"metadata": {"key": "", "value": "1"}},
        {"metadata": {"key": "n", "value": "1"}, "story_id": story.id, "statuses": [1]},
    ):
        await ask(seen, "JobService.ListJobs", fields, str(fields))
    for more in (
        {"type": 1},
        {"type": 2, "status": 1},
        {"character_id": mia.id},
        {"page_id": story.pages[0].id},
        {"story_id": story.id, "page_id": story.pages[1].id},
        {"metadata": {"key": "n", "value": "1"}, "type": 2},
    ):
        await ask(seen, "ImageService.ListImages", more, str(more))
    await pages_of(seen, "JobService.ListJobs", {})
    await pages_of(seen, "JobService.ListJobs", {"metadata": {"key": "n", "value": "1"}})
    await pages_of(seen, "ImageService.ListImages", {"type": 1})
    await pages_of(seen, "CharacterService.ListCharacters", {})
    await pages_of(seen, "StyleService.ListStyles", {})


async def pages_of(seen: Seen, method: str, fields: dict[str, Any]) -> None:
    """Walks a list two rows at a time, and offers its token to other lists."""
    token, first = "", ""
    while True:
        request = {**fields, "page_size": 2, "page_token": token}
        answer = await ask(seen, method, request, f"after {bool(token)}")
        token = answer.next_page_token
        first = first or token
        if not token:
            break
    for other, filters in (
        ("JobService.ListJobs", {"statuses": [1]}),
        ("ImageService.ListImages", {"status": 1}),
        ("StoryService.ListStories", {}),
        ("BatchService.ListBatches", {}),
        (method, {**fields, "page_size": 100}),
    ):
        await ask(seen, other, {**filters, "page_token": first}, f"token of {method}")
    await ask(seen, method, {**fields, "page_token": first[:-2]}, "cut token")


async def a_list_continues_after_its_last_row_is_gone(seen: Seen) -> None:
    people = [await a_character(seen, name=name) for name in ("Mia", "Ida", "Leo", "Ben")]
    listed = {"page_size": 2}
    first = await ask(seen, "CharacterService.ListCharacters", listed)
    await ask(seen, "CharacterService.DeleteCharacter", {"character_id": people[2].id})
    rest = {**listed, "page_token": first.next_page_token}
    await ask(seen, "CharacterService.ListCharacters", rest, "after a deleted one")
    jobs = [await a_portrait(seen, people[0]) for _ in range(4)]
    running = {"statuses": [1, 2], "page_size": 2}
    first = await ask(seen, "JobService.ListJobs", running)
    await seen.side.finish(jobs[2])
    rest = {**running, "page_token": first.next_page_token}
    await ask(seen, "JobService.ListJobs", rest, "after one that has ended")


async def large_stories_are_listed_by_bytes(seen: Seen) -> None:
    text = "\u732b" * 2_600
    pages = [{"text": text} for _ in range(150)]
    for n in range(3):
        await a_story(seen, *pages, title=f"Long {n}")
    for view in (0, 1, 2):
        token = ""
        while True:
            request = {"view": view, "page_size": 5, "page_token": token}
            answer = await ask(seen, "StoryService.ListStories", request, f"view {view}")
            seen.note("rows", [story.title for story in answer.stories])
            token = answer.next_page_token
            if not token:
                break
    too_long = {"title": "Too long", "pages": [{"text": "\u732b" * 4_000} for _ in range(200)]}
    await ask(seen, "StoryService.CreateStory", {"story": too_long})
    too_many = {"title": "Too many", "pages": [{"text": "x"} for _ in range(201)]}
    await ask(seen, "StoryService.CreateStory", {"story": too_many})


SCRIPTS: tuple[Script, ...] = (
    casts_of_stories,
    editors_of_a_story,
    editors_of_a_character,
    output_only_fields_are_ignored,
    repeats,
    lists_and_their_filters,
    a_list_continues_after_its_last_row_is_gone,
    large_stories_are_listed_by_bytes,
)
