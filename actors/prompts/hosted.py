"""The dialect of hosted models: sentences that say what to draw, and what to leave out."""

import re
from collections.abc import Sequence
from uuid import UUID

from actors.prompts.colouring import coloured
from actors.prompts.dialect import CompiledPrompt
from actors.prompts.saying import acting_of, joined, setting_of, with_article
from actors.prompts.unsaid import Kept, unsaid
from actors.prompts.wording import clean, join_once, look
from server.domain.characters import Description, FrozenCharacter
from server.domain.ids import CharacterId
from server.domain.scenes import Figure, Scene
from server.domain.spec import RenderSpec
from server.domain.states import ImageType
from server.domain.styles import Style

_OPENINGS = {
    ImageType.PORTRAIT: "A portrait for a children's book",
    ImageType.SCENE: "A picture for a page of a children's book",
    ImageType.COVER: "A picture for the cover of a children's book",
}
_NO_LETTERING = (
    "Without any lettering: no text, letters, numbers, captions, speech bubbles, signatures or "
    "watermarks anywhere in the picture."
)
_SHOWS = "The picture shows:"
_MOOD = "The mood is that of this page, whose words are not in the picture:"
_ORDINALS = (
    *("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"),
    *("tenth", "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth"),
)
_ENDED = (".", "!", "?", "…", "。", "！", "？")  # noqa: RUF001
_WEIGHTED = re.compile(r"\(([^():]+):\s*[0-9.]+\)")
_TAGS = re.compile(r"<[^<>]*>|\bBREAK\b")
_ENDS = re.compile(r"[.!?][\"'\u201d\u2019)]*(?=\s)|[。！？][」』”’）]*")  # noqa: RUF001


class HostedDialect:
    """Writes a paragraph each for the style, the scene, the characters and what is left out.

    Models that take sentences have no negative prompt: its words follow `Without`.
    """

    def __init__(self, limit: int) -> None:
        """Takes the most bytes of a prompt in UTF-8: no tokenizer makes more tokens of it."""
        self._limit = limit

    def compile(
        self, spec: RenderSpec, scene: Scene, pictures: Sequence[UUID] = ()
    ) -> CompiledPrompt:
        """Returns the prompt of a spec, whose characters come from left to right.

        `pictures` are the characters that the pictures sent along show, in their order. Over the
        limit the page is cut first, then the scene, each after a sentence or else a word, and
        then whole characters are left out, the last one first.
        """
        read, scene = scene, coloured(scene)
        room = _Room(self._limit)
        opening = room.keep(f"{_OPENINGS[spec.image_type]}. {_style(spec.style)}".strip())
        closing = room.keep(_left_out(spec.style))
        absent = room.keep(_absent(scene))
        described, people = room.keep_people(spec.characters, scene)
        nobody = room.keep(_nobody(spec, scene))
        shown = room.keep(_shown(spec.characters, pictures))
        setting = room.keep(_setting(spec, scene))
        description = clean(spec.scene)
        told = room.keep_cut(_SHOWS, description or clean(scene.told))
        # What an author has set of the scene may say otherwise.
        page = clean(spec.page_text) if description and spec.fixed is None else ""
        mood = room.keep_cut(_MOOD, page)
        parts = (opening, told, setting, people, nobody, shown, mood, absent, closing)
        texts = (told.removeprefix(_SHOWS), mood.removeprefix(_MOOD))
        pictured = pictures if shown else ()
        kept = Kept(bool(opening), described, pictured, people, setting, texts)
        return CompiledPrompt("\n\n".join(filter(None, parts)), "", unsaid(spec, read, kept))


class _Room:
    """The bytes of a prompt that are still free."""

    def __init__(self, limit: int) -> None:
        self._free = limit

    def keep(self, text: str) -> str:
        """Returns a text if it fits, with the blank line after it, else nothing."""
        if _size(text) + 2 > self._free:
            return ""
        self._free -= _size(text) + 2 if text else 0
        return text

    def keep_people(
        self, cast: Sequence[FrozenCharacter], scene: Scene
    ) -> tuple[Sequence[UUID], str]:
        """Returns the first characters that fit, none of them cut, and what is said of them."""
        for count in range(len(cast), 0, -1):
            if kept := self.keep(_people(cast[:count], scene)):
                return [one.id for one in cast[:count]], kept
        return (), ""

    def keep_cut(self, heading: str, text: str) -> str:
        """Returns a text after its heading, cut to what fits; nothing without a text."""
        text = _cut(text, self._free - _size(heading) - 4)
        return self.keep(f"{heading} {_ended(text)}") if text else ""


def _style(style: Style) -> str:
    template, description = (
        clean(_plain(words)) for words in (style.prompt_template, style.description)
    )
    said = [f"The style is {template}." if template else "", _ended(description)]
    return " ".join(filter(None, said))


def _left_out(style: Style) -> str:
    words = join_once(_plain(style.negative_prompt))
    return "\n".join(filter(None, [f"Without {words}." if words else "", _NO_LETTERING]))


def _people(cast: Sequence[FrozenCharacter], scene: Scene) -> str:
    lines = _persons(cast, scene)
    if len(cast) == 1:
        return f"Its only character is {lines[0]}"
    heading = f"Its {len(cast)} characters from left to right, each of them once:"
    return "\n".join([heading, *(f"{place}. {line}" for place, line in enumerate(lines, 1))])


def _nobody(spec: RenderSpec, scene: Scene) -> str:
    """Returns what keeps a model from adding people to a picture of a place or of things."""
    somebody = spec.characters or scene.extras or scene.told or spec.scene
    if somebody or not _setting(spec, scene):
        return ""
    return "There are no people in the picture."


def _persons(cast: Sequence[FrozenCharacter], scene: Scene) -> list[str]:
    acting = {one.character: one for one in scene.figures}
    return [_person(one.description, acting.get(CharacterId(one.id))) for one in cast]


def _person(description: Description, figure: Figure | None) -> str:
    said = [look(description, figure), acting_of(figure)]
    if figure is not None and figure.without:
        said.append(f"without {joined(list(map(with_article, figure.without)))}")
    return _ended(", ".join(filter(None, said)))


def _setting(spec: RenderSpec, scene: Scene) -> str:
    said = setting_of(scene, people=_persons(spec.characters, scene))
    return f"In it: {said}." if said else ""


def _absent(scene: Scene) -> str:
    return f"Not in the picture: {', '.join(scene.absent)}." if scene.absent else ""


def _shown(cast: Sequence[FrozenCharacter], pictures: Sequence[UUID]) -> str:
    names = {one.id: clean(one.description.name) for one in cast}
    shown = [
        f"the {_ORDINALS[place]} picture shows {names[one]}"
        for place, one in enumerate(pictures)
        if one in names
    ]
    if not shown:
        return ""
    said = ", ".join(shown)
    return (
        f"Of the pictures sent along, {said}. Draw each of them as the same character, with the "
        "same face, hair and build; the background, pose and light are those of the new picture."
    )


def _plain(words: str) -> str:
    """Removes the syntax of other models: `(photo:1.3)`, `<lora:x:1>`, `BREAK`."""
    return _TAGS.sub(" ", _WEIGHTED.sub(r"\1", words))


def _ended(text: str) -> str:
    return text if not text or text.endswith(_ENDED) else f"{text}."


def _size(text: str) -> int:
    return len(text.encode())


def _cut(text: str, most: int) -> str:
    """Returns as much of a text as fits in bytes, up to the end of a sentence or else of a word.

    Scripts that have no spaces between words are cut anywhere.
    """
    octets = text.encode()
    if len(octets) <= most:
        return text
    # One byte more, since a word that just fits is one by the space after it.
    start = octets[: max(0, most + 1)].decode(errors="ignore")
    ends = [match.end() for match in _ENDS.finditer(start) if _size(start[: match.end()]) <= most]
    if ends:
        return start[: ends[-1]]
    if " " in start:
        return start[: start.rfind(" ")].rstrip(" ,;:")
    return octets[: max(0, most)].decode(errors="ignore")
