"""Scripts about jobs, images, whole stories and events."""

from collections import defaultdict
from itertools import product
from typing import Any
from uuid import UUID

from imggen.v1 import event_pb2, image_pb2, job_pb2
from imggen.watching import has_ended
from tests.integration.parity.comparison import Script
from tests.integration.parity.playing import (
    a_character,
    a_portrait,
    a_story,
    update_character,
    update_story,
)
from tests.integration.parity.sides import Seen
from tests.integration.parity.values import ask


async def jobs_end_in_every_way(seen: Seen) -> None:
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


async def assets_have_their_kinds(seen: Seen) -> None:
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


async def references_and_versions(seen: Seen) -> None:
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


async def pictures_from_references(seen: Seen) -> None:
    mia, tom = await a_character(seen), await a_character(seen, name="Tom")
    both = {"text": "Mia and Tom.", "character_ids": [mia.id, tom.id]}
    story = await a_story(seen, both)
    scene = {"story_id": story.id, "page_id": story.pages[0].id}

    async def draw(method: str, label: str, **request: Any) -> Any:
        job = (await ask(seen, f"GenerationService.{method}", request, label)).job
        await seen.side.finish(job)
        await ask(seen, "JobService.WatchJob", {"job_id": job.job_id}, label)
        await ask(seen, "ImageService.GetImage", {"image_id": job.image_id}, label)
        return job

    await draw("GenerateScene", "before any portrait", **scene)
    portrait = {"character_id": mia.id, "style": "anime"}
    first = await draw("GeneratePortrait", "the first", **portrait)
    drawn = await draw("GenerateScene", "one of two", **scene)
    for wanted in (False, True):
        options = {"use_references": wanted}
        await draw("GenerateScene", f"asked: {wanted}", **scene, options=options)
        await draw("GeneratePortrait", f"asked: {wanted}", **portrait, options=options)
        image = {"image_id": drawn.image_id}
        await draw("RegenerateImage", f"asked: {wanted}", **image, options=options)
    await draw("RegenerateImage", "a portrait", image_id=first.image_id)
    await draw("GenerateScene", "another style", **scene, style="cartoon")
    await update_character(seen, "", id=mia.id, hair="red")
    await draw("GenerateScene", "stale", **scene)
    await draw("GeneratePortrait", "new hair", **portrait)
    await draw("RegenerateImage", "an old description", image_id=drawn.image_id)
    await draw("GenerateScene", "new hair", **scene)


async def stored_pictures_answer_equal_requests(seen: Seen) -> None:
    mia, tom = await a_character(seen), await a_character(seen, name="Tom")
    both = {"text": "Mia and Tom.", "character_ids": [mia.id, tom.id]}
    story = await a_story(seen, both, {"text": "Nobody."}, {"text": "Nobody."})
    mixed = {"story_id": story.id, "page_id": story.pages[0].id, "seed": 7}
    empty = {"story_id": story.id, "page_id": story.pages[1].id}
    portrait = {"character_id": mia.id, "style": "anime"}

    async def want(method: str, label: str, *, reuse: bool = True, **request: Any) -> Any:
        options = {"allow_reuse": reuse, "metadata": {"label": label}, **request.pop("options", {})}
        asked = {**request, "options": options}
        job = (await ask(seen, f"GenerationService.{method}", asked, label)).job
        seen.note("reused", bool(job.reused_from_image_id))
        if not has_ended(job):
            await seen.side.finish(job)
        await ask(seen, "JobService.WatchJob", {"job_id": job.job_id}, label)
        await ask(seen, "ImageService.GetImage", {"image_id": job.image_id}, label)
        for kind in range(1, 5):
            download = {"image_id": job.image_id, "asset_kind": kind}
            await ask(seen, "ImageService.DownloadImage", download, label)
        return job

    for label in ("drawn", "reused"):
        await want("GenerateScene", f"{label}, missing", **mixed)
        await want("GeneratePortrait", label, **portrait, seed=1)
        await want("GenerateScene", f"{label}, one of two", **mixed)
        await want(
            "GenerateScene", f"{label}, by words", **mixed, options={"use_references": False}
        )
        await want("GenerateScene", f"{label}, nobody", **empty)
    first = await want("GeneratePortrait", "another seed", **portrait, seed=2)
    await want("GenerateScene", "another reference", **mixed)
    again = await want("GeneratePortrait", "the first seed", **portrait, seed=1)
    await want("GenerateScene", "the first reference", **mixed)
    await want("GeneratePortrait", "any seed", **portrait)
    await want("GeneratePortrait", "without the flag", **portrait, seed=1, reuse=False)
    for seed in (1, 2, 2):
        version = {"image_id": first.image_id, "modifications": {"seed": seed}}
        await want("RegenerateImage", f"seed {seed}", **version, options={"use_references": False})
    words = {"image_id": first.image_id, "options": {"use_references": False}}
    await want("RegenerateImage", "a new seed", **words)
    await ask(seen, "CharacterService.GetCharacter", {"character_id": mia.id})
    for gone in (again, first):
        await ask(seen, "ImageService.DeleteImage", {"image_id": gone.image_id})
    await want("GeneratePortrait", "deleted", **portrait, seed=2)
    await ask(seen, "ImageService.ListImages", {"character_id": mia.id})
    await update_character(seen, "", id=mia.id, hair="red")
    await want("GenerateScene", "stale", **mixed)
    await want("GenerateScene", "still stale", **mixed)
    await want("GeneratePortrait", "new hair", **portrait, seed=1)


async def a_story_of_stored_pictures(seen: Seen) -> None:
    reuse = {"allow_reuse": True}
    story, batch = await a_whole_story(seen, include_cover=True)
    while waiting := [
        image.job
        for image in await images_of(seen, batch)
        if not has_ended(image.job) and not _needs(image, await images_of(seen, batch))
    ]:
        await seen.side.finish(waiting[0])
    wanted = {"story_id": story.id, "include_cover": True, "options": reuse}
    draw = "GenerationService.GenerateStory"
    all_of_it = (await ask(seen, draw, {**wanted, "request_id": str(UUID(int=9, version=4))})).batch
    await images_of(seen, all_of_it, "all")
    await ask(seen, "BatchService.WatchBatch", {"batch_id": all_of_it.batch_id}, "all")
    await ask(seen, draw, {**wanted, "request_id": str(UUID(int=9, version=4))}, "again")
    twice = (await ask(seen, draw, {**wanted, "images_per_page": 2}, "twice")).batch
    for image in await images_of(seen, twice, "twice"):
        seen.note("reused", bool(image.job.reused_from_image_id))
    await ask(seen, "BatchService.CancelBatch", {"batch_id": twice.batch_id})
    character = story.pages[1].character_ids[0]
    await update_character(seen, "", id=character, hair="red")
    anew = (await ask(seen, draw, wanted, "a new portrait")).batch
    for image in await images_of(seen, anew, "a new portrait"):
        seen.note("reused", bool(image.job.reused_from_image_id))


async def deleted_references(seen: Seen) -> None:
    mia = await a_character(seen)
    show = {"character_id": mia.id}
    jobs = []
    for style in ("anime", "cartoon", "anime", "cartoon"):
        jobs.append(await a_portrait(seen, mia, style=style))
        await seen.side.finish(jobs[-1])
    late = await a_portrait(seen, mia)
    await update_character(seen, "", id=mia.id, hair="red")
    new = await a_portrait(seen, mia)
    for job in (new, late):
        await seen.side.finish(job)
    for job in (jobs[0], new, late, jobs[2], jobs[3], jobs[1]):
        await ask(seen, "ImageService.DeleteImage", {"image_id": job.image_id})
        await ask(seen, "CharacterService.GetCharacter", show)
        await ask(seen, "ImageService.ListImages", show)


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


async def a_batch_is_drawn(seen: Seen) -> None:
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


async def a_portrait_of_a_batch_fails(seen: Seen) -> None:
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


async def stories_that_cannot_be_drawn(seen: Seen) -> None:
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
    await stories_whose_fields_are_for_none_of_their_pictures(seen, ids)
    full = await a_story(seen, {"text": "?", "character_ids": ids}, {"text": "!?"})
    await ask(seen, draw, {"story_id": full.id, "include_cover": True}, "full pages")
    await ask(seen, draw, {"story_id": full.id, "options": {"model": "dall-e"}}, "model")
    scene = {"story_id": full.id, "page_id": full.pages[0].id}
    await ask(seen, "GenerationService.GenerateScene", scene, "full page")
    await ask(seen, "CharacterService.DeleteCharacter", {"character_id": ids[0]})
    await ask(seen, draw, {"story_id": full.id, "aspect_ratio": "2:1"}, "gone")
    many = await a_story(seen, *[{"text": f"Page {n}."} for n in range(200)])
    await ask(seen, draw, {"story_id": many.id, "images_per_page": 4, "include_cover": True})


async def stories_whose_fields_are_for_none_of_their_pictures(seen: Seen, ids: list[str]) -> None:
    whole = await a_story(seen, {"text": "A day.", "character_ids": ids[:1]})
    trimmed = {"background_removal": True, "trim_width_mm": 200, "trim_height_mm": 100}
    options = {"use_references": True, "post_processing": trimmed}
    fields = {"aspect_ratio": "4:3", "images_per_page": 2, "options": options}
    for portraits, scenes, cover in product((False, True), repeat=3):
        wanted = {
            "story_id": whole.id,
            "include_character_portraits": portraits,
            "include_scene_images": scenes,
            "include_cover": cover,
            **fields,
        }
        label = f"portraits {portraits}, scenes {scenes}, cover {cover}"
        await ask(seen, "RoutingService.QuoteStory", {"story": wanted}, label)


async def events_of_everything(seen: Seen) -> None:
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


SCRIPTS: tuple[Script, ...] = (
    jobs_end_in_every_way,
    assets_have_their_kinds,
    references_and_versions,
    pictures_from_references,
    stored_pictures_answer_equal_requests,
    a_story_of_stored_pictures,
    deleted_references,
    a_batch_is_drawn,
    a_portrait_of_a_batch_fails,
    stories_that_cannot_be_drawn,
    events_of_everything,
)
