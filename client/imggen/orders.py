"""The requests of pictures and stories, made from keyword arguments."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypedDict, Unpack

from google.protobuf.timestamp_pb2 import Timestamp

from imggen.calls import or_new
from imggen.fields import id_of
from imggen.v1.character_pb2 import Character
from imggen.v1.finishing_pb2 import PostProcessing
from imggen.v1.generation_pb2 import (
    Cover,
    GeneratePortraitRequest,
    GenerateSceneRequest,
    GenerateStoryRequest,
    GenerationOptions,
    Modifications,
    RegenerateImageRequest,
    UpscaleImageRequest,
)
from imggen.v1.image_pb2 import Image
from imggen.v1.story_pb2 import Page, Story


class OptionFields(TypedDict, total=False):
    """The options that all generations share; `GenerationOptions` explains each.

    A `complete_by` without a time zone is in local time.
    """

    model: str
    provider: str
    quality: str
    min_quality: str
    complete_by: datetime | None
    max_cost_micros: int | None
    use_references: bool | None
    allow_reuse: bool
    metadata: Mapping[str, str] | None
    post_processing: PostProcessing | None


class CallFields(OptionFields, total=False):
    """The arguments that all generations share."""

    priority: int | None
    request_id: str | None


class PortraitFields(CallFields, total=False):
    """The arguments of a portrait."""

    style: str
    story: Story | str
    size: str
    seed: int | None


class SceneFields(CallFields, total=False):
    """The arguments of a scene; no characters means those of the page."""

    characters: Sequence[Character | str]
    scene_description: str
    style: str
    aspect_ratio: str
    seed: int | None


class RegenerationFields(CallFields, total=False):
    """The arguments of a regeneration; None keeps the image's own."""

    style: str | None
    prompt: str | None
    seed: int | None


class UpscaleFields(TypedDict, total=False):
    """The arguments of an upscale; `UpscaleImageRequest` explains each."""

    min_size: str
    priority: int | None
    request_id: str | None
    metadata: Mapping[str, str] | None


class WholeStoryFields(CallFields, total=False):
    """The arguments of a whole story: `portraits` and `scenes` are drawn unless False.

    A `Cover` says what the cover shows; True leaves it to the service.
    """

    style: str
    portraits: bool
    scenes: bool
    cover: bool | Cover
    images_per_page: int
    aspect_ratio: str


def portrait_request(
    character: Character | str,
    *,
    style: str = "",
    story: Story | str = "",
    size: str = "",
    seed: int | None = None,
    priority: int | None = None,
    request_id: str | None = None,
    **options: Unpack[OptionFields],
) -> GeneratePortraitRequest:
    """Returns the request of a portrait."""
    return GeneratePortraitRequest(
        character_id=id_of(character),
        story_id=id_of(story),
        style=style,
        size=size,
        options=options_of(**options),
        seed=seed,
        priority=priority,
        request_id=or_new(request_id),
    )


def scene_request(
    story: Story | str,
    page: Page | str,
    *,
    characters: Sequence[Character | str] = (),
    scene_description: str = "",
    style: str = "",
    aspect_ratio: str = "",
    seed: int | None = None,
    priority: int | None = None,
    request_id: str | None = None,
    **options: Unpack[OptionFields],
) -> GenerateSceneRequest:
    """Returns the request of a scene."""
    return GenerateSceneRequest(
        story_id=id_of(story),
        page_id=id_of(page),
        character_ids=[id_of(character) for character in characters],
        scene_description=scene_description,
        style=style,
        aspect_ratio=aspect_ratio,
        options=options_of(**options),
        seed=seed,
        priority=priority,
        request_id=or_new(request_id),
    )


def regeneration_request(
    image: Image | str,
    *,
    style: str | None = None,
    prompt: str | None = None,
    seed: int | None = None,
    priority: int | None = None,
    request_id: str | None = None,
    **options: Unpack[OptionFields],
) -> RegenerateImageRequest:
    """Returns the request of a regeneration."""
    return RegenerateImageRequest(
        image_id=id_of(image),
        modifications=Modifications(style=style, prompt=prompt, seed=seed),
        options=options_of(**options),
        priority=priority,
        request_id=or_new(request_id),
    )


def upscale_request(
    image: Image | str,
    *,
    min_size: str = "",
    priority: int | None = None,
    request_id: str | None = None,
    metadata: Mapping[str, str] | None = None,
) -> UpscaleImageRequest:
    """Returns the request of a new print asset."""
    return UpscaleImageRequest(
        image_id=id_of(image),
        min_size=min_size,
        priority=priority,
        request_id=or_new(request_id),
        metadata=metadata,
    )


def story_request(
    story: Story | str,
    *,
    style: str = "",
    portraits: bool = True,
    scenes: bool = True,
    cover: bool | Cover = False,
    images_per_page: int = 1,
    aspect_ratio: str = "",
    priority: int | None = None,
    request_id: str | None = None,
    **options: Unpack[OptionFields],
) -> GenerateStoryRequest:
    """Returns the request of a whole story."""
    return GenerateStoryRequest(
        story_id=id_of(story),
        style=style,
        include_character_portraits=portraits,
        include_scene_images=scenes,
        include_cover=cover is not False,
        cover=cover if isinstance(cover, Cover) else None,
        images_per_page=images_per_page,
        aspect_ratio=aspect_ratio,
        options=options_of(**options),
        priority=priority,
        request_id=or_new(request_id),
    )


def options_of(
    *,
    model: str = "",
    provider: str = "",
    quality: str = "",
    min_quality: str = "",
    complete_by: datetime | None = None,
    max_cost_micros: int | None = None,
    use_references: bool | None = None,
    allow_reuse: bool = False,
    metadata: Mapping[str, str] | None = None,
    post_processing: PostProcessing | None = None,
) -> GenerationOptions:
    """Returns the options that all generations share."""
    return GenerationOptions(
        model=model,
        provider=provider,
        quality=quality,
        min_quality=min_quality,
        complete_by=_timestamp(complete_by),
        max_cost_micros=max_cost_micros,
        use_references=use_references,
        allow_reuse=allow_reuse,
        metadata=metadata,
        post_processing=post_processing,
    )


def _timestamp(time: datetime | None) -> Timestamp | None:
    if time is None:
        return None
    stamp = Timestamp()
    stamp.FromMicroseconds(round(time.timestamp() * 1_000_000))
    return stamp
