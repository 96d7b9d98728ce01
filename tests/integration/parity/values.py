"""Calls of every method, generated: a valid request, and values of each of its fields."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message_factory import GetMessageClass

from tests.contract import methods, request_fields
from tests.integration.parity.normal import ID
from tests.integration.parity.sides import Seen

UNKNOWN = "00000000-0000-4000-8000-000000000009"
REQUEST_ID = "00000000-0000-4000-8000-000000000001"
_IDS = ("", "x", UNKNOWN, "0" * 32, "00000000-0000-0000-0000-000000000000", "\u200b")
_TEXTS = (
    *("", " ", "?!", "a\x00b", "a\x0bb", "a \t b\n", "\u200ba\ufeff", "oil", "x" * 61),
    *("x" * 301, "x" * 2_001, "x" * 4_001),
)
_WORDS = {"provider": ("local", "Local"), "min_quality": ("draft", "good", "best")}
_NUMBERS = (-(2**31), -1, 0, 1, 3, 4, 9, 100, 101, 150, 151, 2**31 - 1)
_LATE = 4_000_000_000
_WIDE_NUMBERS = (0, 1, 2**32 - 1)
_METADATA: tuple[dict[str, str], ...] = (
    {"order": "4711"},
    {"": "x"},
    {"a": "b\x00"},
    {f"key {n}": "" for n in range(17)},
    {"k": "ä" * 512},
    {"k": "x" * 1_023},
)
_MASKS: tuple[list[str], ...] = (
    [],
    ["*"],
    ["name"],
    ["title"],
    ["pages"],
    ["paws"],
    ["*", "name"],
    ["id"],
    ["etag"],
)


@dataclass(frozen=True)
class Things:
    """The ids of what a side has, for requests to name."""

    character: str
    other: str
    story: str
    page: str
    job: str
    failed: str
    waiting: str
    image: str
    batch: str


async def make_things(seen: Seen) -> Things:
    """Makes characters, stories, jobs in every state and a batch."""
    side = seen.side

    async def character(name: str) -> str:
        request: Any = {"character": {"name": name, "hair": "red"}}
        made = (await ask(seen, "CharacterService.CreateCharacter", request)).character
        return str(made.id)

    mia, tom = await character("Mia"), await character("Tom")
    pages = [
        {"text": "Mia wakes.", "character_ids": [mia]},
        {"text": "Mia and Tom run.", "character_ids": [mia, tom]},
        {"text": "?!"},
    ]
    story = (
        await ask(
            seen,
            "StoryService.CreateStory",
            {"story": {"title": "Day", "style": "anime", "pages": pages}},
        )
    ).story

    async def portrait(**fields: Any) -> Any:
        request = {"character_id": mia, "style": "cartoon", "seed": 7, **fields}
        return (await ask(seen, "GenerationService.GeneratePortrait", request)).job

    done = await portrait(options={"metadata": {"order": "1"}})
    await side.finish(done)
    failed = await portrait(story_id=story.id)
    await side.fail(failed)
    waiting = await portrait(priority=3)
    # One image: those of a batch are made at one moment, and listed in the order of their ids.
    request = {"story_id": story.id, "include_cover": True, "priority": 3}
    request |= {"include_character_portraits": False, "include_scene_images": False}
    batch = (await ask(seen, "GenerationService.GenerateStory", request)).batch
    return Things(
        character=mia,
        other=tom,
        story=story.id,
        page=story.pages[0].id,
        job=done.job_id,
        failed=failed.job_id,
        waiting=waiting.job_id,
        image=done.image_id,
        batch=batch.batch_id,
    )


async def ask(seen: Seen, method: str, fields: Mapping[str, Any], label: str = "") -> Any:
    """Calls a method with a request of these fields."""
    request = GetMessageClass(methods()[method].input_type)(**fields)
    return await seen.call(method, request, label=label)


def base_of(method: str, things: Things) -> dict[str, Any]:
    """Returns the fields of a valid request."""
    service, name = method.split(".")
    quoted = {
        "QuoteGeneration": "GeneratePortrait",
        "QuoteStory": "GenerateStory",
        "PlanStory": "GenerateStory",
    }
    if name in quoted:
        return _in("portrait" if name == "QuoteGeneration" else "story", quoted[name], things)
    id_of = {
        "CharacterService": {"character_id": things.character},
        "StoryService": {"story_id": things.story},
        "JobService": {"job_id": things.waiting},
        "RoutingService": {"job_id": things.failed},
        "BatchService": {"batch_id": things.batch},
        "ImageService": {"image_id": things.image},
    }
    special: dict[str, dict[str, Any]] = {
        "CreateCharacter": {"character.name": "Ida"},
        "UpdateCharacter": {"character.id": things.character, "character.name": "Ida"},
        "CreateStory": {"story.title": "Night", "story.pages.text": "The moon is up."},
        "UpdateStory": {"story.id": things.story, "story.title": "Night"},
        "GeneratePortrait": {"character_id": things.other, "style": "anime"},
        "GenerateScene": {"story_id": things.story, "page_id": things.page},
        "GenerateStory": {"story_id": things.story, "include_scene_images": False},
        "RegenerateImage": {"image_id": things.image},
        "UpscaleImage": {"image_id": things.image},
        "RetryJob": {"job_id": things.failed},
        "WatchEvents": {"after_cursor": "oldest"},
        "GetOverview": {},
        "DrainWorker": {"name": "worker"},
        "PauseLane": {"lane": 1},
        "ResumeLane": {"lane": 1},
        "CancelJobs": {"user_id": UNKNOWN},
        "RequeueJobs": {"job_ids": [things.failed]},
        "GetJobHistory": {"job_id": things.failed},
        "GetBudget": {},
        "SetBudget": {"scope": "global", "limit_micros": 5},
        "SettleCall": {"job_id": things.failed, "attempt": 1, "cost_micros": 5},
    }
    if name in special:
        return special[name]
    return {} if name.startswith("List") else id_of[service]


def requests_of(method: str, things: Things) -> Iterator[tuple[str, Any]]:
    """Yields requests with a label: one for each value of each field, and the valid one last."""
    base = base_of(method, things)
    kind = GetMessageClass(methods()[method].input_type)
    for path, field in request_fields(methods()[method].input_type):
        for value in _values_of(path, field, things):
            shown = ID.sub("ID", repr(value))
            label = f"{path}={shown if len(shown) < 60 else f'{shown[:50]}... ({len(shown)})'}"
            request = _with(kind(), {**_around(method, path, base, things), path: value})
            if request is not None:
                yield label, request
    yield "valid", _with(kind(), base)


def _around(method: str, path: str, base: dict[str, Any], things: Things) -> dict[str, Any]:
    """Returns the other fields of a request in which one field has a value."""
    kinds = {"scene": "GenerateScene", "regeneration": "RegenerateImage"}
    kind = path.split(".")[0]
    if method != "RoutingService.QuoteGeneration" or kind not in kinds:
        return base
    return _in(kind, kinds[kind], things)


def _in(field: str, method: str, things: Things) -> dict[str, Any]:
    """Returns the fields of a valid generation as those of a request that quotes it."""
    base = base_of(f"GenerationService.{method}", things)
    return {f"{field}.{path}": value for path, value in base.items()}


def _with(request: Any, values: Mapping[str, Any]) -> Any:
    for path, value in values.items():
        try:
            _set(request, path.split("."), value)
        except ValueError:  # not UTF-8, or out of the type's range
            return None
    return request


def _values_of(path: str, field: FieldDescriptor, things: Things) -> Iterator[Any]:
    name, kind = field.name, field.type
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        yield from _METADATA
    elif field.message_type is not None and field.message_type.name == "FieldMask":
        yield from _MASKS
    elif name == "complete_by":
        yield from ({"seconds": seconds} for seconds in (0, 1, 2**40, _LATE))
    elif field.message_type is not None:
        yield {"seconds": 1}
    elif kind == FieldDescriptor.TYPE_ENUM:
        values = (0, 1, 2, 99)
        yield from ([value] for value in values) if field.is_repeated else values
        if field.is_repeated:
            yield [1, 1, 99]
    elif kind == FieldDescriptor.TYPE_BOOL:
        yield from (False, True)
    elif kind == FieldDescriptor.TYPE_UINT32:
        yield from _WIDE_NUMBERS
    elif kind in (FieldDescriptor.TYPE_INT32, FieldDescriptor.TYPE_INT64):
        yield from _NUMBERS
    elif field.is_repeated:
        yield from _lists(name, things)
    elif name == "request_id":
        yield from ("x", REQUEST_ID, REQUEST_ID)
    elif name in _WORDS:
        yield from (*_TEXTS, *_WORDS[name])
    elif name.endswith("_id") or name == "id":
        yield from (*_IDS, _upper(name, things))
    else:
        yield from _TEXTS


def _lists(name: str, things: Things) -> Iterator[list[str]]:
    if name == "character_ids":
        known = [things.character, things.other]
        yield from ([one] for one in _IDS)
        yield from (known, known[:1] * 2, [*known, UNKNOWN], [UNKNOWN] * 17)
        yield [f"00000000-0000-4000-8000-0000000000{n:02}" for n in range(17)]
        return
    yield from ([one] for one in _TEXTS)
    yield [f"item {n}" for n in range(17)]


def _upper(name: str, things: Things) -> str:
    """Returns the id of a thing of that name in another spelling."""
    found = {"character_id": things.other, "story_id": things.story, "job_id": things.job}
    return found.get(name, things.image).upper()


def _set(message: Any, path: list[str], value: Any) -> None:
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
        inner[:] = value
    elif isinstance(inner, FieldMask):
        inner.paths[:] = value
    elif descriptor.message_type is not None:
        inner.seconds = value["seconds"]
    else:
        setattr(message, name, value)
