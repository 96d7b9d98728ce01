"""No method gives access to another caller's resources: every method, every id it takes.

The tables hold an entry for each; a new method or a new id without one fails a test.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import astuple, dataclass
from typing import Any
from uuid import UUID

import grpc
import grpc.aio
import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from imggen.errors import ImggenError
from imggen.status import error_of
from imggen.v1 import (
    batch_pb2,
    budget_pb2,
    character_pb2,
    event_pb2,
    generation_pb2,
    image_pb2,
    job_pb2,
    routing_pb2,
    scene_pb2,
    story_pb2,
)
from server.domain.ids import UserId
from tests.contract import ask, is_resource_id, methods, path_of, request_fields
from tests.endpoint import failure
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import GatewayFixture, new_id


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

# Ids that only the service sets; a request's are ignored (test_services_fields tests that).
NOT_READ = {
    ("CharacterService.CreateCharacter", "character.id"),
    ("CharacterService.CreateCharacter", "character.reference_image_id"),
    ("CharacterService.UpdateCharacter", "character.reference_image_id"),
    ("StoryService.CreateStory", "story.id"),
    ("StoryService.CreateStory", "story.pages.id"),
}

PAID = """
INSERT INTO calls (
  job_id, attempt, call, user_id, provider, model, reason, day, held_micros, cost_micros, state,
  ended_at
) SELECT id, 1, 'render', user_id, 'openai', 'gpt-image', 'first', current_date, 9, 7, 'settled',
  now() FROM image_generation_jobs WHERE id = $1
"""

# Streams of the caller's own changes: they take no id and have no end.
FOLLOWED = {"EventService.WatchEvents"}

# Methods whose answers are the same for everybody.
PUBLIC = {"StyleService.ListStyles", "RoutingService.ListProviders"}

# Methods whose scope is no resource, or everybody's; test_services_budgets and
# test_settled_calls have who may name which.
SCOPED = {
    "BudgetService.GetBudget",
    "BudgetService.SetBudget",
    "BudgetService.ListUnsettledCalls",
    "BudgetService.SettleCall",
}


def without_an_entry(known: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Returns the ids, lists and methods of the contract that have no entry in a table."""
    found = set()
    for name, method in methods().items():
        places = [
            path for path, field in request_fields(method.input_type) if is_resource_id(field)
        ]
        if method.name.startswith("List") or not places:
            places.append("")
        found |= {(name, place) for place in places if name not in PUBLIC | FOLLOWED | SCOPED}
    return found - set(known)


def test_every_id_and_every_list_of_the_contract_has_an_entry() -> None:
    known = [*NAMED, *LISTED, *NOT_READ]
    assert without_an_entry(known) == set()
    forgotten = ("JobService.CancelJob", "job_id")
    assert without_an_entry(entry for entry in known if entry != forgotten) == {forgotten}
    assert {name for name, _ in known} | PUBLIC | FOLLOWED | SCOPED == set(methods())


@pytest.mark.parametrize("case", NAMED, ids=".".join)
async def test_an_id_of_another_caller_is_not_found(
    gateway: GatewayFixture, mia: Caller, tom: Caller, case: tuple[str, str]
) -> None:
    own, others = await _owned_resources(gateway, mia), await _owned_resources(gateway, tom)
    nobodys = OwnedResources(*(new_id() for _ in range(9)))
    before = await _everything(gateway, tom.user_id)

    of_another = await _refused(gateway, mia, case, own, others)
    # It changed nothing before it refused.
    assert await _everything(gateway, tom.user_id) == before
    of_nobody = await _refused(gateway, mia, case, own, nobodys)
    for refused, named in (of_another, others), (of_nobody, nobodys):
        assert refused is not None
        assert refused.code is grpc.StatusCode.NOT_FOUND
        [(field, id_)] = refused.metadata.items()
        assert field in ("character_id", "story_id", "page_id", "image_id", "job_id", "batch_id")
        assert id_ in astuple(named)
    # Reports count errors by their message, so it names no id.
    assert of_another is not None
    assert of_nobody is not None
    assert of_another.message == of_nobody.message
    # The request itself is valid, or the refusals above would prove nothing.
    assert case in PLANNED_COVERS or await _refused(gateway, mia, case, own, own) is None


async def test_lists_hold_only_the_callers_own(
    gateway: GatewayFixture, mia: Caller, tom: Caller
) -> None:
    own, others = await _owned_resources(gateway, mia), await _owned_resources(gateway, tom)
    newcomer = gateway.caller("newcomer")
    for case, make in LISTED.items():
        hers = await _rows(gateway, mia, case, make(own, own))
        his = await _rows(gateway, tom, case, make(others, others))
        assert hers, case
        assert his, case
        assert not hers & his, case
        assert await _rows(gateway, newcomer, case, make(own, others)) == set(), case
        if case[1]:
            assert await _rows(gateway, mia, case, make(own, others)) == set(), case


async def test_events_are_only_of_the_callers_own(
    gateway: GatewayFixture, mia: Caller, tom: Caller
) -> None:
    await _owned_resources(gateway, tom)
    own = await _owned_resources(gateway, mia)
    last = await mia.portrait(own.character)
    async with asyncio.timeout(60):
        for method in FOLLOWED:
            assert method == "EventService.WatchEvents"
            seen = [event async for event in _until(mia.follow("oldest"), last.job_id)]
    assert {event.user_id for event in seen} == {str(mia.user_id)}
    assert {event.job.job_id or event.image.image_id for event in seen} >= {
        *(own.image, own.job, own.failed_job, own.waiting_job)
    }


async def test_no_method_answers_without_a_token(gateway: GatewayFixture) -> None:
    channel = gateway.channel()
    for name, method in methods().items():
        kind: Any = channel.unary_stream if method.server_streaming else channel.unary_unary
        call = kind(path_of(method))(b"")
        await call.code()
        refused = await failure(call)
        assert (refused.code, refused.reason) == (
            grpc.StatusCode.UNAUTHENTICATED,
            "TOKEN_MISSING",
        ), name


async def _until(call: Any, job_id: str) -> AsyncIterator[event_pb2.Event]:
    """Yields the events of a stream before the first one of a job."""
    while (event := (await call.read()).event).job.job_id != job_id:
        if not event.HasField("checkpoint"):
            yield event
    call.cancel()


async def _refused(
    gateway: GatewayFixture,
    caller: Caller,
    case: tuple[str, str],
    own: OwnedResources,
    any_: OwnedResources,
) -> ImggenError | None:
    try:
        await ask(gateway.channel(), methods()[case[0]], NAMED[case](own, any_), caller.metadata)
    except grpc.aio.AioRpcError as error:
        return error_of(error, method=case[0], target="", timeout=None)
    return None


async def _everything(gateway: GatewayFixture, user: UserId) -> list[list[str]]:
    """Returns every row of a user."""
    tables = ("characters", "stories", "images", "image_generation_jobs", "batches", "outbox")
    return [
        [
            str(row)
            for row in await gateway.store.database.fetch(
                f"SELECT * FROM {table} WHERE user_id = $1 ORDER BY id", user
            )
        ]
        for table in tables
    ]


async def _rows(
    gateway: GatewayFixture, caller: Caller, case: tuple[str, str], request: Any
) -> set[str]:
    answer = await ask(gateway.channel(), methods()[case[0]], request, caller.metadata)
    [rows] = [value for field, value in answer.ListFields() if field.is_repeated] or [[]]
    names = {"JobService": "job_id", "BatchService": "batch_id", "BudgetService": "key"}
    name = names.get(case[0].split(".")[0], "id")
    return {getattr(row, name) for row in rows}


async def _owned_resources(gateway: GatewayFixture, caller: Caller) -> OwnedResources:
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
