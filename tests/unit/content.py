"""Builders of content for tests of prompts, extractors and models."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from server.domain.characters import Description, FrozenCharacter
from server.domain.spec import RenderSpec
from server.domain.states import ImageType, Quality
from server.domain.styles import Style

CARTOON = Style(
    id="cartoon",
    version=1,
    display_name="Cartoon",
    description="Bright colors",
    prompt_template="children's book illustration, cartoon style, vibrant colors",
    negative_prompt="photo, realistic, blurry",
)


def character(name: str = "Mia", **looks: Any) -> FrozenCharacter:
    """Returns a character with this name."""
    return FrozenCharacter(UUID(int=7), 1, Description(name=name, **looks))


def render_spec(
    characters: Sequence[FrozenCharacter] = (),
    image_type: ImageType = ImageType.SCENE,
    *,
    style: Style = CARTOON,
    model: str = "storybook",
    width: int = 1024,
    quality: Quality = Quality.STANDARD,
    seed: int = 7,
) -> RenderSpec:
    """Returns the spec of a picture, a square by default."""
    return RenderSpec(
        image_type=image_type,
        style=style,
        characters=tuple(characters),
        scene="",
        page_text="",
        model=model,
        width=width,
        height=1024,
        quality=quality,
        seed=seed,
    )
