"""Checks story files by the rules of the service, and finds the lines of what it refuses."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid5

from imggen.cli.model_limits import model_faults
from imggen.cli.options import MIN_QUALITIES
from imggen.cli.story_content import NAMESPACE, StoryFile
from imggen.cli.story_file import StoryFileWrong
from imggen.cli.submission import RefusedCharacter, order_of, post_processing, story_of
from imggen.errors import InvalidRequest, Violation
from imggen.fields import character_with
from imggen.rules import characters, stories
from imggen.rules.checks import Checks, says_something
from imggen.rules.covers import read_cover
from imggen.rules.limits import read_floor
from imggen.rules.pictures import (
    check_images,
    read_aspect_ratio,
    read_images_per_page,
    read_quality,
)
from imggen.rules.prints import check_post_processing
from imggen.rules.whole_stories import check_used
from imggen.v1 import errors_pb2 as reasons
from imggen.v1.generation_pb2 import Cover, GenerateStoryRequest, GenerationOptions
from imggen.v1.routing_pb2 import ProviderStatus

if TYPE_CHECKING:
    from yaml.nodes import Node

_OF_OPTIONS = ("images_per_page", "aspect_ratio", "priority", "options", "metadata")
_PAGE = re.compile(r"\bpage (\d+)\b")
# The names of the contract, and those of the file.
_RENAMED = (
    (re.compile(r"^story\."), ""),
    (re.compile(r"\bscene_description\b"), "scene"),
    (re.compile(r"\bcharacter_ids\b"), "characters"),
    (re.compile(r"\bmax_cost_micros\b"), "max_cost"),
    (re.compile(r"\buse_references\b"), "references"),
    (re.compile(r"\btrim_(width|height)_mm\b"), "trim"),
    (re.compile(r"\bthumbnail_format\b"), "thumbnail"),
)


@dataclass(frozen=True, slots=True)
class Source:
    """A story file: its path, its text, and what was read from it."""

    path: Path
    text: str
    story: StoryFile

    def check(self, styles: Iterable[str], providers: Sequence[ProviderStatus]) -> None:
        """Refuses what the service would refuse, before anything is created.

        `styles` are the ids of the styles that there are, and `providers` have the models. Raises
        StoryFileWrong with all errors.
        """
        wrong = [
            one
            for number, fields in enumerate(self.story.characters)
            for one in _placed(_of_character(fields), f"characters[{number}]")
        ]
        of_story = _of_story(self.story, styles)
        places = {one.field for one in of_story}
        of_models = (one for one in model_faults(self.story, providers) if one.field not in places)
        wrong += _placed([*of_story, *of_models], "")
        if wrong:
            raise self._wrong(wrong)

    @contextmanager
    def refusals(self) -> Iterator[None]:
        """Tells what only the service finds by the lines of the file, too."""
        try:
            yield
        except InvalidRequest as error:
            if not error.violations:
                raise
            of = error.place if isinstance(error, RefusedCharacter) else ""
            raise self._wrong(_placed(error.violations, of)) from error

    def _wrong(self, wrong: Sequence[tuple[str, str]]) -> StoryFileWrong:
        import yaml

        root = yaml.compose(self.text, Loader=yaml.SafeLoader)
        told = sorted((_line(root, place), place, what) for place, what in wrong)
        return StoryFileWrong(
            [f"{self.path}:{line}: {place}: {what}" for line, place, what in told]
        )


def _of_character(fields: object) -> list[Violation]:
    checks = Checks()
    characters.read_character(checks, character_with(None, fields), characters.SETTABLE)  # type: ignore[arg-type]
    return checks.violations


def _of_story(file: StoryFile, styles: Iterable[str]) -> list[Violation]:
    """Returns what is wrong with the story and with its order; made-up ids stand for its cast."""
    checks, options = Checks(), file.options
    called = [each["name"] or "" for each in file.characters]
    names = {str(uuid5(NAMESPACE, name)): name for name in called}
    stories.read_story(checks, story_of(file, names), stories.SETTABLE, styles)
    read_quality(checks, options.quality)
    read_aspect_ratio(checks, options.aspect_ratio)
    copies = read_images_per_page(checks, options.images_per_page)
    read_floor(checks, options.min_quality, dict.fromkeys(MIN_QUALITIES, 0.0))
    checks.metadata("options.metadata", options.metadata)
    request = _request(file, names, copies or 1)
    check_post_processing(checks, request.options.post_processing, portrait=True)
    check_used(checks, request)
    if options.priority is not None:
        # Whether the caller is an admin, only the service knows.
        checks.priority("priority", options.priority, admin=True)
    read_cover(checks, request)
    if options.scenes:
        _check_words(checks, file)
        check_images(checks, len(file.pages) * (copies or 1))
    return checks.violations


def _request(file: StoryFile, names: Mapping[str, str], copies: int) -> GenerateStoryRequest:
    """Returns the request of a file, without what the contract's fields may have no room for."""
    options, cover = file.options, order_of(file, names)["cover"]
    return GenerateStoryRequest(
        include_character_portraits=options.portraits,
        include_scene_images=options.scenes,
        include_cover=cover is not False,
        cover=cover if isinstance(cover, Cover) else None,
        images_per_page=copies,
        aspect_ratio=options.aspect_ratio,
        options=GenerationOptions(
            use_references=options.references, post_processing=post_processing(options)
        ),
    )


def _check_words(checks: Checks, file: StoryFile) -> None:
    for number, page in enumerate(file.pages):
        if page.text and not page.fixed and not says_something(page.scene or page.text):
            checks.add(
                f"story.pages[{number}].text",
                "says nothing that could be drawn; give the page a scene",
                reasons.ERROR_REASON_PROMPT_EMPTY,
            )


def _placed(violations: Iterable[Violation], of: str) -> list[tuple[str, str]]:
    """Returns violations by their places in the file; `of` is that of the character, or empty."""
    return [(_place(one, of), one.description) for one in violations]


def _place(wrong: Violation, of: str) -> str:
    if wrong.field.startswith("character.") and of:
        return f"{of}.{wrong.field.removeprefix('character.')}"
    named = _PAGE.search(wrong.description)
    if wrong.field in ("story_id", "") and named:
        return f"pages[{int(named[1]) - 1}]"
    place = wrong.field
    for before, after in _RENAMED:
        place = before.sub(after, place)
    first = re.split(r"[.\[]", place)[0]
    return f"options.{place}" if first in _OF_OPTIONS and first != "options" else place


def _line(root: "Node | None", place: str) -> int:
    """Returns the line of a place, or of as much of it as the file has."""
    found = root
    line = 1
    for part in re.findall(r"[^.\[\]]+", place):
        found = _part(found, part)
        if found is None:
            break
        line = found.start_mark.line + 1
    return line


def _part(node: "Node | None", name: str) -> "Node | None":
    """Returns an entry of a mapping or a list; None without it."""
    entries = getattr(node, "value", None)
    if not isinstance(entries, list):
        return None
    for number, entry in enumerate(entries):
        if isinstance(entry, tuple):
            key, value = entry
            if key.value == name:
                return value  # type: ignore[no-any-return]
        elif str(number) == name:
            return entry  # type: ignore[no-any-return]
    return None
