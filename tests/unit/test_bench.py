"""The system for load: the data that it keeps and removes, and its pictures."""

import asyncio
import json
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from actors.engine.render import RenderRequest, RenderResult, StepEvent
from actors.testing.stored import StoredRenderer, draw_pictures
from cluster.embedded.processes import StartFailed, only_one
from cluster.load.bench import MARK, env_file, main, read_env
from imggen import SyncClient
from imggen.testing import FakeService
from tests.load_configs import CONFIGS, LOAD

REQUEST = RenderRequest("a fox", "", 256, 256, 4, 3.0, 0.0, seed=1, id="one")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Returns a load folder with a database, beside another folder."""
    folder = tmp_path / "bench"
    for one in (folder, tmp_path / "other"):
        (one / "db").mkdir(parents=True)
    env_file(folder).write_text("export IMGGEN_SERVER=127.0.0.1:1 IMGGEN_TOKEN='a b'\n")
    return folder


def test_clean_removes_its_folder_and_nothing_else(data: Path) -> None:
    assert main(["--folder", str(data), "clean"]) == 0
    assert [path.name for path in data.parent.iterdir()] == ["other"]
    assert (data.parent / "other" / "db").exists()


def test_clean_twice_is_no_error(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert [main(["--folder", str(data), "clean"]) for _ in range(2)] == [0, 0]
    assert "nothing to remove" in capsys.readouterr().out


def test_clean_leaves_a_folder_that_is_not_for_load_tests(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = data.parent / "other"
    assert main(["--folder", str(other), "clean"]) == 1
    assert "is not a folder for load tests" in capsys.readouterr().err
    assert (other / "db").exists()


def test_clean_leaves_data_in_use(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with only_one(data):
        assert main(["--folder", str(data), "clean"]) == 1
    assert "stop it first" in capsys.readouterr().err
    assert (data / "db").exists()


def test_the_file_that_a_shell_sources_is_read_back(data: Path) -> None:
    assert read_env(data) == {"IMGGEN_SERVER": "127.0.0.1:1", "IMGGEN_TOKEN": "a b"}


def test_without_a_running_system_the_error_says_how_to_start_one(tmp_path: Path) -> None:
    with pytest.raises(StartFailed, match="make bench-up"):
        read_env(tmp_path)


def test_only_waiting_jobs_of_load_tests_are_cancelled(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with FakeService() as fake, SyncClient(fake.target) as client:
        says = f"export IMGGEN_SERVER={fake.target} IMGGEN_TOKEN=t IMGGEN_CHARACTER="
        mia = client.create_character(name="Mia").id
        env_file(data).write_text(f"{says}{mia}\n")
        fake.hold()
        own = client.generate_portrait(mia, style="storybook", metadata={"imggen-load": "mine"})
        running = client.generate_portrait(mia, style="storybook", metadata=MARK)
        fake.show(running, step=1, steps=4)
        assert main(["--folder", str(data), "jobs", "--count", "3"]) == 0
        assert main(["--folder", str(data), "cancel"]) == 0
        assert "3 waiting jobs of load tests cancelled" in capsys.readouterr().out
        ended = [job.job_id for job in client.list_jobs(statuses=["cancelled"])]
        assert len(ended) == 3
        assert not {own.job_id, running.job_id} & set(ended)
        fake.release()


@pytest.mark.parametrize("name", [name for name in CONFIGS if name.endswith("submit.json")])
def test_the_jobs_of_every_load_test_are_marked(name: str) -> None:
    assert json.loads((LOAD / name).read_text())["data"]["options"]["metadata"] == MARK


async def test_a_stored_picture_comes_after_all_its_steps() -> None:
    pictures = draw_pictures(2, 32)
    renderer = StoredRenderer(pictures, render_s=0.001, at_once=1)
    *steps, result = [event async for event in renderer.stream(REQUEST)]
    assert [step.step for step in steps if isinstance(step, StepEvent)] == [1, 2, 3, 4]
    assert isinstance(result, RenderResult)
    assert result.png == pictures[1]
    assert (result.width, result.height) == (32, 32)
    assert (renderer.done, renderer.running, renderer.most) == (1, 0, 1)


async def test_previews_start_once_they_are_requested() -> None:
    renderer = StoredRenderer(draw_pictures(1, 128), render_s=0.001, at_once=1)
    shown = []
    async for event in renderer.stream(REQUEST):
        if isinstance(event, StepEvent):
            shown.append(event.preview)
            await renderer.show_previews(REQUEST.id)
    assert shown[0] is None
    assert all(preview is not None for preview in shown[1:])
    with Image.open(BytesIO(shown[-1] or b"")) as preview:
        assert preview.format == "JPEG"


async def test_no_more_renders_run_at_once_than_there_is_room_for() -> None:
    renderer = StoredRenderer(draw_pictures(1, 32), render_s=0.001, at_once=3)

    async def draw() -> None:
        async for _ in renderer.stream(REQUEST):
            pass

    async with asyncio.TaskGroup() as group:
        for _ in range(10):
            group.create_task(draw())
    assert (renderer.done, renderer.running, renderer.most) == (10, 0, 3)


async def test_an_abandoned_render_makes_room_and_is_not_counted() -> None:
    renderer = StoredRenderer(draw_pictures(1, 32), render_s=3600, at_once=1)
    task = asyncio.create_task(anext(renderer.stream(REQUEST)))
    while not renderer.running:
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert (renderer.done, renderer.running) == (0, 0)


def test_repeated_renders_have_the_same_bytes() -> None:
    assert draw_pictures(3, 32) == draw_pictures(3, 32)
    assert len(set(draw_pictures(8, 32))) == 8
