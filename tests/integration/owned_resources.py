"""What a caller can own, and a request for every method and every id that names it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from google.protobuf.field_mask_pb2 import FieldMask

from imggen.v1 import (
    batch_pb2,
    budget_pb2,
    character_pb2,
    generation_pb2,
    image_pb2,
    job_pb2,
    routing_pb2,
    scene_pb2,
    story_pb2,
)
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import GatewayFixture

PAID = """
INSERT INTO calls (
  job_id, attempt, call, user_id, provider, model, reason, day, held_micros, cost_micros, state,
  ended_at
) SELECT id, 1, 'render', user_id, 'openai', 'gpt-image', 'first', current_date, 9, 7, 'settled',
  now() FROM image_generation_jobs WHERE id = $1
"""


@dataclass(frozen=True)
class OwnedResources:
    """The id of one resource of each kind that a caller can own."""

    character: str
    story: str
    page: str
    image: str
    job: str
    waiting_job: str
    failed_job: str
    failed_batch: str
    waiting_batch: str


Make = Callable[[OwnedResources, OwnedResources], Any]


def page_with(character: str) -> story_pb2.Page:
    """Returns a page that has a figure, who must be listed, too."""
    scene = scene_pb2.Scene(figures=[scene_pb2.Figure(character_id=character)])
    return story_pb2.Page(text="Mia", character_ids=[character], scene=scene)


def cover_with(character: str) -> generation_pb2.Cover:
    """Returns a cover that has a figure, who must be listed, too."""
    scene = scene_pb2.Scene(figures=[scene_pb2.Figure(character_id=character)])
    return generation_pb2.Cover(character_ids=[character], scene=scene)


# Method and field -> a request that names, in that field, a resource of the second caller, and
# otherwise only resources of the first.
NAMED: dict[tuple[str, str], Make] = {
    ("GenerationService.GeneratePortrait", "character_id"): lambda own, any_: (
        generation_pb2.GeneratePortraitRequest(character_id=any_.character, style="anime")
    ),
    ("GenerationService.GeneratePortrait", "story_id"): lambda own, any_: (
        generation_pb2.GeneratePortraitRequest(character_id=own.character, story_id=any_.story)
    ),
    ("GenerationService.GenerateScene", "story_id"): lambda own, any_: (
        generation_pb2.GenerateSceneRequest(story_id=any_.story, page_id=own.page)
    ),
    ("GenerationService.GenerateScene", "page_id"): lambda own, any_: (
        generation_pb2.GenerateSceneRequest(story_id=own.story, page_id=any_.page)
    ),
    ("GenerationService.GenerateScene", "character_ids"): lambda own, any_: (
        generation_pb2.GenerateSceneRequest(
            story_id=own.story, page_id=own.page, character_ids=[any_.character]
        )
    ),
    ("GenerationService.GenerateStory", "story_id"): lambda own, any_: (
        generation_pb2.GenerateStoryRequest(story_id=any_.story)
    ),
    ("GenerationService.GenerateStory", "cover.character_ids"): lambda own, any_: (
        generation_pb2.GenerateStoryRequest(
            story_id=own.story,
            include_cover=True,
            cover=generation_pb2.Cover(character_ids=[any_.character]),
        )
    ),
    ("GenerationService.GenerateStory", "cover.scene.figures.character_id"): lambda own, any_: (
        generation_pb2.GenerateStoryRequest(
            story_id=own.story, include_cover=True, cover=cover_with(any_.character)
        )
    ),
    ("BatchService.GetBatch", "batch_id"): lambda own, any_: batch_pb2.GetBatchRequest(
        batch_id=any_.waiting_batch
    ),
    ("BatchService.WatchBatch", "batch_id"): lambda own, any_: batch_pb2.WatchBatchRequest(
        batch_id=any_.waiting_batch
    ),
    ("BatchService.CancelBatch", "batch_id"): lambda own, any_: batch_pb2.CancelBatchRequest(
        batch_id=any_.waiting_batch
    ),
    ("BatchService.RetryBatch", "batch_id"): lambda own, any_: batch_pb2.RetryBatchRequest(
        batch_id=any_.failed_batch
    ),
    ("GenerationService.RegenerateImage", "image_id"): lambda own, any_: (
        generation_pb2.RegenerateImageRequest(image_id=any_.image)
    ),
    ("GenerationService.UpscaleImage", "image_id"): lambda own, any_: (
        generation_pb2.UpscaleImageRequest(image_id=any_.image)
    ),
    ("JobService.GetJob", "job_id"): lambda own, any_: job_pb2.GetJobRequest(job_id=any_.job),
    ("JobService.WatchJob", "job_id"): lambda own, any_: job_pb2.WatchJobRequest(job_id=any_.job),
    ("JobService.CancelJob", "job_id"): lambda own, any_: job_pb2.CancelJobRequest(
        job_id=any_.waiting_job
    ),
    ("JobService.RetryJob", "job_id"): lambda own, any_: job_pb2.RetryJobRequest(
        job_id=any_.failed_job
    ),
    ("ImageService.GetImage", "image_id"): lambda own, any_: image_pb2.GetImageRequest(
        image_id=any_.image
    ),
    ("ImageService.DeleteImage", "image_id"): lambda own, any_: image_pb2.DeleteImageRequest(
        image_id=any_.image
    ),
    ("ImageService.DownloadImage", "image_id"): lambda own, any_: image_pb2.DownloadImageRequest(
        image_id=any_.image
    ),
    ("CharacterService.GetCharacter", "character_id"): lambda own, any_: (
        character_pb2.GetCharacterRequest(character_id=any_.character)
    ),
    ("CharacterService.UpdateCharacter", "character.id"): lambda own, any_: (
        character_pb2.UpdateCharacterRequest(
            character=character_pb2.Character(id=any_.character, hair="blue"),
            update_mask=FieldMask(paths=["hair"]),
        )
    ),
    ("CharacterService.DeleteCharacter", "character_id"): lambda own, any_: (
        character_pb2.DeleteCharacterRequest(character_id=any_.character)
    ),
    ("StoryService.CreateStory", "story.pages.character_ids"): lambda own, any_: (
        story_pb2.CreateStoryRequest(
            story=story_pb2.Story(
                title="A", pages=[story_pb2.Page(text="Mia", character_ids=[any_.character])]
            )
        )
    ),
    ("StoryService.CreateStory", "story.pages.scene.figures.character_id"): lambda own, any_: (
        story_pb2.CreateStoryRequest(
            story=story_pb2.Story(title="A", pages=[page_with(any_.character)])
        )
    ),
    ("StoryService.CreateStory", "story.character_ids"): lambda own, any_: (
        story_pb2.CreateStoryRequest(
            story=story_pb2.Story(title="A", character_ids=[any_.character])
        )
    ),
    ("StoryService.GetStory", "story_id"): lambda own, any_: story_pb2.GetStoryRequest(
        story_id=any_.story
    ),
    ("StoryService.UpdateStory", "story.id"): lambda own, any_: story_pb2.UpdateStoryRequest(
        story=story_pb2.Story(id=any_.story, title="B"), update_mask=FieldMask(paths=["title"])
    ),
    ("StoryService.UpdateStory", "story.pages.character_ids"): lambda own, any_: (
        story_pb2.UpdateStoryRequest(
            story=story_pb2.Story(
                id=own.story,
                pages=[story_pb2.Page(text="Mia", character_ids=[any_.character])],
            ),
            update_mask=FieldMask(paths=["pages"]),
        )
    ),
    ("StoryService.UpdateStory", "story.pages.scene.figures.character_id"): lambda own, any_: (
        story_pb2.UpdateStoryRequest(
            story=story_pb2.Story(id=own.story, pages=[page_with(any_.character)]),
            update_mask=FieldMask(paths=["pages"]),
        )
    ),
    ("StoryService.UpdateStory", "story.character_ids"): lambda own, any_: (
        story_pb2.UpdateStoryRequest(
            story=story_pb2.Story(id=own.story, character_ids=[any_.character]),
            update_mask=FieldMask(paths=["character_ids"]),
        )
    ),
    ("StoryService.UpdateStory", "story.pages.id"): lambda own, any_: story_pb2.UpdateStoryRequest(
        story=story_pb2.Story(id=own.story, pages=[story_pb2.Page(text="Mia", id=any_.page)]),
        update_mask=FieldMask(paths=["pages"]),
    ),
    ("StoryService.DeleteStory", "story_id"): lambda own, any_: story_pb2.DeleteStoryRequest(
        story_id=any_.story
    ),
}


def quoted(kind: str, method: str) -> dict[tuple[str, str], Make]:
    """Returns the quotes of the requests of a generation."""

    def quote(make: Make) -> Make:
        if kind == "story":
            return lambda own, any_: routing_pb2.QuoteStoryRequest(story=make(own, any_))
        return lambda own, any_: routing_pb2.QuoteGenerationRequest(**{kind: make(own, any_)})

    service = "RoutingService.QuoteStory" if kind == "story" else "RoutingService.QuoteGeneration"
    return {
        (service, f"{kind}.{field}"): quote(make)
        for (name, field), make in NAMED.items()
        if name == f"GenerationService.{method}"
    }


def plan(own: OwnedResources, any_: OwnedResources) -> Any:
    """Returns a plan that needs nobody to read: of portraits alone."""
    story = NAMED["GenerationService.GenerateStory", "story_id"](own, any_)
    story.include_scene_images = False
    return routing_pb2.PlanStoryRequest(story=story)


# A valid one waits for a worker that reads; the story of the same request shows that it is valid.
PLANNED_COVERS = [
    ("RoutingService.PlanStory", "story.cover.character_ids"),
    ("RoutingService.PlanStory", "story.cover.scene.figures.character_id"),
]


def planned_cover(field: str) -> Make:
    """Returns the plans of a story's cover."""
    make = NAMED["GenerationService.GenerateStory", field]
    return lambda own, any_: routing_pb2.PlanStoryRequest(story=make(own, any_))


NAMED |= {
    **quoted("portrait", "GeneratePortrait"),
    **quoted("scene", "GenerateScene"),
    **quoted("regeneration", "RegenerateImage"),
    **quoted("story", "GenerateStory"),
    ("RoutingService.PlanStory", "story.story_id"): plan,
    **{case: planned_cover(case[1].removeprefix("story.")) for case in PLANNED_COVERS},
    ("RoutingService.ExplainRoute", "job_id"): lambda own, any_: routing_pb2.ExplainRouteRequest(
        job_id=any_.job
    ),
}

# Lists, by method and filter; `""` is the list without one.
LISTED: dict[tuple[str, str], Make] = {
    ("BatchService.ListBatches", ""): lambda own, any_: batch_pb2.ListBatchesRequest(),
    ("BatchService.ListBatches", "story_id"): lambda own, any_: batch_pb2.ListBatchesRequest(
        story_id=any_.story
    ),
    ("JobService.ListJobs", ""): lambda own, any_: job_pb2.ListJobsRequest(),
    ("JobService.ListJobs", "story_id"): lambda own, any_: job_pb2.ListJobsRequest(
        story_id=any_.story
    ),
    ("ImageService.ListImages", ""): lambda own, any_: image_pb2.ListImagesRequest(),
    ("ImageService.ListImages", "story_id"): lambda own, any_: image_pb2.ListImagesRequest(
        story_id=any_.story
    ),
    ("ImageService.ListImages", "character_id"): lambda own, any_: image_pb2.ListImagesRequest(
        character_id=any_.character
    ),
    ("ImageService.ListImages", "page_id"): lambda own, any_: image_pb2.ListImagesRequest(
        page_id=any_.page
    ),
    ("CharacterService.ListCharacters", ""): lambda own, any_: (
        character_pb2.ListCharactersRequest()
    ),
    ("StoryService.ListStories", ""): lambda own, any_: story_pb2.ListStoriesRequest(),
    ("BudgetService.ListSpend", ""): lambda own, any_: budget_pb2.ListSpendRequest(
        group_by=budget_pb2.SPEND_GROUP_USER
    ),
}


async def owned_resources(gateway: GatewayFixture, caller: Caller) -> OwnedResources:
    """Makes one of each for a caller."""
    character = (await caller.create_character()).id
    page = story_pb2.Page(text="Mia sleeps.", character_ids=[character])
    written = await caller.create_story(pages=[page])
    story = written.id
    done = await gateway.draw(await caller.portrait(character, story_id=story))
    await gateway.store.database.execute(PAID, UUID(done.job_id))
    failed = await caller.portrait(character)
    await gateway.fail(await gateway.claim())
    waiting = await caller.portrait(character)
    failed_batch = (await caller.generate_story(story, include_character_portraits=False)).batch_id
    await caller.cancel_batch(failed_batch)
    waiting_batch = (await caller.generate_story(story)).batch_id
    # Keeps them out of the next caller's claims.
    await gateway.store.database.execute(
        "UPDATE image_generation_jobs SET run_after = 'infinity' WHERE status = 'queued'"
    )
    return OwnedResources(
        *(character, story, written.pages[0].id),
        *(done.image_id, done.job_id, waiting.job_id, failed.job_id),
        *(failed_batch, waiting_batch),
    )
