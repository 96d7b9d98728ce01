"""The command that edits a story, and the fields of a character that it empties."""

from collections.abc import Callable, Sequence
from typing import cast

import click

from imggen.cli.session import Session, connected
from imggen.fields import CharacterFields, StoryFields
from imggen.v1.story_pb2 import Page, Story

EMPTIED: CharacterFields = {
    "age": None,
    "gender": "unspecified",
    "species": "",
    "hair": "",
    "eyes": "",
    "skin": "",
    "clothing": "",
    "features": (),
    "traits": (),
}
"""The fields of a character that can be emptied, and what they are then."""

clear_option = click.option(
    "--clear",
    "cleared",
    multiple=True,
    type=click.Choice(list(EMPTIED)),
    help="Empty this field; repeatable.",
)

Numbered = tuple[tuple[int, str], ...]


def with_cleared(changes: CharacterFields, cleared: Sequence[str]) -> CharacterFields:
    """Returns the changes of a character with those that empty a field."""
    for name in cleared:
        if name in changes:
            raise click.UsageError(f"--clear {name} and a new value for it; give one of them")
    emptied = {name: value for name, value in EMPTIED.items() if name in cleared}
    return cast(CharacterFields, {**changes, **emptied})


def _numbered(context: click.Context, option: click.Parameter, values: Sequence[str]) -> Numbered:
    """Reads `2=text`: the number of a page, and what it gets."""
    read = []
    for value in values:
        number, mark, text = value.partition("=")
        if not mark or not number.strip().isdecimal():
            wrong = f'{value!r} is not NUMBER=TEXT, as 2="She runs."'
            raise click.BadParameter(wrong, context, option)
        read.append((int(number), text))
    numbers = [number for number, _ in read]
    if twice := next((one for one in numbers if numbers.count(one) > 1), None):
        raise click.BadParameter(f"names page {twice} twice; give it once", context, option)
    return tuple(read)


def _pages_option(
    name: str, kind: str, help: str
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return click.option(
        name,
        multiple=True,
        callback=_numbered,
        metavar=f"NUMBER={kind}",
        help=f"{help}; repeatable.",
    )


@click.command("update")
@click.argument("story_id")
@click.option("--title")
@click.option("--style", help="The style; `imggen styles` lists them.")
@_pages_option("--page", "TEXT", "The new text of a page")
@_pages_option("--scene", "TEXT", "What the picture of a page shows; empty: what its text says")
@_pages_option("--characters", "IDS", "Who is on a page, with commas between them")
@click.option("--add-page", "added", multiple=True, metavar="TEXT", help="A page at the end.")
@click.option("--remove-page", "removed", multiple=True, type=int, metavar="NUMBER")
@connected
def update_story(
    session: Session,
    story_id: str,
    title: str | None,
    style: str | None,
    page: Numbered,
    scene: Numbered,
    characters: Numbered,
    added: Sequence[str],
    removed: Sequence[int],
) -> None:
    """Change the given parts of a story; existing pictures stay as they are.

    Pages are named by the numbers that they have now, and keep their pictures when others come or
    go. If somebody else changes the story meanwhile, nothing is changed.

    \b
    Examples:
      imggen stories update STORY_ID --title "The Old Map"
      imggen stories update STORY_ID --page 2="She runs." --remove-page 3 --add-page "The end."
    """
    _refuse_both(removed, page, scene, characters)
    changes = _said(title, style)
    if page or scene or characters or added or removed:
        before = session.client.get_story(story_id)
        changes["pages"] = _changed(before, page, scene, characters, added, removed)
        changed = session.client.update_story(before, **changes)
    elif changes:
        changed = session.client.update_story(story_id, **changes)
    else:
        raise click.UsageError("nothing to change; give --title, --page or another option")
    print_story(session, changed)


def _refuse_both(removed: Sequence[int], *changed: Numbered) -> None:
    for number in (number for given in changed for number, _ in given):
        if number in removed:
            raise click.UsageError(f"page {number} is both changed and removed; choose one")


def _said(title: str | None, style: str | None) -> StoryFields:
    changes: StoryFields = {}
    if title is not None:
        changes["title"] = title
    if style is not None:
        changes["style"] = style
    return changes


def print_story(session: Session, story: Story) -> None:
    """Prints a story with its pages."""
    lines = [f"story {story.id}", f"{story.title} ({story.style or 'no style'})"]
    lines += [f"{number}. {page.text}" for number, page in enumerate(story.pages, start=1)]
    session.document(*lines, story=story)


def _changed(
    story: Story,
    texts: Numbered,
    scenes: Numbered,
    characters: Numbered,
    added: Sequence[str],
    removed: Sequence[int],
) -> list[Page]:
    """Returns the pages of a story after the changes."""
    pages = list(story.pages)
    for number, text in texts:
        _page(pages, number).text = text
    for number, scene in scenes:
        page = _page(pages, number)
        page.scene_description = scene
        # What was set of the scene stood for the words that go.
        page.ClearField("scene")
    for number, ids in characters:
        page = _page(pages, number)
        page.character_ids[:] = [one.strip() for one in ids.split(",") if one.strip()]
    for number in removed:
        _page(pages, number)
    kept = [page for number, page in enumerate(pages, start=1) if number not in removed]
    return [*kept, *(Page(text=text) for text in added)]


def _page(pages: Sequence[Page], number: int) -> Page:
    if number not in range(1, len(pages) + 1):
        raise click.UsageError(f"the story has no page {number}; it has {len(pages)}")
    return pages[number - 1]
