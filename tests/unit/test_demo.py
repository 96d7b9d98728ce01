"""The demo's story, over the client's fake service."""

from pathlib import Path

import pytest
from PIL import Image

from cluster.contact_sheet import Panel, contact_sheet
from cluster.demo import PAGES, STYLE, TITLE, tell_a_story
from imggen.testing import FakeService
from imggen.v1 import generation_pb2, story_pb2

NAMES = ("leo", "mia", "page-1", "page-2", "page-3")


async def test_a_story_is_told_from_its_characters_to_a_contact_sheet(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with FakeService() as fake:
        await tell_a_story(fake.target, "", tmp_path)
        [story] = fake.requests("CreateStory")
        scenes = fake.requests("GenerateScene")
        assert len(fake.requests("GeneratePortrait")) == 2
    assert isinstance(story, story_pb2.CreateStoryRequest)
    assert (story.story.title, story.story.style) == (TITLE, STYLE)
    assert [page.text for page in story.story.pages] == list(PAGES)
    numbers = [
        scene.page_number
        for scene in scenes
        if isinstance(scene, generation_pb2.GenerateSceneRequest)
    ]
    assert numbers == [1, 2, 3]
    [folder] = tmp_path.iterdir()
    files = [folder / f"{name}.png" for name in NAMES]
    assert sorted(folder.iterdir()) == sorted([*files, folder / "contact-sheet.png"])
    lines = capsys.readouterr().out.splitlines()
    assert sorted(line for line in lines if line.endswith(" is done")) == [
        f"{name} is done" for name in NAMES
    ]
    # Paths are whole, however narrow the terminal is.
    assert set(map(str, folder.iterdir())) <= set(lines)
    assert any("cost in all: 0.0000 USD" in line for line in lines)


async def test_a_terminal_gets_bars_instead_of_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "60")
    async with FakeService() as fake:
        await tell_a_story(fake.target, "", tmp_path)
    shown = capsys.readouterr().out
    assert "is done" not in shown
    assert "page-3" in shown
    assert "━" in shown


def test_a_contact_sheet_has_its_rows_in_the_middle(tmp_path: Path) -> None:
    picture = tmp_path / "red.png"
    Image.new("RGB", (1024, 1024), "red").save(picture)
    panel = Panel("A red square, of which there is a lot to be said in many words. " * 5, picture)
    sheet = contact_sheet("Squares", [[panel], [panel, panel]])
    assert sheet.width == 2 * 512 + 3 * 32
    assert sheet.getpixel((sheet.width // 2, 300)) == (255, 0, 0)
    assert sheet.getpixel((sheet.width // 2, sheet.height - 300)) != (255, 0, 0)
