"""The storybook checkpoint's dialect: the caption grammar that it was trained on."""

from collections.abc import Sequence

from actors.prompts.acting import read_acting
from actors.prompts.dialect import CompiledPrompt
from actors.prompts.fitting import fit
from actors.prompts.looks import Looks, read_looks
from actors.prompts.reading import Reading
from actors.prompts.sides import Side
from actors.prompts.standing import read_side, read_standing
from actors.storybook import attributes as drawn
from actors.storybook import vocabulary as words
from actors.storybook.animals import COATS, KINDS
from actors.storybook.grammar import SUBJECTS, caption
from server.domain.characters import Description
from server.domain.spec import RenderSpec
from server.domain.states import ImageType
from server.domain.styles import Style

_SLOTS = 3
_POSITIONS = {
    Side.LEFT: drawn.Position.LEFT,
    Side.MIDDLE: drawn.Position.CENTRE,
    Side.RIGHT: drawn.Position.RIGHT,
}


class StorybookDialect:
    """Writes captions like those of the training pictures.

    The checkpoint knows people and four animals, one to three of them, in nine places.
    All other content is returned as unknown.
    """

    def compile(self, spec: RenderSpec, scene: str) -> CompiledPrompt:
        """Returns the caption of a spec; raises ValueError for more than three characters."""
        _check_count(len(spec.characters))
        style, strange = _style(spec.style)
        names = [character.description.name for character in spec.characters]
        setting = Reading(scene, ignore=names)
        portrait = spec.image_type is ImageType.PORTRAIT
        acting, unseen = read_acting(setting, names or [""], whole=not portrait)
        descriptions, beings = _descriptions(spec, setting)
        # The characters are in their places already; the words that say so are understood.
        read_standing([setting], descriptions)
        cast = [read_looks(*each) for each in zip(descriptions, acting, strict=True)]
        _mark_shown(setting, cast)
        position = None if portrait else _position(descriptions, setting)
        shown, lost = fit(_scene(style, cast, setting, position, portrait=portrait))
        setting.take_each(words.BODY)
        # Words that imply a place, such as `table`, but are not drawn there.
        setting.forget(words.HINTS)
        looked = [word for looks in cast for word in looks.unknown]
        unknown = [*strange, *beings, *looked, *lost, *unseen]
        return CompiledPrompt(
            prompt=caption(shown),
            negative_prompt="",
            unknown=tuple(dict.fromkeys([*unknown, *setting.unknown()])),
        )


def _check_count(count: int) -> None:
    if count > _SLOTS:
        raise ValueError(f"characters: {count} are too many for storybook; use {_SLOTS} or fewer")


def _style(style: Style) -> tuple[drawn.Style, tuple[str, ...]]:
    found = Reading(style.id).take(words.STYLES) or Reading(style.prompt_template).take(
        words.STYLES
    )
    return (drawn.Style(found.meaning), ()) if found else (drawn.Style.STORYBOOK, (style.id,))


def _descriptions(spec: RenderSpec, setting: Reading) -> tuple[list[Description], tuple[str, ...]]:
    """Returns the characters of the picture, and the beings that are drawn as people.

    The grammar has no picture without a character: without any, the scene's own one is used.
    """
    if spec.characters:
        return [character.description for character in spec.characters], ()
    somebody = setting.take(words.EVERYBODY)
    if somebody is None:
        return [Description(name="")], ()
    said = setting.said(somebody)
    if somebody.meaning in COATS:
        return [Description(name="", species=said)], ()
    beings = (said,) if said in words.BEINGS else ()
    return [Description(name="", features=(somebody.meaning,))], beings


def _mark_shown(setting: Reading, cast: Sequence[Looks]) -> None:
    """Marks `the girl` and `the wolf` as understood if they are in the picture."""
    for looks in cast:
        if looks.kind:
            setting.take_meaning(KINDS, looks.kind)
        else:
            subject = SUBJECTS[looks.character.age, looks.character.gender][0]
            setting.take_meaning(words.SUBJECTS, subject)


def _position(descriptions: Sequence[Description], setting: Reading) -> drawn.Position | None:
    """Returns the position of an only character: its own, before one said of nobody by name."""
    if len(descriptions) != 1:
        return None
    side = read_side(setting, descriptions[0])
    if side is not None:
        return _POSITIONS[side]
    said = setting.take(words.POSITIONS)
    return drawn.Position(said.meaning) if said else None


def _scene(
    style: drawn.Style,
    cast: Sequence[Looks],
    setting: Reading,
    position: drawn.Position | None,
    *,
    portrait: bool,
) -> drawn.Scene:
    characters = tuple(looks.character for looks in cast)
    # Before the place, since `a full body view of` names none.
    framing = _framing(setting, characters, moved=position is not None, portrait=portrait)
    place = _place(setting, portrait=portrait)
    time = None if place.timeless else setting.take(words.TIMES)
    rain = setting.take(words.RAIN) if place.outdoors else None
    return drawn.Scene(
        characters=characters,
        style=style,
        framing=framing,
        position=position or drawn.Position.CENTRE,
        place=place,
        time=drawn.Time(time.meaning) if time else drawn.Time.DAY,
        weather=drawn.Weather.RAIN if rain else drawn.Weather.DRY,
    )


def _framing(
    setting: Reading, characters: Sequence[drawn.Character], *, moved: bool, portrait: bool
) -> drawn.Framing:
    """Returns full body where a pose, a back view or a position must be visible."""
    if portrait:
        return drawn.Framing.CLOSE_UP
    said = setting.take(words.FRAMINGS)
    first = characters[0]
    acts = first.pose is not drawn.Pose.STANDING or first.view is drawn.View.BACK
    if len(characters) > 1 or moved or acts:
        return drawn.Framing.FULL_BODY
    # Faces are larger in half bodies, which still show the place.
    return drawn.Framing(said.meaning) if said else drawn.Framing.HALF_BODY


def _place(setting: Reading, *, portrait: bool) -> drawn.Place:
    place = setting.take(words.PLACES)
    if place is not None:
        return drawn.Place(place.meaning)
    return drawn.Place.PLAIN if portrait else drawn.Place.MEADOW
