"""What a story and its pages may hold."""

from collections.abc import Iterable, Sequence

from imggen.rules.checks import PAGE_TEXT, SHORT_TEXT, Checks
from imggen.v1 import errors_pb2 as reasons
from imggen.v1.story_pb2 import Page, Story

SETTABLE = ("title", "style", "pages")
"""The fields that callers can set."""

MAX_PAGES = 200


def read_story(checks: Checks, given: Story, names: Sequence[str], styles: Iterable[str]) -> Story:
    """Returns the named fields of a story, cleaned; those with a violation are left out.

    `styles` are the ids of the styles that there are.
    """
    read = Story()
    if "title" in names:
        title = checks.text("story.title", given.title, SHORT_TEXT, required=True)
        read.title = title or ""
    if "style" in names and given.style:
        known = {style: style for style in styles}
        reason = reasons.ERROR_REASON_STYLE_UNKNOWN
        read.style = checks.one_of("story.style", given.style, known, "style", reason) or ""
    if "pages" in names:
        read.pages.extend(_pages(checks, given.pages))
    return read


def _pages(checks: Checks, pages: Sequence[Page]) -> list[Page]:
    if len(pages) > MAX_PAGES:
        checks.add(
            "story.pages",
            f"must have {MAX_PAGES} pages or fewer, has {len(pages)}",
            reasons.ERROR_REASON_FIELD_OUT_OF_RANGE,
        )
    return [
        _page(checks, f"story.pages[{index}]", page) for index, page in enumerate(pages[:MAX_PAGES])
    ]


def _page(checks: Checks, path: str, page: Page) -> Page:
    text = checks.text(f"{path}.text", page.text, PAGE_TEXT, required=True)
    scene = checks.prompt(f"{path}.scene_description", page.scene_description)
    characters = checks.ids(f"{path}.character_ids", page.character_ids, str)
    return Page(
        text=text or "",
        scene_description=scene or "",
        character_ids=characters or (),
    )
