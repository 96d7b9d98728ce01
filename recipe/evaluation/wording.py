"""Drawn scenes in the words of callers: descriptions and scenes that the service reads."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from actors.storybook.grammar import (
    EXPRESSIONS,
    FRAMINGS,
    GARMENTS,
    HAIR_STYLES,
    PLACES,
    POSES,
    POSITIONS,
    RAIN,
    SKINS,
    TIMES,
    VIEWS,
)
from recipe.illustrator import Character, Scene
from recipe.illustrator import attributes as drawn
from server.domain.characters import Description, FrozenCharacter, Gender
from server.domain.ids import CharacterId
from server.domain.scenes import DayTime, Figure, Mood, Side, Weather
from server.domain.scenes import Scene as Told
from server.domain.spec import RenderSpec
from server.domain.states import ImageType, Quality
from server.domain.styles import Style
from server.routing.catalogue import STORYBOOK

NAMES = ("Alma", "Bruno", "Carla")
"""The names of a picture's characters, from left to right; none of them is a word of a table."""
STYLES: Mapping[drawn.Style, str] = {
    drawn.Style.CARTOON: "cartoon",
    drawn.Style.WATERCOLOR: "watercolor",
    drawn.Style.REALISTIC: "realistic",
    drawn.Style.ANIME: "anime",
    drawn.Style.STORYBOOK: "storybook",
    drawn.Style.RENDER: "3d_render",
}
"""The ids of the service's styles."""
_MOODS = {
    drawn.Expression.SMILING: Mood.HAPPY,
    drawn.Expression.LAUGHING: Mood.LAUGHING,
    drawn.Expression.SAD: Mood.SAD,
    drawn.Expression.SURPRISED: Mood.SURPRISED,
    drawn.Expression.ANGRY: Mood.ANGRY,
}
_DOING = {
    drawn.Pose.STANDING: "stand",
    drawn.Pose.WAVING: "wave",
    drawn.Pose.CHEERING: "cheer",
}
_SIDES = {drawn.Position.LEFT: Side.LEFT, drawn.Position.RIGHT: Side.RIGHT}
_TIMES = {
    drawn.Time.DAY: DayTime.DAY,
    drawn.Time.SUNSET: DayTime.EVENING,
    drawn.Time.NIGHT: DayTime.NIGHT,
}
_YEARS = {drawn.Age.CHILD: 8, drawn.Age.ADULT: 35, drawn.Age.ELDER: 70}
_GENDERS = {drawn.Gender.FEMALE: Gender.FEMALE, drawn.Gender.MALE: Gender.MALE}
_SIDE = 1024
"""Pixels along each side of the display asset: a square, which is not cropped."""


def scene_spec(scene: Scene, seed: int) -> RenderSpec:
    """Returns the spec of a scene's picture, in the service's default quality."""
    cast = tuple(
        FrozenCharacter(UUID(int=number + 1), 1, describe(character, name))
        for number, (name, character) in enumerate(zip(NAMES, scene.characters, strict=False))
    )
    return _spec(ImageType.SCENE, scene.style, cast, situation(scene), seed)


def told_scene(scene: Scene, cast: Sequence[FrozenCharacter]) -> Told:
    """Returns a drawn scene as it is read from a page about these characters.

    A page that shows somebody from behind tells nothing of the face.
    """
    figures = [
        Figure(
            CharacterId(who.id),
            doing=(_DOING[each.pose],),
            mood=None if each.view is drawn.View.BACK else _MOODS[each.expression],
            side=_SIDES.get(scene.position),
        )
        for who, each in zip(cast, scene.characters, strict=True)
    ]
    views = [
        f"{who.description.name}, {VIEWS[each.view][0]}."
        for who, each in zip(cast, scene.characters, strict=True)
    ]
    return Told(
        figures=tuple(figures),
        place=PLACES[scene.place][0],
        time=None if scene.place.timeless else _TIMES[scene.time],
        weather=(Weather.RAIN,) if scene.weather is drawn.Weather.RAIN else (),
        told=" ".join(views),
    )


def told_portrait(spec: RenderSpec) -> Told:
    """Returns what is read for a portrait: who is on it."""
    return Told(figures=tuple(Figure(CharacterId(one.id)) for one in spec.characters))


def portrait_spec(character: Character, style: drawn.Style, seed: int) -> RenderSpec:
    """Returns the spec of a character's portrait, which callers make its reference."""
    cast = (FrozenCharacter(UUID(int=1), 1, describe(character, NAMES[0])),)
    return _spec(ImageType.PORTRAIT, style, cast, "", seed)


def describe(character: Character, name: str) -> Description:
    """Returns the looks of a character in words, without what it does in a scene."""
    gender = _GENDERS[character.gender]
    clothing, eyes = _clothing(character), f"{character.eyes} eyes"
    features = ["glasses"] if character.glasses else []
    if character.is_animal:
        return Description(
            name,
            gender=gender,
            species=character.species,
            eyes=eyes,
            skin=f"{character.fur} fur",
            clothing=clothing,
            features=tuple(features),
        )
    features += ["freckles"] if character.freckles else []
    features += ["a beard"] if character.beard else []
    return Description(
        name,
        age=_YEARS[character.age],
        gender=gender,
        species=character.species,
        hair=HAIR_STYLES[character.hair_style][0].format(character.hair),
        eyes=eyes,
        skin=SKINS[character.skin][0],
        clothing=clothing,
        features=tuple(features),
    )


def situation(scene: Scene) -> str:
    """Returns what the characters of a scene do and where they are: `Alma, smiling. At night.`."""
    cast = [
        _acting(name, character) for name, character in zip(NAMES, scene.characters, strict=False)
    ]
    if len(cast) == 1:
        cast = [f"{FRAMINGS[scene.framing][0]} {cast[0]}"]
    where = [PLACES[scene.place][0]]
    if scene.position is not drawn.Position.CENTRE:
        where.insert(0, POSITIONS[scene.position][0])
    if not scene.place.timeless:
        where.append(TIMES[scene.time][0])
    if scene.weather is drawn.Weather.RAIN:
        where.append(RAIN[0])
    return " ".join(f"{said[0].upper()}{said[1:]}." for said in (*cast, ", ".join(where)))


def _acting(name: str, character: Character) -> str:
    said = [name]
    if character.view is not drawn.View.BACK:
        said.append(EXPRESSIONS[character.expression][0])
    if character.view is not drawn.View.FRONT:
        said.append(VIEWS[character.view][0])
    if character.pose is not drawn.Pose.STANDING:
        said.append(POSES[character.pose][0])
    return ", ".join(said)


def _clothing(character: Character) -> str:
    worn = [GARMENTS[character.garment][0].format(character.colour).replace("a o", "an o")]
    if character.hat is not drawn.Hat.NONE:
        worn.append(f"a {character.hat}")
    if character.scarf:
        worn.append("a scarf")
    return " and ".join(worn)


def _spec(
    image_type: ImageType,
    style: drawn.Style,
    characters: tuple[FrozenCharacter, ...],
    scene: str,
    seed: int,
) -> RenderSpec:
    return RenderSpec(
        image_type=image_type,
        style=Style(STYLES[style], 1, "", "", "", ""),
        characters=characters,
        scene=scene,
        page_text="",
        model=STORYBOOK.name,
        width=_SIDE,
        height=_SIDE,
        quality=Quality.HD,
        seed=seed,
    )
