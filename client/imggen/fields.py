"""The arguments that calls accept: keyword fields, names of enum values, objects or their ids."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, TypedDict, TypeVar

from google.protobuf.message import Message

from imggen.v1.batch_pb2 import Batch
from imggen.v1.character_pb2 import Character, Gender
from imggen.v1.image_pb2 import Image
from imggen.v1.job_pb2 import Job
from imggen.v1.metadata_pb2 import MetadataFilter
from imggen.v1.story_pb2 import Page, Story

if TYPE_CHECKING:
    from google.protobuf.internal.enum_type_wrapper import _EnumTypeWrapper

GenderName = Literal["unspecified", "female", "male"]
ImageTypeName = Literal["portrait", "scene", "cover"]
ImageStatusName = Literal["queued", "generating", "completed", "failed", "cancelled"]
JobStatusName = Literal["queued", "processing", "completed", "failed", "cancelled"]
EventKindName = Literal["job", "image", "batch"]
LaneName = Literal["local", "hosted", "read", "upscale"]
StageName = Literal["resolving", "rendering", "finishing", "storing"]
CallKindName = Literal["read", "render"]
SpendGroupName = Literal["day", "provider", "model", "user", "style", "story"]
StoryViewName = Literal["basic", "full"]
AssetKindName = Literal["original", "display", "print", "thumbnail"]

Value = TypeVar("Value", bound=int)


class CharacterFields(TypedDict, total=False):
    """The fields of a character that callers can set; None clears one."""

    name: str | None
    age: int | None
    gender: Gender.ValueType | GenderName | None
    species: str | None
    hair: str | None
    eyes: str | None
    skin: str | None
    clothing: str | None
    features: Sequence[str] | None
    traits: Sequence[str] | None


class StoryFields(TypedDict, total=False):
    """The fields of a story that callers can set; None clears one, and a page may be its text."""

    title: str | None
    style: str | None
    pages: Sequence[Page | str] | None
    character_ids: Sequence[str] | None


def number_of(enum: "_EnumTypeWrapper[Value]", value: Value | str) -> Value:
    """Returns the enum value of a short name, for instance `completed`; numbers pass through.

    Raises:
        ValueError: The enum has no value with this name.
    """
    if isinstance(value, int):
        return value
    names = short_names(enum)
    if value.lower() not in names:
        raise ValueError(
            f"{value!r} is not a value of {enum.DESCRIPTOR.name}; "
            f"use one of {', '.join(list(names)[1:])}"
        )
    return names[value.lower()]


def short_names(enum: "_EnumTypeWrapper[Value]") -> dict[str, Value]:
    """Returns the values of an enum by their short names, which are lower-case."""
    prefix = enum.keys()[0].removesuffix("UNSPECIFIED")
    return {name.removeprefix(prefix).lower(): value for name, value in enum.items()}


def short_name(enum: "_EnumTypeWrapper[Value]", value: Value) -> str:
    """Returns the short name of a value, for instance `completed`.

    A value that only a newer server knows is `unknown_` and its number.
    """
    if value not in enum.values():
        return f"unknown_{value}"
    prefix = enum.keys()[0].removesuffix("UNSPECIFIED")
    return enum.Name(value).removeprefix(prefix).lower()


def id_of(thing: Character | Story | Page | Image | str) -> str:
    """Returns the id of an object, or the id given instead of it.

    Raises ValueError for an object without one: a filter by it would match everything.
    """
    return thing if isinstance(thing, str) else _known(thing.id, thing)


def job_id_of(job: Job | str) -> str:
    """Returns the id of a job, or the id given instead of it; ValueError as in `id_of`."""
    return job if isinstance(job, str) else _known(job.job_id, job)


def batch_id_of(batch: Batch | str) -> str:
    """Returns the id of a batch, or the id given instead of it; ValueError as in `id_of`."""
    return batch if isinstance(batch, str) else _known(batch.batch_id, batch)


def _known(id_: str, thing: Message) -> str:
    if not id_:
        kind = thing.DESCRIPTOR.name
        raise ValueError(f"this {kind} has no id; use the {kind} that the service returned")
    return id_


def metadata_filter(pairs: Mapping[str, str] | None) -> MetadataFilter | None:
    """Returns the filter of a list by one pair; None for any.

    Raises:
        ValueError: There is more than one pair.
    """
    if not pairs:
        return None
    if len(pairs) > 1:
        raise ValueError(f"metadata: a list is filtered by one pair, not {len(pairs)}")
    [(key, value)] = pairs.items()
    return MetadataFilter(key=key, value=value)


def character_with(base: Character | str | None, fields: CharacterFields) -> Character:
    """Returns a copy of the base, or a new character with its id, with the fields set."""
    given = dict(fields)
    if (gender := fields.get("gender")) is not None:
        given["gender"] = number_of(Gender, gender)
    character = Character(id=base) if isinstance(base, str) else Character()
    if isinstance(base, Character):
        character.CopyFrom(base)
    for name in given:
        character.ClearField(name)  # type: ignore[arg-type] # the TypedDict's keys are its fields
    character.MergeFrom(Character(**given))  # type: ignore[arg-type]
    return character


def story_with(base: Story | str | None, fields: StoryFields) -> Story:
    """Returns a copy of the base, or a new story with its id, with the fields set."""
    given = dict(fields)
    if (pages := fields.get("pages")) is not None:
        given["pages"] = [Page(text=p) if isinstance(p, str) else p for p in pages]
    elif "pages" in fields and base is not None:
        raise ValueError("pages: None would delete all pages; leave it out, or give [] for that")
    story = Story(id=base) if isinstance(base, str) else Story()
    if isinstance(base, Story):
        story.CopyFrom(base)
    for name in given:
        story.ClearField(name)  # type: ignore[arg-type] # the TypedDict's keys are its fields
    story.MergeFrom(Story(**given))  # type: ignore[arg-type]
    return story


def check_whole(story: Story | str | None) -> None:
    """Raises ValueError for a story that was listed without its pages: it would lose them."""
    if isinstance(story, Story) and story.page_count and not story.pages:
        raise ValueError(
            "this Story was listed without its pages; get it whole with get_story, list it with"
            " view='full', or give the fields to change"
        )
