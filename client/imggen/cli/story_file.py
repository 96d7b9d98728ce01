"""Story files: a story with its characters, pages and options, written in YAML."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from imggen.cli import how_to_install
from imggen.cli.input_files import FileWrong
from imggen.cli.post_processing import NO_TRIM, trim_of
from imggen.cli.story_content import FileCover, FileOptions, FilePage, FileScene, StoryFile
from imggen.fields import CharacterFields
from imggen.rules.characters import OLDEST
from imggen.rules.cleaning import clean, one_line
from imggen.rules.pictures import MAX_IMAGES_PER_PAGE
from imggen.rules.prints import THUMBNAIL_FORMATS
from imggen.rules.texts import cut

if TYPE_CHECKING:
    from yaml.nodes import MappingNode, Node, SequenceNode

_NULL = "tag:yaml.org,2002:null"
_BOOL = "tag:yaml.org,2002:bool"
_INT = "tag:yaml.org,2002:int"
_STORY = ("title", "style", "options", "characters", "cover", "pages")
_OPTIONS = (
    *("portraits", "scenes", "cover", "images_per_page", "aspect_ratio", "model", "quality"),
    *("provider", "min_quality", "max_cost", "references", "allow_reuse", "priority", "metadata"),
    "post_processing",
)
_STEPS = ("signature_removal", "background_removal", "colour_correction", "sharpening")
_PROCESSING = (*_STEPS, "trim", "thumbnail")
_LOOKS = ("species", "hair", "eyes", "skin", "clothing")
_CHARACTER = ("name", "age", "gender", *_LOOKS, "features", "traits")
_PAGE = ("text", "scene", "characters")
_COVER = ("scene", "characters")
_SCENE = ("figures", "extras", "place", "time", "season", "weather", "props", "colours", "absent")
_FIGURE = ("doing", "mood", "holding", "wearing", "without")
_WORDS = ("place", "time", "season")
_GENDERS = ("female", "male", "unspecified")
_NUMBERS = {"images_per_page": range(MAX_IMAGES_PER_PAGE + 1), "priority": range(1, 4)}
_ROOM, _NODE = 20_000_000, 100
"""The most that is read, in characters, and what a node counts for: an alias repeats its text."""
_MOST_ERRORS = 50
_DIGITS = 9
_SHOWN, _LISTED = 60, 1000
"""The bytes of a value that a message shows, and of what may be used instead."""


class StoryFileWrong(FileWrong):
    """A story file with errors; the message has a line for each, with its line number."""


def read_story_file(path: Path, text: str) -> StoryFile:
    """Reads a story file; raises FileWrong with all its errors."""
    try:
        from imggen.cli.yaml_nodes import compose
    except ModuleNotFoundError as missing:
        raise click.UsageError(
            f"reading a story file needs PyYAML: {how_to_install()}"
        ) from missing
    root = compose(path, text)
    reader = _Reader(path)
    story = reader.story(root) if root is not None else reader.nothing()
    if reader.wrong:
        wrong = [message for _, message in sorted(reader.wrong)]
        more = [f"{path}: {len(wrong) - _MOST_ERRORS} more"] if len(wrong) > _MOST_ERRORS else []
        raise StoryFileWrong(wrong[:_MOST_ERRORS] + more)
    return story


class _Reader:
    """A reader of YAML nodes, which have line numbers; it collects errors in `wrong`."""

    def __init__(self, path: Path) -> None:
        self.wrong: list[tuple[int, str]] = []
        self._path = path
        self._room = _ROOM

    def nothing(self) -> StoryFile:
        """Adds the error of an empty file."""
        self.wrong.append((0, f"{self._path}:1: is empty; it needs title, style and pages"))
        return StoryFile("", "", (), ())

    def story(self, root: "Node") -> StoryFile:
        """Reads the whole file."""
        fields = self._mapping(root, "the file", _STORY, required=("title", "style", "pages"))
        characters = tuple(
            self._character(node, f"characters[{number}]")
            for number, node in enumerate(self._sequence(fields.get("characters"), "characters"))
        )
        names = [str(character.get("name", "")) for character in characters]
        self._check_names(fields.get("characters"), names)
        pages = tuple(
            self._page(node, f"pages[{number}]", names)
            for number, node in enumerate(self._sequence(fields.get("pages"), "pages"))
        )
        if "pages" in fields and not pages:
            self._add(fields["pages"], "pages", "has no pages; write one or more")
        return StoryFile(
            title=self._text(fields.get("title"), "title"),
            style=self._text(fields.get("style"), "style"),
            characters=characters,
            pages=pages,
            **self._asked(fields.get("options"), fields.get("cover"), names),
        )

    def _asked(
        self, options: "Node | None", cover: "Node | None", names: Sequence[str]
    ) -> dict[str, Any]:
        """Reads the options, and what is said of the cover, which is drawn then."""
        read = self._options(options)
        if cover is None or cover.tag == _NULL:
            return {"options": read}
        if options is not None and self._refuses_cover(options):
            self._add(cover, "cover", "is set, and options.cover is false; remove one of them")
        return {"options": replace(read, cover=True), "cover": self._cover(cover, names)}

    def _refuses_cover(self, options: "Node") -> bool:
        """Returns whether the options say that no cover is drawn."""
        if _kind(options) != "mapping":
            return False
        pairs = cast("MappingNode", options).value
        return any(
            key.value == "cover" and not self._flag(value, "options.cover") for key, value in pairs
        )

    def _cover(self, node: "Node", names: Sequence[str]) -> FileCover:
        fields = self._mapping(node, "cover", _COVER)
        return FileCover(*self._picture(fields, "cover", names))

    def _check_names(self, node: "Node | None", names: list[str]) -> None:
        for name in sorted(name for name, uses in Counter(names).items() if name and uses > 1):
            if node is not None:
                self._add(node, "characters", f'"{name}" is used twice; use different names')

    def _character(self, node: "Node", path: str) -> CharacterFields:
        fields = self._mapping(node, path, _CHARACTER, required=("name",))
        read: dict[str, object] = {"name": self._text(fields.get("name"), f"{path}.name")}
        for name in _LOOKS:
            if name in fields:
                read[name] = self._text(fields[name], f"{path}.{name}")
        for name in ("features", "traits"):
            if name in fields:
                read[name] = self._texts(fields[name], f"{path}.{name}")
        if "age" in fields:
            read["age"] = self._number(fields["age"], f"{path}.age", range(OLDEST + 1))
        if "gender" in fields:
            read["gender"] = self._choice(fields["gender"], f"{path}.gender", _GENDERS)
        return cast(CharacterFields, read)

    def _page(self, node: "Node", path: str, names: Sequence[str]) -> FilePage:
        fields = self._mapping(node, path, _PAGE, required=("text",))
        text = self._lines(fields.get("text"), f"{path}.text")
        return FilePage(text, *self._picture(fields, path, names))

    def _picture(
        self, fields: Mapping[str, "Node"], path: str, names: Sequence[str]
    ) -> tuple[str, tuple[str, ...], FileScene | None]:
        """Reads what a page or the cover shows: a text, its characters, and a scene with fields."""
        who = fields.get("characters")
        named = self._texts(who, f"{path}.characters")
        for name in named:
            if name not in names and who is not None:
                known = _listed(filter(None, names)) or "none, or add it"
                what = f'"{name}" is not a character of this file; use {known}'
                self._add(who, f"{path}.characters", what)
        scene = self._scene(fields.get("scene"), f"{path}.scene", names)
        if scene is not None:
            return "", tuple(dict.fromkeys((*named, *scene.figures))), scene
        return self._lines(fields.get("scene"), f"{path}.scene"), named, None

    def _scene(self, node: "Node | None", path: str, names: Sequence[str]) -> FileScene | None:
        """Reads a scene that has fields; None for a text."""
        if node is None or _kind(node) != "mapping":
            return None
        fields = self._mapping(node, path, _SCENE)
        empty = [name for name in fields if name != "absent" and _is_empty(fields[name])]
        for name in empty:
            del fields[name]
        who = fields.pop("figures", None)
        read: dict[str, Any] = {
            name: self._text(value, f"{path}.{name}")
            if name in _WORDS
            else self._texts(value, f"{path}.{name}")
            for name, value in fields.items()
        }
        known = self._mapping(who, f"{path}.figures", [*filter(None, names)]) if who else {}
        figures = {
            name: self._figure(value, f"{path}.figures.{name}") for name, value in known.items()
        }
        return FileScene(figures, {**read, "empty": empty} if empty else read)

    def _figure(self, node: "Node", path: str) -> dict[str, Any]:
        if node.tag == _NULL:
            return {}
        return {
            name: self._text(value, f"{path}.{name}")
            if name == "mood"
            else self._texts(value, f"{path}.{name}")
            for name, value in self._mapping(node, path, _FIGURE).items()
        }

    def _options(self, node: "Node | None") -> FileOptions:
        unset = node is None or node.tag == _NULL  # as where all of them are commented out
        fields = {} if unset else self._mapping(cast("Node", node), "options", _OPTIONS)
        read: dict[str, Any] = {}
        for name, value in fields.items():
            path = f"options.{name}"
            if name in ("portraits", "scenes", "cover", "references", "allow_reuse"):
                read[name] = self._flag(value, path)
            elif name in _NUMBERS:
                read[name] = self._number(value, path, _NUMBERS[name])
            elif name == "max_cost":
                read[name] = self._amount(value, path)
            elif name == "metadata":
                read[name] = self._pairs(value, path)
            elif name == "post_processing":
                read[name] = self._processing(value, path)
            else:
                read[name] = self._text(value, path)
        return FileOptions(**read)

    def _processing(self, node: "Node", path: str) -> dict[str, Any]:
        """Reads what is done to the pictures, as the contract names it."""
        fields = {} if node.tag == _NULL else self._mapping(node, path, _PROCESSING)
        read: dict[str, Any] = {
            name: self._flag(fields[name], f"{path}.{name}") for name in _STEPS if name in fields
        }
        if "trim" in fields:
            size = trim_of(self._text(fields["trim"], f"{path}.trim"))
            if size is None:
                self._add(fields["trim"], f"{path}.trim", f"{_shown(fields['trim'])} {NO_TRIM}")
            else:
                read["trim_width_mm"], read["trim_height_mm"] = size
        if "thumbnail" in fields:
            shown = self._choice(fields["thumbnail"], f"{path}.thumbnail", THUMBNAIL_FORMATS)
            read["thumbnail_format"] = shown
        return read

    def _mapping(
        self,
        node: "Node",
        path: str,
        known: Sequence[str],
        required: Sequence[str] = (),
    ) -> dict[str, "Node"]:
        if _kind(node) != "mapping":
            self._add(node, path, f"must have the fields {_listed(known)}")
            return {}
        fields: dict[str, Node] = {}
        for key, value in cast("MappingNode", node).value:
            self._count(key, value)
            name = _key(key)
            if name not in known:
                self._add(key, path, f'"{name}" is not a field; use {_listed(known)}')
            elif name in fields:
                self._add(key, path, f'"{name}" is given twice; remove one')
            else:
                fields[name] = value
        for name in required:
            if name not in fields or (fields[name].tag == _NULL and not fields[name].value):
                self._add(node, path, f'"{name}" is missing')
            elif fields[name].tag == _NULL:
                self._add(fields[name], f"{path}.{name}", _nothing(fields[name]))
        return fields

    def _sequence(self, node: "Node | None", path: str) -> Iterator["Node"]:
        if node is None or node.tag == _NULL:
            return
        if _kind(node) != "sequence":
            self._add(node, path, "must be a list; start each entry with a dash")
            return
        for entry in cast("SequenceNode", node).value:
            self._count(entry)
            yield entry

    def _texts(self, node: "Node | None", path: str) -> tuple[str, ...]:
        entries = [*self._sequence(node, path)]
        for number, entry in enumerate(entries):
            if entry.tag == _NULL:
                self._add(entry, f"{path}[{number}]", _nothing(entry))
        return tuple(self._text(one, f"{path}[{number}]") for number, one in enumerate(entries))

    def _text(self, node: "Node | None", path: str) -> str:
        return one_line(self._lines(node, path))

    def _lines(self, node: "Node | None", path: str) -> str:
        if node is None or node.tag == _NULL:
            return ""
        if _kind(node) != "scalar":
            self._add(node, path, "must be a text; put it in quotes")
            return ""
        return clean(str(node.value))

    def _pairs(self, node: "Node", path: str) -> dict[str, str]:
        if node.tag == _NULL:
            return {}
        if _kind(node) != "mapping":
            self._add(node, path, "must have a text for each name, for instance `order: 4711`")
            return {}
        pairs: dict[str, str] = {}
        for key, value in cast("MappingNode", node).value:
            self._count(key, value)
            if (name := _key(key)) in pairs:
                self._add(key, path, f'"{name}" is given twice; remove one')
            if value.tag == _NULL:
                self._add(value, f"{path}.{name}", _nothing(value))
            pairs[name] = self._text(value, f"{path}.{name}")
        return pairs

    def _number(self, node: "Node", path: str, known: range) -> int:
        digits = str(node.value) if node.tag == _INT else ""
        # What is a number but not one of these is told with all else that the service refuses.
        if not digits.isdecimal() or len(digits) > _DIGITS:
            right = f"from {known[0]} to {known[-1]}"
            self._add(node, path, f"{_shown(node)} is not a whole number {right}")
            return 0
        return int(digits)

    def _amount(self, node: "Node", path: str) -> float | None:
        amount = str(node.value) if _kind(node) == "scalar" else ""
        if not re.fullmatch(r"\d{1,6}(\.\d{1,6})?", amount):
            self._add(node, path, f"{_shown(node)} is not an amount in dollars, like 0.10")
            return None
        return float(amount)

    def _flag(self, node: "Node", path: str) -> bool:
        if node.tag != _BOOL:
            self._add(node, path, f"{_shown(node)} must be true or false")
            return False
        return str(node.value).lower() in ("true", "yes", "on")

    def _choice(self, node: "Node", path: str, known: Sequence[str]) -> str:
        value = self._text(node, path)
        if value not in known:
            self._add(node, path, f"{_shown(node)} is not offered; use {', '.join(known)}")
        return value

    def _count(self, *nodes: "Node") -> None:
        """Counts what is read; raises StoryFileWrong where few lines stand for too much."""
        for node in nodes:
            self._room -= _NODE + (len(node.value) if _kind(node) == "scalar" else 0)
        if self._room < 0:
            line = nodes[0].start_mark.line + 1
            wrong = f"{self._path}:{line}: stands for too much; write out what its aliases repeat"
            raise StoryFileWrong([wrong])

    def _add(self, node: "Node", path: str, what: str) -> None:
        line = node.start_mark.line + 1
        self.wrong.append((line, f"{self._path}:{line}: {path}: {what}"))


def _shown(node: "Node") -> str:
    return f'"{cut(node.value, _SHOWN)}"' if _kind(node) == "scalar" else f"a {_kind(node)}"


def _listed(names: Iterable[str]) -> str:
    return cut(", ".join(names), _LISTED)


def _key(node: "Node") -> str:
    return str(node.value) if _kind(node) == "scalar" else f"a {_kind(node)}"


def _nothing(node: "Node") -> str:
    """Returns what is wrong with an entry that is nothing to YAML, though it may be a word."""
    word = str(node.value)
    if not word:
        return "is empty; write a text, or remove it"
    return f'{word} means nothing in YAML; for the word, put it in quotes: "{word}"'


def _is_empty(node: "Node") -> bool:
    """Returns whether the file says that there is nothing, as with `[]` or `""`."""
    return node.tag != _NULL and not node.value


def _kind(node: "Node") -> str:
    return str(vars(type(node))["id"])
