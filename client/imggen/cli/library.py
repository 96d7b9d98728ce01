"""Commands for characters, stories and styles."""

from collections.abc import Sequence
from typing import Unpack, cast

import click

from imggen.cli.editing import clear_option, print_story, update_story, with_cleared
from imggen.cli.options import options
from imggen.cli.session import Session, connected
from imggen.fields import CharacterFields
from imggen.v1.character_pb2 import Character
from imggen.v1.story_pb2 import Page

look_options = options(
    click.option("--age", type=click.IntRange(0, 150), help="In years."),
    click.option("--gender", type=click.Choice(["female", "male"])),
    click.option("--species", help="For instance fox.  [default: human]"),
    click.option("--hair", help="For instance `curly red hair`."),
    click.option("--eyes", help="For instance green."),
    click.option("--skin", help="Skin or fur, for instance `white fur`."),
    click.option("--clothing", help="For instance `a yellow dress`."),
    click.option("--feature", "features", multiple=True, help="For instance freckles; repeatable."),
    click.option("--trait", "traits", multiple=True, help="For instance brave; repeatable."),
)


@click.group()
def characters() -> None:
    """Create, change, list and delete characters."""


@characters.command("create")
@click.option("--name", required=True)
@look_options
@connected
def create_character(session: Session, **fields: Unpack[CharacterFields]) -> None:
    """Create a character; only the name is required.

    \b
    Example:
      imggen characters create --name Mia --age 7 --hair "curly red hair" --feature freckles
    """
    _print_character(session, session.client.create_character(**_given(fields)))


@characters.command("update")
@click.argument("character_id")
@click.option("--name")
@look_options
@clear_option
@connected
def update_character(
    session: Session, character_id: str, cleared: Sequence[str], **fields: Unpack[CharacterFields]
) -> None:
    """Change the given fields of a character; existing pictures stay as they are.

    \b
    Examples:
      imggen characters update CHARACTER_ID --hair "short black hair"
      imggen characters update CHARACTER_ID --clear age --clear features
    """
    changes = with_cleared(_given(fields), cleared)
    if not changes:
        raise click.UsageError("nothing to change; give --hair, --clothing or another option")
    _print_character(session, session.client.update_character(character_id, **changes))


@characters.command("list")
@connected
def list_characters(session: Session) -> None:
    """List your characters, the newest first."""
    found = list(session.client.list_characters(page_size=100))
    session.table(
        ("CHARACTER", "NAME", "LOOK"),
        ((each.id, each.name, _look(each)) for each in found),
        characters=found,
    )


@characters.command("show")
@click.argument("character_id")
@connected
def show_character(session: Session, character_id: str) -> None:
    """Show a character's description and its reference image."""
    _print_character(session, session.client.get_character(character_id))


@characters.command("delete")
@click.argument("character_id")
@connected
def delete_character(session: Session, character_id: str) -> None:
    """Delete a character; its pictures stay."""
    session.client.delete_character(character_id)
    session.document(f"deleted {character_id}")


@click.group()
def stories() -> None:
    """Create, change, list and delete stories."""


stories.add_command(update_story)


@stories.command("create")
@click.option("--title", required=True)
@click.option("--style", default="", help="The style; `imggen styles` lists them.")
@click.option("--page", "pages", multiple=True, help="The text of a page; repeatable, in order.")
@click.option(
    "--character",
    "character_ids",
    multiple=True,
    metavar="CHARACTER_ID",
    help="A character on every page; repeatable.",
)
@connected
def create_story(
    session: Session,
    title: str,
    style: str,
    pages: Sequence[str],
    character_ids: Sequence[str],
) -> None:
    """Create a story from its pages.

    \b
    Example:
      imggen stories create --title "The Map" --style watercolor \\
        --page "Mia finds a map in the attic." --page "She follows it to the old oak."
    """
    story = session.client.create_story(
        title=title,
        style=style,
        pages=[Page(text=text, character_ids=character_ids) for text in pages],
    )
    print_story(session, story)


@stories.command("list")
@connected
def list_stories(session: Session) -> None:
    """List your stories, the newest first."""
    found = list(session.client.list_stories())
    session.table(
        ("STORY", "TITLE", "STYLE", "PAGES"),
        ((each.id, each.title, each.style, str(each.page_count)) for each in found),
        stories=found,
    )


@stories.command("show")
@click.argument("story_id")
@connected
def show_story(session: Session, story_id: str) -> None:
    """Show a story with its pages."""
    print_story(session, session.client.get_story(story_id))


@stories.command("delete")
@click.argument("story_id")
@connected
def delete_story(session: Session, story_id: str) -> None:
    """Delete a story; its pictures stay."""
    session.client.delete_story(story_id)
    session.document(f"deleted {story_id}")


@click.command()
@connected
def styles(session: Session) -> None:
    """List the styles."""
    found = list(session.client.styles())
    session.table(
        ("STYLE", "NAME", "DESCRIPTION", "DRAWN AS"),
        (
            (
                each.id,
                each.display_name,
                each.description,
                ", ".join(f"{drawn} by {model}" for model, drawn in each.drawn_as.items()),
            )
            for each in found
        ),
        styles=found,
    )


def _given(fields: CharacterFields) -> CharacterFields:
    """Returns the options that were given, by the names of the fields."""
    given = {name: value for name, value in fields.items() if value not in (None, ())}
    return cast(CharacterFields, given)


def _look(character: Character) -> str:
    parts = [f"{character.age} years" if character.HasField("age") else "", character.species]
    parts += [character.hair, character.eyes, character.skin, character.clothing]
    return ", ".join(part for part in (*parts, *character.features, *character.traits) if part)


def _print_character(session: Session, character: Character) -> None:
    lines = [f"character {character.id}", f"{character.name}: {_look(character) or 'no look'}"]
    if character.reference_image_id:
        stale = ", older than the description" if character.reference_stale else ""
        lines.append(f"reference {character.reference_image_id}{stale}")
    session.document(*lines, character=character)
