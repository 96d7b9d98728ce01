"""`imggen story` and `imggen batch`, run against the fake service."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from imggen import JobKind, SyncClient
from imggen.cli.app import run
from imggen.cli.submission import Labels
from imggen.testing import FakeService
from imggen.v1.batch_pb2 import BatchImage
from imggen.v1.job_pb2 import Job

TALE = """
title: The Map
style: anime
characters:
  - name: Mia
    age: 7
    gender: female
    features: [freckles]
  - name: Leo
pages:
  - text: Mia and Leo find a map.
    characters: [Mia, Leo]
  - text: Mia follows it.
    scene: Mia under an oak
    characters: [Mia]
options:
  cover: yes
  images_per_page: 2
  aspect_ratio: 4:3
  metadata:
    order: 4711
"""
WRONG = """title: The Map
style: anime
characters:
  - name: Mia
    age: seven
    colour: red
  - age: 3
pages:
  - text: Mia.
    characters: [Mia, Tom]
  - scene: nobody
options:
  cover: maybe
  quality: {a: b}
  metadata: 7
"""


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeService]:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "no-profiles"))
    with FakeService() as fake:
        monkeypatch.setenv("IMGGEN_SERVER", fake.target)
        yield fake


@pytest.fixture
def tale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "tale.yaml"
    path.write_text(TALE)
    return path


class Command:
    """Runs the command and keeps its output."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.err = ""

    def __call__(self, *arguments: str | Path, code: int = 0) -> str:
        assert run([str(argument) for argument in arguments]) == code
        captured = self._capsys.readouterr()
        self.err = captured.err
        return captured.out

    def json(self, *arguments: str | Path) -> Any:
        return json.loads(self(*arguments, "--json"))


@pytest.fixture
def command(fake: FakeService, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(capsys)


def test_a_file_is_drawn_and_saved(command: Command, tale: Path, fake: FakeService) -> None:
    out = command("story", tale)
    folder = tale.parent / "the-map"
    names = ["cover", "leo", "mia", "page-1-1", "page-1-2", "page-2-1", "page-2-2"]
    assert sorted(path.stem for path in folder.iterdir()) == names
    assert "7 of 7 drawn" in out
    assert "\ncost nothing\n  7 by storybook (local), free\n" in out
    assert "saved the-map/page-2-2.jpg" in out
    assert "Mia: rendering" in command.err
    mia = fake.requests("CreateCharacter")[0].character  # type: ignore[attr-defined]
    assert (mia.name, mia.age, list(mia.features)) == ("Mia", 7, ["freckles"])
    asked: Any = fake.requests("GenerateStory")[0]
    assert (asked.aspect_ratio, dict(asked.options.metadata)) == ("4:3", {"order": "4711"})


def test_all_characters_of_a_file_are_the_cast(
    command: Command, tale: Path, fake: FakeService
) -> None:
    pages = TALE[TALE.index("pages:") : TALE.index("options:")]
    unlisted = pages.replace("    characters: [Mia, Leo]\n", "").replace(
        "    characters: [Mia]\n", ""
    )
    tale.write_text(TALE.replace(pages, unlisted))
    assert "Leo" in command("story", tale, "--no-wait", "--json")
    story: Any = fake.requests("CreateStory")[0].story  # type: ignore[attr-defined]
    named = [one.character.name for one in fake.requests("CreateCharacter")]  # type: ignore[attr-defined]
    assert (len(story.character_ids), named) == (2, ["Mia", "Leo"])
    assert [list(page.character_ids) for page in story.pages] == [[], []]


def test_a_page_sets_parts_of_its_scene(command: Command, tale: Path, fake: FakeService) -> None:
    scene = """scene:
      figures:
        Leo: {doing: [climb], mood: sad}
      place: mill
      props: [lamp]
"""
    tale.write_text(TALE.replace("scene: Mia under an oak\n", scene))
    plan = command.json("story", tale, "--plan")
    story: Any = fake.requests("CreateStory")[0].story  # type: ignore[attr-defined]
    page = story.pages[1]
    mia, leo = story.character_ids
    assert list(page.character_ids) == [mia, leo]
    assert (page.scene.place, list(page.scene.props)) == ("mill", ["lamp"])
    [figure] = page.scene.figures
    assert (figure.character_id, list(figure.doing), figure.mood) == (leo, ["climb"], "sad")
    assert page.scene_description == ""
    assert plan["plan"]["pages"][2]["scene"]["place"] == "mill"


def test_a_page_says_that_its_scene_has_nothing(
    command: Command, tale: Path, fake: FakeService
) -> None:
    scene = 'scene: {figures: [], props: {}, place: "", absent: [], time: night}\n'
    tale.write_text(TALE.replace("scene: Mia under an oak\n", scene))
    plan = command.json("story", tale, "--plan")
    story: Any = fake.requests("CreateStory")[0].story  # type: ignore[attr-defined]
    page = story.pages[1]
    assert list(page.scene.empty) == ["figures", "props", "place"]
    assert page.scene.time == "night"
    assert plan["plan"]["pages"][2]["scene"]["figures"] == []


def test_what_is_wrong_with_a_scene_is_named_with_its_line(command: Command, tale: Path) -> None:
    scene = "scene: {figures: {Tom: {}, Leo: {mood: [x], flies: yes}}, place: [a], sky: blue}\n"
    tale.write_text(TALE.replace("scene: Mia under an oak\n", scene))
    command("story", tale, "--plan", code=2)
    for what in ('"Tom"', '"flies"', '"sky"', "figures.Leo.mood", "scene.place"):
        assert what in command.err


def test_a_story_is_drawn_from_references_or_says_why_not(
    command: Command, tale: Path, fake: FakeService
) -> None:
    assert "by words alone" not in command("story", tale)
    tale.write_text(f"{TALE}  portraits: no\n".replace("anime", "cartoon"))
    out = command("story", tale)
    assert out.count("was drawn by words alone: it has no reference in this style") == 8
    assert "\npage 2 (1): Mia was drawn by words alone" in out
    tale.write_text(f"{TALE}  portraits: no\n  references: no\n".replace("anime", "realistic"))
    assert "by words alone" not in command("story", tale)
    asked: Any = [request.options for request in fake.requests("GenerateStory")]  # type: ignore[attr-defined]
    said = [one.use_references if one.HasField("use_references") else None for one in asked]
    assert said == [None, None, False]


def test_a_story_is_saved_with_the_portraits_that_were_drawn_before(
    command: Command, tale: Path
) -> None:
    command("story", tale)
    out = command("story", tale, "--again", "--output", "second")
    first, second = (
        {path.name: path.read_bytes() for path in (tale.parent / name).iterdir()}
        for name in ("the-map", "second")
    )
    assert "5 of 5 drawn" in out
    assert "saved second/mia.jpg" in out
    assert first.keys() == second.keys()
    assert {name for name in first if first[name] == second[name]} == {"leo.jpg", "mia.jpg"}


def test_portraits_of_another_style_are_not_saved_with_a_story(
    command: Command, tale: Path, tmp_path: Path
) -> None:
    def saved(style: str, more: str, folder: str) -> dict[str, bytes]:
        tale.write_text(TALE.replace("anime", style) + more)
        command("story", tale, "--again", "--output", folder)
        return {path.name: path.read_bytes() for path in (tmp_path / folder).iterdir()}

    bare = "  portraits: no\n"
    anime = saved("anime", "", "anime")
    assert not {"mia.jpg", "leo.jpg"} & saved("cartoon", bare, "bare").keys()
    cartoon = saved("cartoon", "", "cartoon")
    again = saved("anime", bare, "again")  # though the newest portraits are cartoons
    assert anime["mia.jpg"] == again["mia.jpg"] != cartoon["mia.jpg"]


def test_a_portrait_that_was_drawn_before_replaces_no_other_picture(
    command: Command, tale: Path
) -> None:
    tale.write_text(TALE.replace("Leo", "Cover"))
    command("story", tale)
    command("story", tale, "--again", "--output", "second")
    second = {path.read_bytes() for path in (tale.parent / "second").iterdir()}
    assert len(second) == 7  # the cover and the portrait of Cover among them


def test_the_same_file_resumes_the_same_batch(
    command: Command, tale: Path, fake: FakeService
) -> None:
    first = command.json("story", tale, "--no-wait")["batch"]["batchId"]
    assert command.json("story", tale)["batch"]["batchId"] == first
    again = command.json("story", tale, "--again")["batch"]
    assert again["batchId"] != first
    assert again["totalImages"] == 5  # the portraits exist
    tale.write_text(TALE.replace("follows", "loses"))
    assert command.json("story", tale, "--no-wait")["batch"]["batchId"] != first
    with SyncClient(fake.target) as client:
        assert len(list(client.list_characters())) == 2
        assert len(list(client.list_stories())) == 2


def test_what_was_deleted_is_made_again(command: Command, tale: Path, fake: FakeService) -> None:
    command("story", tale)
    with SyncClient(fake.target) as client:
        for character in list(client.list_characters()):
            client.delete_character(character)
        command("story", tale)
        assert len(list(client.list_characters())) == 2


def test_everything_wrong_in_a_file_is_named_with_its_line(command: Command, tale: Path) -> None:
    tale.write_text(WRONG)
    command("story", tale, code=2)
    assert command.err.splitlines() == [
        f'{tale}:5: characters[0].age: "seven" is not a whole number from 0 to 150',
        f'{tale}:6: characters[0]: "colour" is not a field; use name, age, gender, species, hair,'
        " eyes, skin, clothing, features, traits",
        f'{tale}:7: characters[1]: "name" is missing',
        f'{tale}:10: pages[0].characters: "Tom" is not a character of this file; use Mia',
        f'{tale}:11: pages[1]: "text" is missing',
        f'{tale}:13: options.cover: "maybe" must be true or false',
        f"{tale}:14: options.quality: must be a text; put it in quotes",
        f"{tale}:15: options.metadata: must have a text for each name, for instance `order: 4711`",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("title: [", "is not YAML"),
        ("- a", "must have the fields title"),
        ("title: a\nstyle: anime\npages: []", "has no pages"),
        ("title: a\nstyle: anime\npages: one", "must be a list"),
        ("title: a\ntitle: b\nstyle: anime\npages: [{text: a}]", "is given twice"),
        (
            "title: a\nstyle: anime\npages: [{text: a}]\ncharacters: [{name: M}, {name: M}]",
            '"M" is used twice',
        ),
    ],
)
def test_a_file_that_is_not_a_story_is_refused(
    command: Command, tale: Path, text: str, said: str
) -> None:
    tale.write_text(text)
    command("story", tale, code=2)
    assert said in command.err


def test_a_story_with_a_failed_picture_exits_with_1_and_says_what_to_do(
    command: Command, tale: Path, fake: FakeService
) -> None:
    fake.fail_next_job()
    out = command("story", tale, code=1)
    assert "RENDER_FAILED" in out
    [line] = [line for line in out.splitlines() if "imggen batch retry" in line]
    batch = line.split()[-1]
    assert "failed" in command("batch", "show", batch)
    assert "processing" in command("batch", "retry", batch)
    assert "7 of 7 drawn" in command("batch", "watch", batch)
    assert batch in command("batch", "list")
    assert command.json("batch", "show", batch)["batch"]["status"] == "BATCH_STATUS_COMPLETED"


def test_a_batch_is_cancelled(command: Command, tale: Path, fake: FakeService) -> None:
    fake.hold()
    batch = command.json("story", tale, "--no-wait")["batch"]["batchId"]
    assert command.json("batch", "cancel", batch)["batch"]["batchId"] == batch
    command("batch", "watch", batch, code=1)
    lines = command("batch", "watch", batch, "--json", code=1).splitlines()
    assert json.loads(lines[-1])["batch"]["status"] == "BATCH_STATUS_CANCELLED"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows interrupts no single process")
def test_ctrl_c_leaves_the_batch_and_says_how_to_resume(fake: FakeService, tale: Path) -> None:
    fake.hold()
    process = subprocess.Popen(
        [sys.executable, "-m", "imggen.cli", "story", str(tale)],
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    seen = process.stderr.readline()
    process.send_signal(signal.SIGINT)
    seen += process.stderr.read()
    assert process.wait(30) == 130
    assert "the batch continues. Cancel it: imggen batch cancel " in seen
    process.stderr.close()


def test_pictures_of_a_removed_page_are_told_apart() -> None:
    page = "68f9b9c8-4f3e-4c2a-8d5a-0f7a1f6f2b11"
    images = [
        BatchImage(job=Job(job_id=job, page_id=page, kind=JobKind.JOB_KIND_SCENE))
        for job in ("one", "two")
    ]
    labels = Labels(images, {})
    assert [labels.of(image) for image in images] == [
        "removed page 68f9b9c8 (1)",
        "removed page 68f9b9c8 (2)",
    ]
