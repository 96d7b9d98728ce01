"""Story files: a story with its characters, pages and options, written in YAML."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID, uuid5

import click

from imggen.cli import how_to_install
from imggen.fields import CharacterFields
from imggen.rules.cleaning import clean, one_line

if TYPE_CHECKING:
    from yaml.nodes import MappingNode, Node, SequenceNode

NAMESPACE = UUID("5a6f1d0e-3c0b-4c59-9d5d-0b7c3f1a2e41")
_NULL = "tag:yaml.org,2002:null"
_BOOL = "tag:yaml.org,2002:bool"
_INT = "tag:yaml.org,2002:int"
_STORY = ("title", "style", "options", "characters", "cover", "pages")
_OPTIONS = (
    *("portraits", "scenes", "cover", "images_per_page", "aspect_ratio", "model", "quality"),
    *("provider", "min_quality", "max_cost", "references", "allow_reuse", "priority", "metadata"),
)
_LOOKS = ("species", "hair", "eyes", "skin", "clothing")
_CHARACTER = ("name", "age", "gender", *_LOOKS, "features", "traits")
_PAGE = ("text", "scene", "characters")
_COVER = ("scene", "characters")
_SCENE = ("figures", "extras", "place", "time", "season", "weather", "props", "colours", "absent")
_FIGURE = ("doing", "mood", "holding", "wearing", "without")
_WORDS = ("place", "time", "season")
_GENDERS = ("female", "male", "unspecified")


class StoryFileWrong(click.ClickException):
    """A story file with errors; the message has a line for each, with its line number."""

    exit_code = 2

    def __init__(self, wrong: Sequence[str]) -> None:
        super().__init__("\n".join(wrong))

    def show(self, file: Any = None) -> None:
        """Prints `file:line: ...` without a prefix, so that editors can jump there."""
        click.echo(self.message, err=True)


@dataclass(frozen=True, slots=True)
class FileScene:
    """What a story file sets of a page's scene: fields by name, and those of its figures by theirs.

    Only what is set is there; what the file says to be empty, as `props: []`, is in `empty`.
    """

    figures: dict[str, dict[str, Any]]
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class FilePage:
    """A page of a story file; `characters` are names.

    `scene` is a text that is read in place of the page's, `fixed` what holds whatever is read.
    """

    text: str
    scene: str
    characters: tuple[str, ...]
    fixed: FileScene | None = None


@dataclass(frozen=True, slots=True)
class FileCover:
    """What a story file says of the cover; its fields are those of a page."""

    scene: str = ""
    characters: tuple[str, ...] = ()
    fixed: FileScene | None = None


@dataclass(frozen=True, slots=True)
class FileOptions:
    """The options of a story file; an empty one is left to the service.

    `max_cost` is in US dollars for each picture.
    """

    portraits: bool = True
    scenes: bool = True
    cover: bool = False
    images_per_page: int = 1
    aspect_ratio: str = ""
    model: str = ""
    quality: str = ""
    provider: str = ""
    min_quality: str = ""
    max_cost: float | None = None
    references: bool | None = None
    allow_reuse: bool = False
    priority: int | None = None
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StoryFile:
    """The content of a story file."""

    title: str
    style: str
    characters: tuple[CharacterFields, ...]
    pages: tuple[FilePage, ...]
    options: FileOptions = field(default_factory=FileOptions)
    cover: FileCover | None = None

    def request_id(self, *what: object) -> str:
        """Returns the request id for a part of this story: equal content gives an equal id."""
        return str(uuid5(NAMESPACE, json.dumps([self.title, *what], default=str)))


def read_story_file(path: Path, text: str) -> StoryFile:
    """Reads a story file; raises StoryFileWrong with all its errors."""
    try:
        import yaml
    except ModuleNotFoundError as missing:
        raise click.UsageError(
            f"reading a story file needs PyYAML: {how_to_install()}"
        ) from missing
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise StoryFileWrong([f"{path}:{line}: is not YAML: {error.problem}"]) from error
    except yaml.YAMLError as error:
        raise StoryFileWrong([f"{path}: is not YAML: {error}"]) from error
    reader = _Reader(path)
    story = reader.story(root) if root is not None else reader.nothing()
    if reader.wrong:
        raise StoryFileWrong([message for _, message in sorted(reader.wrong)])
    return story


class _Reader:
    """A reader of YAML nodes, which have line numbers; it collects errors in `wrong`."""

    def __init__(self, path: Path) -> None:
        self.wrong: list[tuple[int, str]] = []
        self._path = path

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
        for name in sorted({name for name in names if name and names.count(name) > 1}):
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
            read["age"] = self._number(fields["age"], f"{path}.age")
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
                known = ", ".join(filter(None, names)) or "none, or add it"
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
        fields = {} if node is None else self._mapping(node, "options", _OPTIONS)
        read: dict[str, Any] = {}
        for name, value in fields.items():
            path = f"options.{name}"
            if name in ("portraits", "scenes", "cover", "references", "allow_reuse"):
                read[name] = self._flag(value, path)
            elif name in ("images_per_page", "priority"):
                read[name] = self._number(value, path)
            elif name == "max_cost":
                read[name] = self._amount(value, path)
            elif name == "metadata":
                read[name] = self._pairs(value, path)
            else:
                read[name] = self._text(value, path)
        return FileOptions(**read)

    def _mapping(
        self,
        node: "Node",
        path: str,
        known: Sequence[str],
        required: Sequence[str] = (),
    ) -> dict[str, "Node"]:
        if _kind(node) != "mapping":
            self._add(node, path, f"must have the fields {', '.join(known)}")
            return {}
        fields: dict[str, Node] = {}
        for key, value in cast("MappingNode", node).value:
            name = str(key.value)
            if name not in known:
                self._add(key, path, f'"{name}" is not a field; use {", ".join(known)}')
            elif name in fields:
                self._add(key, path, f'"{name}" is given twice; remove one')
            else:
                fields[name] = value
        for name in required:
            if name not in fields or fields[name].tag == _NULL:
                self._add(node, path, f'"{name}" is missing')
        return fields

    def _sequence(self, node: "Node | None", path: str) -> Iterator["Node"]:
        if node is None or node.tag == _NULL:
            return
        if _kind(node) != "sequence":
            self._add(node, path, "must be a list; start each entry with a dash")
            return
        yield from cast("SequenceNode", node).value

    def _texts(self, node: "Node | None", path: str) -> tuple[str, ...]:
        entries = enumerate(self._sequence(node, path))
        return tuple(self._text(entry, f"{path}[{number}]") for number, entry in entries)

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
        if _kind(node) != "mapping":
            self._add(node, path, "must have a text for each name, for instance `order: 4711`")
            return {}
        return {
            str(key.value): self._text(value, f"{path}.{key.value}")
            for key, value in cast("MappingNode", node).value
        }

    def _number(self, node: "Node", path: str) -> int:
        if node.tag != _INT or not str(node.value).isdecimal():
            self._add(node, path, f"{_shown(node)} is not a whole number")
            return 0
        return int(node.value)

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

    def _add(self, node: "Node", path: str, what: str) -> None:
        line = node.start_mark.line + 1
        self.wrong.append((line, f"{self._path}:{line}: {path}: {what}"))


def _shown(node: "Node") -> str:
    return f'"{node.value}"' if _kind(node) == "scalar" else f"a {_kind(node)}"


def _is_empty(node: "Node") -> bool:
    """Returns whether the file says that there is nothing, as with `[]` or `""`."""
    return node.tag != _NULL and not node.value


def _kind(node: "Node") -> str:
    return str(vars(type(node))["id"])
