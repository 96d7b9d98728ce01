"""Scripts about limits, quotes, explanations and providers."""

from datetime import UTC, datetime, timedelta
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from tests.integration.parity.comparison import Script
from tests.integration.parity.playing import a_character, a_portrait, a_story
from tests.integration.parity.sides import Seen
from tests.integration.parity.values import REQUEST_ID, UNKNOWN, ask


def soon(**after: float) -> Timestamp:
    """Returns a time to come."""
    stamp = Timestamp()
    stamp.FromDatetime(datetime.now(UTC) + timedelta(**after))
    return stamp


def limits() -> dict[str, dict[str, Any]]:
    """Returns options with limits that are met, are not, and are wrong."""
    return {
        "all met": {
            "provider": "local",
            "min_quality": "draft",
            "complete_by": soon(days=1),
            "max_cost_micros": 0,
        },
        "not good enough": {"min_quality": "good", "max_cost_micros": 1},
        "not good enough for the quality": {"min_quality": "best", "quality": "standard"},
        "too soon": {"complete_by": soon(seconds=1.5)},
        "a draft": {"min_quality": "draft", "quality": "draft"},
        "a draft that is not good enough": {"min_quality": "good", "quality": "draft"},
        "all wrong": {
            "model": "dall-e",
            "provider": "nobody",
            "min_quality": "superb",
            "complete_by": {"seconds": 1},
            "max_cost_micros": -1,
            "quality": "ultra",
        },
    }


async def limits_of_every_picture(seen: Seen) -> None:
    mia, tom = await a_character(seen), await a_character(seen, name="Tom")
    pages: list[dict[str, Any]] = [
        {"text": "Mia and Tom.", "character_ids": [mia.id, tom.id]},
        {"text": "Tom."},
    ]
    story = await a_story(seen, *pages)
    portrait = await a_portrait(seen, mia)
    await seen.side.finish(portrait)
    for label in limits():
        requests: dict[str, dict[str, Any]] = {
            "GeneratePortrait": {"character_id": mia.id, "style": "anime"},
            "GenerateScene": {"story_id": story.id, "page_id": story.pages[0].id},
            "RegenerateImage": {"image_id": portrait.image_id},
            "GenerateStory": {"story_id": story.id, "include_cover": True},
        }
        kinds = ("portrait", "scene", "regeneration")
        for kind, (method, fields) in zip((*kinds, ""), requests.items(), strict=True):
            quote, named = ("QuoteGeneration", kind) if kind else ("QuoteStory", "story")
            # A time to come is of each call: the call before may have taken longer than it.
            request = {**fields, "options": limits()[label]}
            await ask(seen, f"RoutingService.{quote}", {named: request}, label)
            request = {**fields, "options": limits()[label]}
            await ask(seen, f"GenerationService.{method}", request, label)
    unknown = {"character_id": UNKNOWN, "style": "anime", "options": {"min_quality": "best"}}
    await ask(seen, "GenerationService.GeneratePortrait", unknown, "missing before refused")


async def a_cover_with_as_many_as_are_drawn_in_time(seen: Seen) -> None:
    cast = [(await a_character(seen, name=name)).id for name in ("Mia", "Tom", "Ada")]
    page: dict[str, Any] = {"text": "All three.", "character_ids": cast}
    story = await a_story(seen, page)
    request = {
        "story_id": story.id,
        "include_cover": True,
        "include_scene_images": False,
        "include_character_portraits": False,
    }
    await ask(seen, "GenerationService.GenerateStory", request, "all of them")
    # The model that draws three takes longer than the one that draws two.
    request |= {"options": {"complete_by": soon(seconds=9.5)}}
    await ask(seen, "GenerationService.GenerateStory", request, "fewer")


async def budgets_of_providers(seen: Seen) -> None:
    for scope in ("provider:local", "provider:opnai", "provider:openai"):
        await ask(seen, "BudgetService.GetBudget", {"scope": scope}, scope)


async def quotes_of_nothing(seen: Seen) -> None:
    await ask(seen, "RoutingService.QuoteGeneration", {})
    await ask(seen, "RoutingService.QuoteStory", {})
    story = await a_story(seen)
    left_out = {"story_id": story.id, "include_scene_images": False}
    await ask(seen, "RoutingService.QuoteStory", {"story": left_out})
    await ask(seen, "StoryService.ListStories", {})
    await ask(seen, "JobService.ListJobs", {})


async def quotes_of_versions_that_are_used_up(seen: Seen) -> None:
    job = await a_portrait(seen, await a_character(seen))
    await seen.side.finish(job)
    for _ in range(6):
        request = {"image_id": job.image_id}
        await ask(seen, "RoutingService.QuoteGeneration", {"regeneration": request})
        await ask(seen, "GenerationService.RegenerateImage", request)


async def quotes_of_stored_pictures(seen: Seen) -> None:
    mia, words = await a_character(seen), {"use_references": False, "allow_reuse": True}
    story = await a_story(seen, {"text": "A wood.", "character_ids": [mia.id]}, {"text": "A hut."})
    portrait = {"character_id": mia.id, "style": "anime", "seed": 7, "options": words}
    scene = {"story_id": story.id, "page_id": story.pages[1].id, "options": words}

    async def look(label: str) -> None:
        for kind, request in (("portrait", portrait), ("scene", scene)):
            await ask(seen, "RoutingService.QuoteGeneration", {kind: request}, label)
        for options in (words, {"allow_reuse": True}, {}):
            whole = {"story_id": story.id, "style": "anime", "options": options}
            await ask(seen, "RoutingService.QuoteStory", {"story": whole}, label)

    await look("nothing is stored")
    first = await ask(seen, "GenerationService.GeneratePortrait", portrait)
    await seen.side.finish(first.job)
    await look("a portrait is stored")
    await seen.side.finish((await ask(seen, "GenerationService.GenerateScene", scene)).job)
    await look("a scene is stored")
    again = await ask(seen, "GenerationService.GeneratePortrait", portrait)
    await ask(seen, "RoutingService.ExplainRoute", {"job_id": again.job.job_id})
    version = {"image_id": first.job.image_id, "modifications": {"seed": 7}, "options": words}
    await ask(seen, "RoutingService.QuoteGeneration", {"regeneration": version})
    version["modifications"] = {}
    await ask(seen, "RoutingService.QuoteGeneration", {"regeneration": version})


async def quotes_with_metadata(seen: Seen) -> None:
    story = await a_story(seen)
    options = {"metadata": {"order": "x" * 2_000}, "min_quality": "superb"}
    scene = {"story_id": story.id, "page_id": story.pages[0].id, "options": options}
    await ask(seen, "RoutingService.QuoteGeneration", {"scene": scene})
    whole = {"story_id": story.id, "options": options}
    await ask(seen, "RoutingService.QuoteStory", {"story": whole})


async def plans(seen: Seen) -> None:
    mia, tom = await a_character(seen), await a_character(seen, name="Tom")
    pages: list[dict[str, Any]] = [
        {"text": "A wood.", "character_ids": [mia.id, tom.id]},
        {"text": "A hut.", "scene_description": "A hut at night."},
    ]
    figures = [{"character_id": tom.id, "doing": ["climb"], "mood": "sad"}]
    scene = {"figures": figures, "place": "a mill", "time": "night", "absent": ["hat"]}
    pages.append({"text": "A mill.", "character_ids": [mia.id, tom.id], "scene": scene})
    story, other = await a_story(seen, *pages), await a_story(seen, {"text": "A lake."})

    async def look(label: str, request_id: str = "", of: Any = story, **fields: Any) -> None:
        asked = {"story": {"story_id": of.id, **fields}, "request_id": request_id}
        await ask(seen, "RoutingService.PlanStory", asked, label)

    await look("pages")
    await look("with a cover", include_cover=True, images_per_page=3)
    await look("the cover alone", include_cover=True, include_scene_images=False)
    cover: dict[str, Any] = {"scene_description": "Tom at sea."}
    alone: dict[str, Any] = {"include_cover": True, "include_scene_images": False}
    await look("a cover that names somebody", **alone, cover=cover)
    await look("a cover that names nobody", **alone, cover={"scene_description": "The sea."})
    await look("a cover of Tom", **alone, cover={"character_ids": [tom.id]})
    await look("a cover with a scene", **alone, cover={"character_ids": [tom.id], "scene": scene})
    await look("a scene of nobody who is listed", **alone, cover={"scene": scene})
    await look("what a cover shows without a cover", cover=cover)
    await look("portraits alone", include_scene_images=False)
    await look("with an id", REQUEST_ID)
    await look("again", REQUEST_ID)
    await look("again with a cover", REQUEST_ID, include_cover=True)
    await look("another story with the id", REQUEST_ID, other)
    await look("another style with the id", REQUEST_ID, style="cartoon")
    await ask(seen, "RoutingService.PlanStory", {"request_id": "x"})
    await ask(seen, "JobService.ListJobs", {})


async def explained_jobs(seen: Seen) -> None:
    mia, side = await a_character(seen), seen.side
    done, failed, stopped, waiting = [await a_portrait(seen, mia) for _ in range(4)]

    async def look(label: str) -> None:
        for job in (done, failed, stopped, waiting):
            await ask(seen, "RoutingService.ExplainRoute", {"job_id": job.job_id}, label)

    await look("all wait")
    await side.start(failed)
    await look("one runs")
    await side.finish(done)
    await side.fail(failed)
    await ask(seen, "JobService.CancelJob", {"job_id": stopped.job_id})
    await look("three have ended")
    await ask(seen, "JobService.RetryJob", {"job_id": failed.job_id})
    await side.finish(failed)
    await ask(seen, "ImageService.DeleteImage", {"image_id": done.image_id})
    await look("one has a second attempt")


async def providers_of_the_installation(seen: Seen) -> None:
    await ask(seen, "RoutingService.ListProviders", {})


SCRIPTS: tuple[Script, ...] = (
    limits_of_every_picture,
    a_cover_with_as_many_as_are_drawn_in_time,
    budgets_of_providers,
    quotes_of_nothing,
    quotes_of_versions_that_are_used_up,
    quotes_of_stored_pictures,
    quotes_with_metadata,
    plans,
    explained_jobs,
    providers_of_the_installation,
)
