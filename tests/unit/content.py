"""Builders of content for tests of prompts, extractors and models."""

from collections.abc import Sequence
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from actors.extractors.pages import placed
from actors.extractors.rules.reader import RuleReader
from server.domain.characters import Description, FrozenCharacter
from server.domain.ids import CharacterId
from server.domain.scenes import Figure, Scene
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
    """Returns a character with this name, and an id of its own."""
    return FrozenCharacter(uuid5(NAMESPACE_OID, name), 1, Description(name=name, **looks))


def figure(who: FrozenCharacter, **acting: Any) -> Figure:
    """Returns a character on a picture."""
    return Figure(CharacterId(who.id), **acting)


def read_scene(words: str, *cast: FrozenCharacter) -> Scene:
    """Returns the scene that words tell of characters, who are all on the picture."""
    told = RuleReader().read(words, cast) if words else Scene()
    return placed(told, render_spec(cast, scene=words))


def render_spec(
    characters: Sequence[FrozenCharacter] = (),
    image_type: ImageType = ImageType.SCENE,
    *,
    style: Style = CARTOON,
    model: str = "storybook",
    width: int = 1024,
    quality: Quality = Quality.STANDARD,
    seed: int = 7,
    scene: str = "",
) -> RenderSpec:
    """Returns the spec of a picture, a square by default."""
    return RenderSpec(
        image_type=image_type,
        style=style,
        characters=tuple(characters),
        scene=scene,
        page_text="",
        model=model,
        width=width,
        height=1024,
        quality=quality,
        seed=seed,
    )
