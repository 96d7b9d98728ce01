"""Scripts of calls that depend on each other, for both sides."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from imggen.v1 import event_pb2, image_pb2, job_pb2
from imggen.watching import has_ended
from tests.integration.parity.sides import Seen
from tests.integration.parity.values import UNKNOWN, ask

Script = Callable[[Seen], Awaitable[None]]
SCRIPTS: dict[str, Script] = {}
KEY = "00000000-0000-4000-8000-000000000002"


def script(play: Script) -> Script:
    """Adds a script to those that are played."""
    SCRIPTS[play.__name__.removeprefix("_")] = play
    return play


async def a_character(seen: Seen, **fields: Any) -> Any:
    request = {"character": {"name": "Mia", **fields}}
    return (await ask(seen, "CharacterService.CreateCharacter", request)).character


async def a_story(seen: Seen, *pages: Mapping[str, Any], **fields: Any) -> Any:
    story = {"title": "Day", "style": "anime", "pages": pages or [{"text": "Mia runs."}], **fields}
    return (await ask(seen, "StoryService.CreateStory", {"story": story})).story


async def a_portrait(seen: Seen, character: Any, **fields: Any) -> Any:
    request = {"character_id": character.id, "style": "anime", "seed": 7, **fields}
    return (await ask(seen, "GenerationService.GeneratePortrait", request)).job


async def update_story(seen: Seen, label: str, mask: list[str] | None = None, **story: Any) -> Any:
    request = {"story": story, "update_mask": {"paths": mask} if mask is not None else None}
    return await ask(seen, "StoryService.UpdateStory", request, label)


async def update_character(
    seen: Seen, label: str, mask: list[str] | None = None, **character: Any
) -> Any:
    request = {
        "character": character,
        "update_mask": {"paths": mask} if mask is not None else None,
    }
    return await ask(seen, "CharacterService.UpdateCharacter", request, label)


@script
async def _editors_of_a_story(seen: Seen) -> None:
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


@script
async def _editors_of_a_character(seen: Seen) -> None:
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


@script
async def _output_only_fields_are_ignored(seen: Seen) -> None:
    given = {"id": UNKNOWN, "etag": "x", "created_at": {"seconds": 1}, "updated_at": {"seconds": 1}}
    await a_character(seen, **given, reference_image_id=UNKNOWN, reference_stale=True)
    await a_story(seen, {"id": UNKNOWN, "text": "One."}, **given, page_count=9)


@script
async def _repeats(seen: Seen) -> None:
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


@script
async def _jobs_end_in_every_way(seen: Seen) -> None:
    mia, side = await a_character(seen), seen.side
    done, failed, stopped, waiting, gone = [
        await a_portrait(seen, mia, priority=priority) for priority in (1, 2, 3, 3, 2)
    ]
    everything = (done, failed, stopped, waiting, gone)

    async def look(label: str) -> None:
        for job in everything:
            await ask(seen, "JobService.GetJob", {"job_id": job.job_id}, label)
            await ask(seen, "JobService.WatchJob", {"job_id": job.job_id}, label)
            await ask(seen, "ImageService.GetImage", {"image_id": job.image_id}, label)
            await ask(seen, "ImageService.DownloadImage", {"image_id": job.image_id}, label)

    async def each(method: str, **fields: Any) -> None:
        for job in everything:
            await ask(seen, f"JobService.{method}", {"job_id": job.job_id, **fields})

    await side.start(stopped)
    await side.start(failed)
    await look("running")
    await side.finish(done)
    await side.fail(failed)
    await ask(seen, "ImageService.DeleteImage", {"image_id": gone.image_id})
    await look("ended")
    await each("CancelJob")
    await look("cancelled")
    await each("RetryJob", priority=1)
    await look("retried")
    await each("CancelJob")
    await ask(seen, "ImageService.DeleteImage", {"image_id": gone.image_id}, "again")
    await ask(seen, "ImageService.DeleteImage", {"image_id": done.image_id})
    await look("deleted")


@script
async def _assets_have_their_kinds(seen: Seen) -> None:
    story = await a_story(seen)
    for ratio in ("", "4:3", "1:1"):
        request = {
            "story_id": story.id,
            "page_id": story.pages[0].id,
            "aspect_ratio": ratio,
            "options": {"metadata": {"ratio": ratio}, "quality": "standard"},
        }
        job = (await ask(seen, "GenerationService.GenerateScene", request)).job
        await seen.side.finish(job)
        await ask(seen, "ImageService.GetImage", {"image_id": job.image_id})
        for kind in range(6):
            download = {"image_id": job.image_id, "asset_kind": kind}
            await ask(seen, "ImageService.DownloadImage", download)


@script
async def _references_and_versions(seen: Seen) -> None:
    mia = await a_character(seen)
    jobs = []
    for style in ("anime", "cartoon", "anime"):
        jobs.append(await a_portrait(seen, mia, style=style))
        await seen.side.finish(jobs[-1])
    await update_character(seen, "", id=mia.id, hair="red")
    show = {"character_id": mia.id}
    await ask(seen, "CharacterService.GetCharacter", show, "stale")
    for number in range(6):
        request = {
            "image_id": jobs[number % 3].image_id,
            "modifications": {"prompt": "smiling", "seed": number},
            "options": {"metadata": {"n": str(number)}},
        }
        await ask(seen, "GenerationService.RegenerateImage", request)
    lineage = {"image_id": jobs[0].image_id}
    for _ in range(5):
        await ask(seen, "GenerationService.RegenerateImage", lineage)
    await ask(seen, "ImageService.ListImages", {"character_id": mia.id})
    await ask(seen, "ImageService.DeleteImage", {"image_id": jobs[2].image_id})
    await ask(seen, "CharacterService.GetCharacter", show, "without its newest reference")


async def a_whole_story(seen: Seen, **fields: Any) -> tuple[Any, Any]:
    mia, tom = await a_character(seen), await a_character(seen, name="Tom")
    pages: list[dict[str, Any]] = [
        {"text": "Mia and Tom.", "character_ids": [mia.id, tom.id]},
        {"text": "Tom.", "character_ids": [tom.id]},
        {"text": "Nobody."},
    ]
    story = await a_story(seen, *pages)
    request = {"story_id": story.id, "options": {"metadata": {"order": "1"}}, **fields}
    return story, (await ask(seen, "GenerationService.GenerateStory", request)).batch


async def images_of(seen: Seen, batch: Any, label: str = "") -> list[Any]:
    answer = await ask(seen, "BatchService.GetBatch", {"batch_id": batch.batch_id}, label)
    return list(answer.images)


@script
async def _a_batch_is_drawn(seen: Seen) -> None:
    story, batch = await a_whole_story(seen, include_cover=True, images_per_page=2)
    while waiting := [
        image.job
        for image in await images_of(seen, batch)
        if not has_ended(image.job) and not _needs(image, await images_of(seen, batch))
    ]:
        await seen.side.finish(waiting[0])
    await ask(seen, "BatchService.WatchBatch", {"batch_id": batch.batch_id}, "ended")
    await ask(seen, "BatchService.CancelBatch", {"batch_id": batch.batch_id})
    await ask(seen, "BatchService.RetryBatch", {"batch_id": batch.batch_id})
    await ask(seen, "GenerationService.GenerateStory", {"story_id": story.id}, "once more")
    fresh = {"story_id": story.id, "include_scene_images": False}
    await ask(seen, "GenerationService.GenerateStory", fresh, "only portraits, all fresh")
    removed = {"id": story.pages[0].id, "text": story.pages[0].text}
    await update_story(seen, "two pages gone", id=story.id, pages=[{"text": "New."}, removed])
    await images_of(seen, batch, "numbers of pages")
    for page in story.pages:
        # Images of one batch were made at one moment, so their order is that of their ids.
        request = image_pb2.ListImagesRequest(page_id=page.id)
        answer = await seen.ask("ImageService.ListImages", request)
        seen.note("page", [(image.page_number, image.status) for image in answer.images])


def _needs(image: Any, images: list[Any]) -> bool:
    ended = {one.job.job_id for one in images if one.job.status == job_pb2.JOB_STATUS_COMPLETED}
    return not set(image.needs_job_ids) <= ended


@script
async def _a_portrait_of_a_batch_fails(seen: Seen) -> None:
    _, batch = await a_whole_story(seen)
    mia, tom, first, second, third = await images_of(seen, batch)
    await seen.side.finish(mia.job)
    await seen.side.fail(tom.job)
    await images_of(seen, batch, "failed")
    await ask(seen, "BatchService.CancelBatch", {"batch_id": batch.batch_id})
    await ask(seen, "BatchService.CancelBatch", {"batch_id": batch.batch_id}, "again")
    await images_of(seen, batch, "cancelled")
    await ask(seen, "JobService.RetryJob", {"job_id": second.job.job_id, "priority": 1})
    await images_of(seen, batch, "retried with its portrait")
    await ask(seen, "ImageService.DeleteImage", {"image_id": tom.job.image_id})
    await images_of(seen, batch, "deleted")
    await ask(seen, "JobService.RetryJob", {"job_id": first.job.job_id})
    await ask(seen, "JobService.RetryJob", {"job_id": third.job.job_id})
    await ask(seen, "BatchService.RetryBatch", {"batch_id": batch.batch_id})
    await images_of(seen, batch, "all that can be")


@script
async def _stories_that_cannot_be_drawn(seen: Seen) -> None:
    three = [await a_character(seen, name=name) for name in ("Mia", "Tom", "Leo")]
    ids = [one.id for one in three]
    draw = "GenerationService.GenerateStory"
    empty = await a_story(seen, style="")
    await ask(seen, draw, {"story_id": empty.id}, "no style")
    await ask(seen, draw, {"story_id": empty.id, "style": "oil", "images_per_page": 5})
    nobody = {"story_id": empty.id, "style": "anime", "include_scene_images": False}
    await ask(seen, draw, nobody, "no characters")
    left_out = {**nobody, "include_character_portraits": False}
    await ask(seen, draw, left_out, "nothing wanted")
    full = await a_story(seen, {"text": "?", "character_ids": ids}, {"text": "!?"})
    await ask(seen, draw, {"story_id": full.id, "include_cover": True}, "full pages")
    await ask(seen, draw, {"story_id": full.id, "options": {"model": "dall-e"}}, "model")
    scene = {"story_id": full.id, "page_id": full.pages[0].id}
    await ask(seen, "GenerationService.GenerateScene", scene, "full page")
    await ask(seen, "CharacterService.DeleteCharacter", {"character_id": ids[0]})
    await ask(seen, draw, {"story_id": full.id, "aspect_ratio": "2:1"}, "gone")
    many = await a_story(seen, *[{"text": f"Page {n}."} for n in range(200)])
    await ask(seen, draw, {"story_id": many.id, "images_per_page": 4, "include_cover": True})


@script
async def _lists_and_their_filters(seen: Seen) -> None:
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


@script
async def _large_stories_are_listed_by_bytes(seen: Seen) -> None:
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


@script
async def _events_of_everything(seen: Seen) -> None:
    _, batch = await a_whole_story(seen, include_scene_images=False)
    portraits = await images_of(seen, batch)
    await seen.side.finish(portraits[0].job)
    await seen.side.fail(portraits[1].job)
    await ask(seen, "BatchService.RetryBatch", {"batch_id": batch.batch_id})
    await ask(seen, "JobService.CancelJob", {"job_id": portraits[1].job.job_id})
    await ask(seen, "ImageService.DeleteImage", {"image_id": portraits[0].job.image_id})
    request = event_pb2.WatchEventsRequest(after_cursor="oldest")
    told = await seen.follow(
        "EventService.WatchEvents", request, until=lambda answer: answer.event.image.deleted
    )
    changes: dict[str, list[Any]] = defaultdict(list)
    for answer in told:
        event = answer.event
        change = event.job or event.image or event.batch
        for kind in ("job", "image", "batch"):
            if event.HasField(kind):
                change = getattr(event, kind)
                id_ = getattr(change, f"{kind}_id")
                changes[id_].append(seen.shown(change))
    by_object = [changes[id_] for id_ in sorted(changes, key=lambda id_: str(changes[id_]))]
    seen.note("changes of each thing", by_object)
