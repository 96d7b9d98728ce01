"""What the command says of references."""

from typing import Any

import pytest

from imggen import SyncClient
from imggen.cli.progress import notes
from imggen.testing import FakeService
from imggen.v1.job_pb2 import Job
from imggen.v1.reference_pb2 import ReferenceUse, UsedReference
from tests.unit.cli.conftest import Command

UNKNOWN = "68f9b9c8-4f3e-4c2a-8d5a-0f7a1f6f2b11"


def test_characters_drawn_by_words_alone_are_named_with_the_job(
    command: Command, fake: FakeService, mia: str, story: str
) -> None:
    def scene(*options: str) -> str:
        return command("scene", story, "1", "--character", mia, *options)

    alone = f"character {mia} was drawn by words alone: "
    assert scene().endswith(f"\n{alone}it has no reference in this style\n")
    assert alone in command("portrait", mia, "--style", "anime", "--references")
    assert alone not in scene()
    assert alone not in scene("--no-references")
    command("characters", "update", mia, "--hair", "red")
    ended = command.json("scene", story, "1", "--character", mia)["job"]
    [used] = ended["references"]
    assert (used["characterId"], used["use"]) == (mia, "REFERENCE_USE_STALE")
    why = "its reference shows another version of its description"
    assert command("watch", ended["jobId"]).endswith(f"\n{alone}{why}\n")
    asked: Any = [one.options for one in fake.requests("GenerateScene")]  # type: ignore[attr-defined]
    assert [one.use_references for one in asked if one.HasField("use_references")] == [False]


def test_an_image_says_what_became_of_each_reference(
    command: Command, client: SyncClient, mia: str, story: str
) -> None:
    leo = client.create_character(name="Leo").id
    portrait = command.json("portrait", mia, "--style", "anime")["image"]["id"]
    both = ("--character", mia, "--character", leo)
    scene = command.json("scene", story, "1", *both)["image"]["id"]
    assert command("image", scene).splitlines()[-2:] == [
        f"character {mia} was drawn from portrait {portrait}, scale 1.00",
        f"character {leo} was drawn by words alone: it has no reference in this style",
    ]
    alone = command.json("scene", story, "1", *both, "--no-references")["image"]["id"]
    assert "was drawn" not in command("image", alone)


@pytest.mark.parametrize("use", [*ReferenceUse.values(), 99])
def test_every_use_of_a_reference_but_drawn_has_a_note(use: ReferenceUse.ValueType) -> None:
    said = notes(Job(references=[UsedReference(character_id=UNKNOWN, use=use)]))
    assert len(said) == (use != ReferenceUse.REFERENCE_USE_DRAWN)
    known = 0 < use < 99
    assert all(("newer version" in line) != known for line in said)
