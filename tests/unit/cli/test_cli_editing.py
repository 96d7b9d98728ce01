"""Images deleted, characters and stories edited by the `imggen` command."""

from pathlib import Path
from typing import Any

import pytest

from imggen import SyncClient
from imggen.cli.editing import EMPTIED
from imggen.rules.characters import SETTABLE
from imggen.testing import FakeService
from imggen.v1.story_pb2 import Page
from tests.unit.cli.conftest import Command
from tests.unit.cli.test_cli import UNKNOWN


def test_images_are_deleted(command: Command, client: SyncClient, mia: str) -> None:
    drawn = [client.wait(client.generate_portrait(mia, style="anime")).id for _ in range(3)]
    assert command("delete", *drawn[:2]).splitlines() == [f"deleted {each}" for each in drawn[:2]]
    assert command.json("delete", drawn[2]) == {"deleted": [drawn[2]]}
    assert command.json("images") == {"images": []}
    command("delete", drawn[0], UNKNOWN, code=1)  # it is gone, which is what was asked for
    assert "IMAGE_NOT_FOUND" in command.err


def test_every_field_of_a_character_but_its_name_can_be_emptied(
    command: Command, client: SyncClient
) -> None:
    assert {"name", *EMPTIED} == set(SETTABLE)
    full = client.create_character(
        name="Mia",
        age=7,
        gender="female",
        species="fox",
        hair="red",
        eyes="green",
        skin="fur",
        clothing="a coat",
        features=["freckles"],
        traits=["brave"],
    )
    options = [word for name in EMPTIED for word in ("--clear", name)]
    command("characters", "update", full.id, *options)
    bare = client.get_character(full.id)
    assert {field.name for field, _ in bare.ListFields()} <= {
        *("id", "name", "created_at", "updated_at", "etag", "description_version")
    }
    command("characters", "update", full.id, "--clear", "age", "--age", "8", code=2)
    assert "give one of them" in command.err


def test_a_story_is_edited_and_its_pages_stay_the_same_ones(
    command: Command, client: SyncClient, mia: str
) -> None:
    pages = [Page(text=f"{number}.", scene_description="a hill") for number in range(1, 5)]
    story = client.create_story(title="The Map", style="anime", pages=pages)
    before = [page.id for page in story.pages]
    command("stories", "update", story.id, "--title", "The Old Map", "--style", "cartoon")
    changes = ("--page", "2=She runs = fast.", "--scene", "2=", "--characters", f"4={mia}")
    command("stories", "update", story.id, *changes, "--remove-page", "3", "--add-page", "End.")
    after = client.get_story(story.id)
    assert (after.title, after.style) == ("The Old Map", "cartoon")
    assert [page.text for page in after.pages] == ["1.", "She runs = fast.", "4.", "End."]
    assert [page.id for page in after.pages][:3] == [before[0], before[1], before[3]]
    assert [page.scene_description for page in after.pages] == ["a hill", "", "a hill", ""]
    assert list(after.pages[2].character_ids) == [mia]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ((), "nothing to change"),
        (("--page", "two=x"), "is not NUMBER=TEXT"),
        (("--page", "3=x"), "the story has no page 3; it has 2"),
        (("--remove-page", "0"), "the story has no page 0"),
    ],
)
def test_an_edit_that_changes_nothing_there_is_wrong_usage(
    command: Command, story: str, changes: tuple[str, ...], said: str
) -> None:
    command("stories", "update", story, *changes, code=2)
    assert said in command.err


def test_an_edit_does_not_overwrite_another(
    command: Command, fake: FakeService, client: SyncClient, story: str, tmp_path: Path
) -> None:
    command("stories", "update", story, "--page", "1=New.")
    sent: Any = fake.requests("UpdateStory")[-1]
    assert sent.story.etag
