"""No field is accepted and ignored: changing it changes what is drawn, stored or answered.

The table holds every field of every request; a new field without an entry fails a test.
"""

import hashlib
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import grpc.aio
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.json_format import MessageToDict
from google.protobuf.message_factory import GetMessageClass

from imggen.v1 import character_pb2, generation_pb2, image_pb2, story_pb2, style_pb2
from server.domain.money import CallName, NewCall
from server.domain.states import AssetKind, Lane
from server.identity.caller import Role
from tests.contract import ask, methods, request_fields
from tests.endpoint import failure
from tests.integration.callers import Caller
from tests.integration.field_change import (
    CallerWithResources,
    Change,
    FieldChanges,
    NotRead,
    Of,
    Refused,
    Value,
)
from tests.integration.field_changes import CHANGES_RESOURCES, FIELD_CHANGES
from tests.integration.gateway_fixture import GatewayFixture, new_id

# They hold a request of a generation, which the same code reads; the parity tests have its fields.
QUOTES = {
    "RoutingService.QuoteGeneration",
    "RoutingService.QuoteStory",
    "RoutingService.PlanStory",
}


def contract() -> set[tuple[str, str]]:
    """Returns every field of every request, by method and path."""
    return {
        (name, path)
        for name, method in methods().items()
        if name not in QUOTES
        for path, _ in request_fields(method.input_type)
    }


def test_every_field_of_the_contract_has_an_entry() -> None:
    table = {(name, path) for name, changes in FIELD_CHANGES.items() for path in changes.changes}
    assert contract() - table == set(), "a field without an entry: how does it make a difference?"
    assert table - contract() == set(), "an entry without a field"


@pytest.mark.parametrize("method", FIELD_CHANGES)
async def test_no_field_is_accepted_and_ignored(gateway: GatewayFixture, method: str) -> None:
    assert await _ignored(gateway, method, FIELD_CHANGES[method]) == []


async def test_a_field_that_makes_no_difference_is_noticed(gateway: GatewayFixture) -> None:
    method = "GenerationService.GeneratePortrait"
    fake = FieldChanges(
        FIELD_CHANGES[method].base, {"seed": 7, "priority": 1, "style": Refused("anime")}
    )
    assert await _ignored(gateway, method, fake) == ["seed makes no difference", "style is taken"]
    method = "CharacterService.UpdateCharacter"
    fake = FieldChanges(FIELD_CHANGES[method].base, {"character.hair": NotRead("black")})
    assert await _ignored(gateway, method, fake) == ["character.hair is read"]


async def _ignored(gateway: GatewayFixture, method: str, changes: FieldChanges) -> list[str]:
    """Returns the faults of a method's request fields."""
    shared = (
        None
        if method.split(".")[1].startswith(CHANGES_RESOURCES)
        else await _caller_with_resources(gateway, method)
    )

    async def observe(values: Mapping[str, Value]) -> str:
        return await _observe(
            gateway, shared or await _caller_with_resources(gateway, method), method, values
        )

    base = await observe(changes.base)
    # A difference between two equal requests would look like one of a field below.
    assert base == await observe(changes.base)
    wrong = []
    for path, entry in changes.changes.items():
        change = entry if isinstance(entry, Change | Refused | NotRead) else Change(entry)
        given = dict(change.given) if isinstance(change, Change) else {}
        before = await observe({**changes.base, **given}) if given else base
        after = await observe({**changes.base, **given, path: change.value})
        match change:
            case Change():
                assert not after.startswith("refused"), (path, after)
                if after == before:
                    wrong.append(f"{path} makes no difference")
            case Refused():
                if not after.startswith(f"refused for {path}"):
                    wrong.append(f"{path} is taken")
            case NotRead():
                if after != before:
                    wrong.append(f"{path} is read")
    return wrong


async def _observe(
    gateway: GatewayFixture,
    resources: CallerWithResources,
    method: str,
    values: Mapping[str, Value],
) -> str:
    """Makes a request; returns its effects, with ids and times masked."""
    descriptor = methods()[method]
    request = GetMessageClass(descriptor.input_type)()
    for path, value in values.items():
        _set(request, path.split("."), _resolved(value, resources))

    async def once() -> Any:
        return await ask(gateway.channel(), descriptor, request, resources.caller.metadata)

    try:
        answer = await once()
        seen: dict[str, Any] = {"answer": MessageToDict(answer)}
        if "request_id" in descriptor.input_type.fields_by_name:
            seen["repeatable"] = await _repeats(once, answer)
    except grpc.aio.AioRpcError as error:
        failed = await failure(_Failed(error))
        return f"refused for {failed.fields[0] if failed.fields else failed.message}"
    if method == "GenerationService.GenerateStory":
        seen["drawn"] = await _drawn(gateway, resources.caller, answer.batch.batch_id)
    elif method.startswith("GenerationService"):
        seen["drawn"] = await gateway.spec(answer.job)
    if descriptor.name.startswith("Delete"):
        seen["left"] = await _remaining(resources.caller)
    return _masked(json.dumps(seen, default=str, sort_keys=True), resources)


async def _repeats(once: Callable[[], Awaitable[Any]], answer: Any) -> bool:
    """Tells whether the same request again has the same answer: not another one, not an error."""
    try:
        return _made(await once()) == _made(answer)
    except grpc.aio.AioRpcError:
        return False


def _made(answer: Any) -> str:
    """Returns the id of the created resource, or the answer of what creates none."""
    descriptor, made = answer.ListFields()[0]
    ids = {"job": "job_id", "batch": "batch_id", "action": "action_id"}
    return str(getattr(made, ids.get(descriptor.name, "id"), answer))


async def _drawn(gateway: GatewayFixture, caller: Caller, batch: str) -> list[dict[str, Any]]:
    """Returns the specs of a batch's jobs, without their random seeds."""
    specs = [await gateway.spec(image.job) for image in (await caller.get_batch(batch)).images]
    for spec in specs:
        del spec["spec"]["seed"]
    return specs


async def _remaining(caller: Caller) -> list[Any]:
    lists = (
        caller.images.ListImages(image_pb2.ListImagesRequest(), metadata=caller.metadata),
        caller.characters.ListCharacters(
            character_pb2.ListCharactersRequest(), metadata=caller.metadata
        ),
        caller.stories.ListStories(story_pb2.ListStoriesRequest(), metadata=caller.metadata),
    )
    return [MessageToDict(await call) for call in lists]


def _masked(text: str, resources: CallerWithResources) -> str:
    for id_, name in resources.names.items():
        text = text.replace(id_, name)
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID", text)
    text = re.sub(r"[0-9a-f]{64}", "CHECKSUM", text)
    text = re.sub(r'"etag": "[\w=-]+"', '"etag": "ETAG"', text)
    text = re.sub(r"expires=\d+&signature=[\w-]+", "SIGNED", text)
    text = re.sub(r'"oldestWait": "[\d.]+s"', '"oldestWait": "TIME"', text)
    text = re.sub(r'"cursor": "[\w=-]+"', '"cursor": "CURSOR"', text)
    text = re.sub(r'"nextPageToken": "[\w=-]{20,}"', '"nextPageToken": "MORE"', text)
    return re.sub(r"\d{4}-\d\d-\d\d[T ][\d:.]+(Z|\+00:00)", "TIME", text)


def _resolved(value: Value, resources: CallerWithResources) -> Value:
    if isinstance(value, Of):
        return value.of(resources)
    return [_resolved(one, resources) for one in value] if isinstance(value, list) else value


def _set(message: Any, path: list[str], value: Value) -> None:
    name, rest = path[0], path[1:]
    descriptor = message.DESCRIPTOR.fields_by_name[name]
    inner = getattr(message, name)
    if rest:
        if descriptor.is_repeated:
            inner = inner[0] if inner else inner.add()
        _set(inner, rest, value)
    elif isinstance(value, dict) and descriptor.is_repeated:  # a map
        inner.update(value)
    elif descriptor.is_repeated:
        inner.extend(value)
    elif isinstance(inner, FieldMask):
        inner.paths[:] = value
    elif descriptor.message_type is not None:
        inner.seconds = value["seconds"]
    else:
        setattr(message, name, value)


@dataclass(frozen=True)
class _Failed:
    """A caught error in the form of a call, for `failure` to read."""

    error: grpc.aio.AioRpcError

    async def trailing_metadata(self) -> Any:
        return self.error.trailing_metadata()

    async def code(self) -> grpc.StatusCode:
        return self.error.code()

    async def details(self) -> str | None:
        return self.error.details()


async def _caller_with_resources(gateway: GatewayFixture, method: str) -> CallerWithResources:
    """Makes a new caller with resources; with images or batches where the method needs them."""
    roles = (Role.ADMIN,) if method.startswith(("AdminService", "BudgetService")) else ()
    caller = gateway.caller(new_id(), *roles, channel=gateway.channel())
    await gateway.store.paused_lanes.resume(Lane.LOCAL)
    names: dict[str, str] = {}
    for name in ("Mia", "Tom"):
        names[(await caller.create_character(name=name, skin="pale")).id] = name
    mia, _ = names
    pages = [
        story_pb2.Page(text="Mia wakes.", character_ids=[mia]),
        story_pb2.Page(text="Mia runs.", character_ids=[mia]),
    ]
    day = await caller.create_story(title="Day", pages=pages)
    night = await caller.create_story(title="Night", pages=pages[1:])
    names |= {day.id: "Day", night.id: "Night"}
    for title, story in (("Day", day), ("Night", night)):
        names |= {page.id: f"page {n} of {title}" for n, page in enumerate(story.pages, start=1)}
    drawn = (
        "JobService",
        "ImageService",
        "EventService",
        "RoutingService",
        "AdminService",
        "GenerationService.Reg",
        "GenerationService.Upscale",
    )
    if method.startswith(drawn):
        names |= await _pictures(gateway, caller, names, day.id)
    elif method.startswith("GenerationService"):
        await _stored(gateway, caller, names, day.id)
    if method.startswith("BatchService"):
        names |= await _batches(gateway, caller, day.id, night.id)
    if method in ("BudgetService.SettleCall", "AdminService.RequeueJobs"):
        names |= {await _lost_call(gateway, caller, mia): "job of a lost call"}
    if method.startswith("AdminService"):
        names[str(caller.user_id)] = "caller"
    if method == "AdminService.ResumeLane":
        await gateway.store.paused_lanes.pause(Lane.LOCAL, caller.user_id)
    tokens = await _tokens(caller) if ".List" in method else {}
    if method.startswith("EventService"):
        tokens = {"events": await _cursor(caller)}
    return CallerWithResources(caller, names, tokens)


async def _pictures(
    gateway: GatewayFixture, caller: Caller, characters: Mapping[str, str], story: str
) -> dict[str, str]:
    """Makes jobs in every state; returns a name for each id."""
    await _put_off(gateway)
    mia, tom = list(characters)[:2]
    names: dict[str, str] = {}
    for name, character in (("Mia", mia), ("Tom", tom)):
        job = await caller.portrait(character, seed=5)
        made = await gateway.complete(await gateway.claim())
        names |= {job.job_id: f"job of {name}", job.image_id: f"portrait of {name}"}
        names[hashlib.sha256(made[AssetKind.DISPLAY]).hexdigest()] = f"pixels of {name}"
    failed = await caller.scene(story, 1, seed=5)
    await gateway.fail(await gateway.claim())
    cancelled = await caller.scene(story, 2, seed=5)
    await caller.cancel(cancelled.job_id)
    running = await caller.portrait(mia, seed=5)
    await gateway.report(await gateway.claim(), 1, 0.1, b"a preview")
    order = generation_pb2.GenerationOptions(metadata={"order": "4711"})
    waiting = await caller.portrait(mia, seed=5, options=order)
    for name, job in (
        ("failed", failed),
        ("cancelled", cancelled),
        ("running", running),
        ("waiting", waiting),
    ):
        names |= {job.job_id: f"{name} job", job.image_id: f"image of the {name} job"}
    return names


async def _lost_call(gateway: GatewayFixture, caller: Caller, character: str) -> str:
    """Makes a paid call whose answer is lost; returns its job."""
    await gateway.store.money.default_limit(1_000_000)
    job = await caller.portrait(character)
    claim = await gateway.claim()
    new = NewCall(CallName.RENDER, "openai", "gpt-image", 90)
    assert (await gateway.store.money.begin(claim, new)).ok
    await gateway.store.money.unknown(claim, CallName.RENDER)
    await gateway.fail(claim)
    return job.job_id


async def _stored(
    gateway: GatewayFixture, caller: Caller, characters: Mapping[str, str], story: str
) -> None:
    """Draws a portrait and a page, which answer equal requests."""
    await _put_off(gateway)
    words = generation_pb2.GenerationOptions(use_references=False)
    await gateway.draw(await caller.portrait(list(characters)[1], seed=5))
    await gateway.draw(await caller.scene(story, 1, seed=5, options=words))


async def _put_off(gateway: GatewayFixture) -> None:
    """Postpones the previous caller's jobs, which would be claimed here otherwise."""
    await gateway.store.database.execute(
        "UPDATE image_generation_jobs SET run_after = 'infinity' WHERE status = 'queued'"
    )


async def _batches(gateway: GatewayFixture, caller: Caller, day: str, night: str) -> dict[str, str]:
    """Makes batches in every state; returns a name for each id."""
    await _put_off(gateway)
    failed = await caller.generate_story(day, include_character_portraits=False)
    for _ in range(2):
        await gateway.fail(await gateway.claim())
    cancelled = await caller.generate_story(night, include_character_portraits=False)
    await caller.cancel_batch(cancelled.batch_id)
    waiting = await caller.generate_story(day, include_character_portraits=False)
    other = await caller.generate_story(night, include_character_portraits=False)
    return {
        failed.batch_id: "failed batch",
        cancelled.batch_id: "cancelled batch",
        waiting.batch_id: "waiting batch",
        other.batch_id: "other waiting batch",
    }


async def _cursor(caller: Caller) -> str:
    """Returns the cursor of an event that is followed by others."""
    call = caller.follow("oldest")
    cursors = [(await call.read()).event.cursor for _ in range(5)]
    call.cancel()
    return str(cursors[-1])


async def _tokens(caller: Caller) -> dict[str, str]:
    characters = character_pb2.ListCharactersRequest(page_size=1)
    stories = story_pb2.ListStoriesRequest(page_size=1)
    styles = style_pb2.ListStylesRequest(page_size=1)
    return {
        "jobs": (await caller.list_jobs(page_size=1)).next_page_token,
        "batches": (await caller.list_batches(page_size=1)).next_page_token,
        "images": (await caller.list_images(page_size=1)).next_page_token,
        "styles": (
            await caller.styles.ListStyles(styles, metadata=caller.metadata)
        ).next_page_token,
        "characters": (
            await caller.characters.ListCharacters(characters, metadata=caller.metadata)
        ).next_page_token,
        "stories": (
            await caller.stories.ListStories(stories, metadata=caller.metadata)
        ).next_page_token,
    }
