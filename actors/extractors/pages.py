"""Pages: the text that is read for a picture, and the scene that comes of it."""

from dataclasses import dataclass, replace

from actors.prompts.composing import is_swapped
from actors.prompts.reading import Reading
from actors.prompts.standing import read_side, read_standing, tells_standing
from server.domain.characters import FrozenCharacter
from server.domain.ids import CharacterId
from server.domain.scenes import Figure, Scene, SceneField, Side
from server.domain.spec import RenderSpec
from server.domain.states import ImageType

_SIDES = {-1: Side.LEFT, 0: Side.MIDDLE, 1: Side.RIGHT}


@dataclass(frozen=True, slots=True)
class Page:
    """A text to read: who may be in it, and the pages before it, the first one first."""

    text: str
    cast: tuple[FrozenCharacter, ...]
    before: tuple[str, ...] = ()


def page_of(spec: RenderSpec) -> Page:
    """Returns what is read for the picture of a spec.

    A scene description counts alone; without one the page's text does. Without one a cover has the
    story's title, which names a mood and maybe a place, and its first page the rest.
    """
    if spec.image_type is ImageType.COVER and spec.page_text:
        return Page(f"{spec.scene}. {spec.page_text}", spec.cast)
    if spec.image_type is ImageType.SCENE and not spec.scene:
        return Page(spec.page_text, spec.cast, spec.before)
    return Page(spec.scene, spec.cast, spec.before)


def placed(scene: Scene, spec: RenderSpec) -> Scene:
    """Returns a scene with all characters that a spec lists, as they stand from left to right.

    Those whom the text says are not there stay away, unless nobody would be left whom the author
    wants there. A portrait may be anywhere, so that nothing of it is unsure.
    """
    nobody = spec.fixed is not None and SceneField.FIGURES in spec.fixed.empty
    known = {one.character: one for one in scene.figures}
    cast = {CharacterId(one.id): one for one in spec.cast}
    mine = [CharacterId(one.id) for one in spec.characters]
    listed = [one for one in mine if one in known or one not in scene.away]
    if not listed and not known and not nobody:
        listed = mine
    figures = [known.get(one, Figure(one)) for one in listed]
    figures += [one for one in scene.figures if one.character not in listed]
    looks = [cast[one.character].description for one in figures]
    texts = [Reading(spec.scene), Reading(spec.page_text)]
    ordered = [figures[place] for place in read_standing(texts, looks)]
    if len(ordered) == 1:
        side = next(
            (side for text in texts if (side := read_side(text, looks[0])) is not None), None
        )
        ordered = [replace(ordered[0], side=_SIDES[side] if side is not None else None)]
    unsure = () if spec.image_type is ImageType.PORTRAIT else scene.unsure
    return replace(scene, figures=tuple(ordered), unsure=unsure)


def arranged(scene: Scene, spec: RenderSpec) -> Scene:
    """Returns a scene whose two figures stand as a seed has them, where nothing says who is where.

    Another seed gives another picture of a page then. A description alone, as measurements have
    it, is drawn the same with every seed; so is what an author has set.
    """
    varied = spec.page_text or spec.image_type is ImageType.COVER
    fixed = spec.fixed is not None and bool(spec.fixed.figures)
    if len(scene.figures) != 2 or not varied or fixed or not is_swapped(spec.seed):
        return scene
    cast = {CharacterId(one.id): one.description for one in spec.cast}
    looks = [cast[one.character] for one in scene.figures]
    if tells_standing([Reading(spec.scene), Reading(spec.page_text)], looks):
        return scene
    return replace(scene, figures=scene.figures[::-1])
