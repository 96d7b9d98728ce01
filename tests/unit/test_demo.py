"""The demo, against the client's fake service."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from actors.finishing.forms import finish
from cluster.embedded.contact_sheet import Panel, contact_sheet
from cluster.embedded.demo import STORY, DemoFailed, draw_story
from imggen.cli.story_file import read_story_file
from imggen.testing import FakeService
from imggen.v1 import generation_pb2, story_pb2
from imggen.v1.scene_pb2 import LOSS_KIND_PLACE, Unsure
from server.domain.models import Size
from server.domain.states import AssetKind, ImageType
from tests.terminal import shown_on_terminal

BADGE = (176, 32, 32)
TOKEN = "any"
NAMES = ("mia", "page-1", "page-2", "page-3", "pip")


@pytest.fixture
def fake() -> Iterator[FakeService]:
    with FakeService() as fake:
        yield fake


def test_a_story_file_becomes_a_contact_sheet(
    fake: FakeService, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    draw_story(fake.target, TOKEN, tmp_path)
    [story] = fake.requests("CreateStory")
    [batch] = fake.requests("GenerateStory")
    assert isinstance(story, story_pb2.CreateStoryRequest)
    assert isinstance(batch, generation_pb2.GenerateStoryRequest)
    file = read_story_file(STORY, STORY.read_text())
    assert (story.story.title, story.story.style) == (file.title, file.style)
    assert [page.text for page in story.story.pages] == [page.text for page in file.pages]
    [folder] = tmp_path.iterdir()
    files = [folder / f"{name}.jpg" for name in NAMES]
    assert sorted(folder.glob("[!.]*")) == sorted([*files, folder / "contact-sheet.png"])
    captured = capsys.readouterr()
    done = [line for line in captured.err.splitlines() if line.endswith(": completed")]
    assert len(done) == len(NAMES)
    # Paths are not wrapped, however narrow the terminal is.
    lines = captured.out.splitlines()
    assert set(map(str, folder.glob("[!.]*"))) <= set(lines)
    assert any("total cost: nothing (drawn on this machine)" in line for line in lines)


def test_a_second_demo_draws_new_pages_and_keeps_the_portraits(
    fake: FakeService, tmp_path: Path
) -> None:
    draw_story(fake.target, TOKEN, tmp_path / "first")
    draw_story(fake.target, TOKEN, tmp_path / "second")
    [first], [second] = (list((tmp_path / name).iterdir()) for name in ("first", "second"))
    names = sorted(path.name for path in first.iterdir())
    assert names == sorted(path.name for path in second.iterdir())
    assert (first / "mia.jpg").read_bytes() == (second / "mia.jpg").read_bytes()
    assert (first / "page-1.jpg").read_bytes() != (second / "page-1.jpg").read_bytes()


def test_what_is_unsure_is_printed_and_stands_on_the_contact_sheet(
    fake: FakeService, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    draw_story(fake.target, TOKEN, tmp_path / "sure")
    assert "NOT SURE" not in capsys.readouterr().out
    fake.doubt(Unsure(phrase="kitchen", kind=LOSS_KIND_PLACE, why="only hinted at"))
    draw_story(fake.target, TOKEN, tmp_path / "unsure")
    assert "the place: kitchen?" in capsys.readouterr().out
    heights = []
    for name in ("sure", "unsure"):
        [sheet] = (tmp_path / name).glob("*/contact-sheet.png")
        with Image.open(sheet) as picture:
            heights.append(picture.height)
    assert heights[0] < heights[1]


def test_a_picture_that_fails_fails_the_demo(fake: FakeService, tmp_path: Path) -> None:
    fake.fail_next_job()
    with pytest.raises(DemoFailed, match="failed"):
        draw_story(fake.target, TOKEN, tmp_path)


def test_a_terminal_gets_a_table_instead_of_lines(
    fake: FakeService,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown = shown_on_terminal(
        monkeypatch, "stderr", 60, lambda: draw_story(fake.target, TOKEN, tmp_path)
    )
    assert ": completed" not in shown
    assert "page 3" in shown
    assert "━" in shown


def test_a_contact_sheet_has_its_rows_in_the_middle(tmp_path: Path) -> None:
    picture = tmp_path / "red.png"
    Image.new("RGB", (1024, 1024), "red").save(picture)
    panel = Panel("A red square, of which there is a lot to be said in many words. " * 5, picture)
    sheet = contact_sheet("Squares", [[panel], [panel, panel]])
    assert sheet.width == 2 * 512 + 3 * 32
    assert sheet.getpixel((sheet.width // 2, 300)) == (255, 0, 0)
    assert sheet.getpixel((sheet.width // 2, sheet.height - 300)) != (255, 0, 0)


def test_a_row_of_a_contact_sheet_is_as_high_as_its_tallest_picture(tmp_path: Path) -> None:
    wide, tall = tmp_path / "wide.png", tmp_path / "tall.png"
    Image.new("RGB", (1824, 1024), "red").save(wide)
    Image.new("RGB", (1024, 1536), "red").save(tall)
    low = contact_sheet("Wide", [[Panel("A page.", wide)] * 2])
    high = contact_sheet("Mixed", [[Panel("A page.", wide), Panel("A portrait.", tall)]])
    # The files say nothing, so that each has a badge of 30 pixels below it.
    assert (low.height, high.height) == (256 + 287 + 30, 256 + 512 + 30)
    assert low.getpixel((300, 128)) == low.getpixel((300, 128 + 285)) == (255, 0, 0)
    assert high.getpixel((300, 128 + 290)) != (255, 0, 0)


def test_what_a_picture_does_not_show_is_below_its_text(tmp_path: Path) -> None:
    picture = tmp_path / "red.png"
    Image.new("RGB", (1024, 1024), "red").save(picture)
    plain = contact_sheet("Oven", [[Panel("Mia bakes.", picture)]])
    lost = contact_sheet("Oven", [[Panel("Mia bakes.", picture, "not drawn: bake")]])
    assert lost.height > plain.height
    below = lost.crop((0, plain.height - 40, lost.width, lost.height))
    assert len(below.getcolors(10_000) or ()) > 1


def test_what_no_file_says_is_checked_has_a_badge(tmp_path: Path) -> None:
    seen = {}
    for name in ("", "a-classifier", "none"):
        drawn = BytesIO()
        Image.new("RGB", (256, 256), "blue").save(drawn, "PNG")
        forms = finish(drawn.getvalue(), ImageType.PORTRAIT, Size(1024, 1024), checked_by=name)
        for kind in (AssetKind.DISPLAY, AssetKind.PRINT):
            path = tmp_path / f"{name}.{kind}"
            path.write_bytes(forms.asset(kind).data)
            if name == "none":  # a file that says nothing
                Image.open(path).convert("RGB").save(path, "PNG")
            sheet = contact_sheet("Blue", [[Panel("A page.", path)]])
            colours = {colour for _, colour in sheet.getcolors(100_000) or ()}
            seen[name, kind] = BADGE in colours
    assert seen == {
        (name, kind): name != "a-classifier"
        for name in ("", "a-classifier", "none")
        for kind in (AssetKind.DISPLAY, AssetKind.PRINT)
    }
