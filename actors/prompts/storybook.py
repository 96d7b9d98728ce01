"""The storybook checkpoint's dialect: the caption grammar that it was trained on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from actors.prompts.acting import read_acting
from actors.prompts.casting import Cast, cast_of, extras_of
from actors.prompts.composing import composed, is_mirrored, mirrored
from actors.prompts.dialect import CompiledPrompt
from actors.prompts.fitting import fit
from actors.prompts.looks import Looks, read_looks
from actors.prompts.reading import Reading
from actors.prompts.setting import Setting, read_setting
from actors.prompts.styles import drawn_style, told_style
from actors.prompts.things import colours_of, props_of
from actors.prompts.told import LeftOut, Told, not_drawn
from actors.storybook import attributes as drawn
from actors.storybook.grammar import caption
from actors.storybook.table import Match
from actors.storybook.vocabulary import acting as words
from server.domain.scenes import LossKind, Scene, Side
from server.domain.spec import RenderSpec
from server.domain.states import ImageType

_POSITIONS = {
    Side.LEFT: drawn.Position.LEFT,
    Side.MIDDLE: drawn.Position.CENTRE,
    Side.RIGHT: drawn.Position.RIGHT,
}


class StorybookDialect:
    """Writes captions like those of the training pictures.

    The checkpoint knows people and four animals, one or two of them, in nine places. Whatever
    else the content tells is returned as not drawn, or drawn as something else.
    """

    def compile(self, spec: RenderSpec, scene: Scene) -> CompiledPrompt:
        """Returns the caption of a spec, and what its picture does not show of the content."""
        picture = _picture(spec, scene)
        said = caption(mirrored(picture.shown) if picture.mirrored else picture.shown)
        lost = not_drawn(picture.parts, picture.left_out)
        return CompiledPrompt(said, "", lost, picture.mirrored)

    def shown(self, spec: RenderSpec, scene: Scene) -> drawn.Scene:
        """Returns what the picture of a spec shows, in the model's own attributes."""
        return _picture(spec, scene).shown


@dataclass(frozen=True, slots=True)
class _Picture:
    """What a picture shows, and all that the content tells.

    `left_out` is what its caption has no room for; the model draws it as it is, or `mirrored`.
    """

    shown: drawn.Scene
    parts: tuple[Told, ...]
    left_out: LeftOut
    mirrored: bool


def _picture(spec: RenderSpec, scene: Scene) -> _Picture:
    portrait = spec.image_type is ImageType.PORTRAIT
    cast = cast_of(spec, scene)
    told = Reading(scene.told, ignore=cast.names)
    looks = _looks(cast, scene, told, whole=not portrait)
    setting = read_setting(scene, portrait=portrait)
    # A page that is read names sides and pictures in passing.
    wish = Reading(spec.scene, ignore=cast.names)
    position, placed = _position(cast, wish, portrait=portrait)
    framing = wish.take(words.FRAMINGS)
    full = drawn.Scene(
        characters=tuple(one.character for one in looks),
        style=drawn_style(spec.style).style,
        framing=_framing(framing, looks, moved=position is not None, portrait=portrait),
        position=position or drawn.Position.CENTRE,
        place=setting.place,
        time=setting.time,
        weather=setting.weather,
    )
    free = _is_varied(spec) and not (portrait or framing or position)
    if free:
        full = composed(full, spec.seed)
    shown, left_out = fit(full)
    parts = chain(
        [told_style(spec.style)],
        cast.told,
        extras_of(scene, cast, full.characters),
        chain.from_iterable(one.told for one in looks),
        placed,
        _around(scene, full, setting),
    )
    return _Picture(shown, tuple(parts), left_out, free and is_mirrored(spec.seed))


def _is_varied(spec: RenderSpec) -> bool:
    """Returns whether seeds vary a picture: a description alone, as measurements have it, stays."""
    return bool(spec.page_text) or spec.image_type is ImageType.COVER


def _looks(cast: Cast, scene: Scene, told: Reading, *, whole: bool) -> list[Looks]:
    """Returns the looks of each figure, and all that is told of it."""
    around = " ".join([scene.place, *scene.props, *scene.extras, *cast.names])
    acting = read_acting(cast.figures, cast.names, told, around, whole=whole)
    looks = []
    for who, parts in enumerate(zip(cast.descriptions, cast.figures, acting, strict=True)):
        one = read_looks(*parts)
        # What the words for an extra tell is told of the extra.
        said = [] if cast.extra else one.told
        every = tuple(replace(each, who=who) for each in (*parts[2].told, *said))
        looks.append(Looks(one.character, every))
    return looks


def _around(scene: Scene, full: drawn.Scene, setting: Setting) -> Iterator[Told]:
    yield from setting.told
    yield from props_of(scene, full, setting.hint)
    yield from colours_of(scene, full)


def _position(
    cast: Cast, wish: Reading, *, portrait: bool
) -> tuple[drawn.Position | None, tuple[Told, ...]]:
    """Returns the position of an only figure: its own, before one said of nobody by name."""
    if len(cast.figures) != 1:
        return None, ()
    side = cast.figures[0].side
    said = wish.take(words.POSITIONS) if side is None else None
    position = drawn.Position(said.meaning) if said else None
    position = position if side is None else _POSITIONS[side]
    if not portrait or position in {None, drawn.Position.CENTRE}:
        return (None if portrait else position), ()
    return None, (Told(str(position), LossKind.PLACE),)


def _framing(
    said: Match | None, looks: Sequence[Looks], *, moved: bool, portrait: bool
) -> drawn.Framing:
    """Returns full body where a pose, a back view or a position must be visible."""
    if portrait:
        return drawn.Framing.CLOSE_UP
    first = looks[0].character
    acts = first.pose is not drawn.Pose.STANDING or first.view is drawn.View.BACK
    if len(looks) > 1 or moved or acts:
        return drawn.Framing.FULL_BODY
    # Faces are larger in half bodies, which still show the place.
    return drawn.Framing(said.meaning) if said else drawn.Framing.HALF_BODY
