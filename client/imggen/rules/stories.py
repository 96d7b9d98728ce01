"""What a story and its pages may hold."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from imggen.rules.checks import PAGE_TEXT, SHORT_TEXT, Checks
from imggen.rules.scenes import read_scene
from imggen.v1 import errors_pb2 as reasons
from imggen.v1.scene_pb2 import Scene
from imggen.v1.story_pb2 import Page, Story

Id = TypeVar("Id")

SETTABLE = ("title", "style", "pages", "character_ids")
"""The fields that callers can set."""

MAX_PAGES = 200
MAX_CHARACTERS = 16
MAX_CAST = 64
MAX_BYTES = 2 * 2**20
"""Of the texts of all pages of a story, in UTF-8."""


def read_story(checks: Checks, given: Story, names: Sequence[str], styles: Iterable[str]) -> Story:
    """Returns the named fields of a story, cleaned; those with a violation are left out.

    `styles` are the ids of the styles that there are.
    """
    read = Story()
    if "title" in names:
        title = checks.line("story.title", given.title, SHORT_TEXT, required=True)
        read.title = title or ""
    if "style" in names and given.style:
        known = {style: style for style in styles}
        reason = reasons.ERROR_REASON_STYLE_UNKNOWN
        read.style = checks.one_of("story.style", given.style, known, "style", reason) or ""
    if "pages" in names:
        read.pages.extend(_pages(checks, given.pages))
    if "character_ids" in names:
        ids, field = given.character_ids, "story.character_ids"
        checks.at_most(field, len(ids), MAX_CAST, "characters")
        read.character_ids.extend(checks.ids(field, ids[:MAX_CAST], str) or ())
    return read


def read_page_ids(checks: Checks, pages: Sequence[Page]) -> list[str]:
    """Returns the ids that an update gives its pages, empty for new pages; each must differ."""
    places: dict[str, int] = {}
    read = []
    for place, page in enumerate(pages[:MAX_PAGES]):
        path = f"story.pages[{place}].id"
        id_ = checks.id(path, page.id, str, required=False) or ""
        first = places.setdefault(id_, place) if id_ else place
        if first != place:
            checks.add(
                path,
                f"is also that of pages[{first}]; leave it empty for a new page",
                reasons.ERROR_REASON_DUPLICATE_ITEM,
            )
        read.append(id_)
    return read


def kept_ids(
    stored: Sequence[tuple[Id, object]], given: Sequence[tuple[Id | None, object]]
) -> list[Id | None]:
    """Returns the ids of a story's pages after an update; None for new pages.

    A page is its id and its content. If every page is as the stored one in its place, all of
    them are the stored ones: an update that is repeated does not make its new pages again.
    """
    unchanged = len(given) == len(stored) and all(
        id_ in (None, old) and content == before
        for (id_, content), (old, before) in zip(given, stored, strict=True)
    )
    return [id_ for id_, _ in (stored if unchanged else given)]


def _pages(checks: Checks, pages: Sequence[Page]) -> list[Page]:
    checks.at_most("story.pages", len(pages), MAX_PAGES, "pages")
    read = [
        _page(checks, f"story.pages[{index}]", page) for index, page in enumerate(pages[:MAX_PAGES])
    ]
    octets = sum(map(_octets, read))
    if octets > MAX_BYTES:
        checks.add(
            "story.pages",
            f"must have {MAX_BYTES:,} bytes of text or fewer in UTF-8, have {octets:,}",
            reasons.ERROR_REASON_TEXT_TOO_LONG,
        )
    return read


def _page(checks: Checks, path: str, page: Page) -> Page:
    text = checks.text(f"{path}.text", page.text, PAGE_TEXT, required=True)
    scene = checks.prompt(f"{path}.scene_description", page.scene_description)
    ids, field = page.character_ids, f"{path}.character_ids"
    checks.at_most(field, len(ids), MAX_CHARACTERS, "characters")
    listed = checks.ids(field, ids[:MAX_CHARACTERS], str) or ()
    read = Page(text=text or "", scene_description=scene or "", character_ids=listed)
    if page.HasField("scene"):
        read.scene.CopyFrom(read_scene(checks, f"{path}.scene", page.scene, listed))
        if read.scene == Scene():
            read.ClearField("scene")
    return read


def _octets(page: Page) -> int:
    return len(page.text.encode()) + len(page.scene_description.encode()) + page.scene.ByteSize()
