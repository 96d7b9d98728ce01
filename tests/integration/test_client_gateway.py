"""The client against the real gateway."""

import asyncio
import json
from collections.abc import AsyncIterator
from importlib.metadata import version
from pathlib import Path

import pytest

from imggen import Client, ImageStatus, JobStatus
from imggen.cli.app import run
from imggen.errors import JobCancelled, JobFailed
from tests.integration.gateway_fixture import GatewayFixture


def token_of(gateway: GatewayFixture) -> str:
    return gateway.caller("mia").metadata[0][1].removeprefix("Bearer ")


@pytest.fixture
async def client(gateway: GatewayFixture) -> AsyncIterator[Client]:
    async with Client(gateway.address, token=token_of(gateway)) as client:
        yield client


async def test_a_picture_is_asked_for_followed_and_downloaded(
    gateway: GatewayFixture, client: Client, tmp_path: Path
) -> None:
    mia = await client.create_character(name="Mia", age=7, hair="red")
    job = await client.generate_portrait(mia, style="watercolor", seed=5)
    seen: list[int] = []
    async for snapshot in client.watch(job):
        if not seen:
            made = await gateway.complete(await gateway.claim())
        seen.append(snapshot.job.status)
    assert seen[-1] == JobStatus.JOB_STATUS_COMPLETED
    image = await client.wait(job)
    assert (image.status, image.seed) == (ImageStatus.IMAGE_STATUS_COMPLETED, 5)
    data = {str(kind): data for kind, data in made.items()}
    assert await client.download(image, kind="print") == data["print"]
    path = await client.download(image, tmp_path / "mia.png")
    assert path.read_bytes() == data["display"]
    assert [each.id async for each in client.list_images(character=mia)] == [image.id]


async def test_a_failed_and_a_cancelled_job_raise(gateway: GatewayFixture, client: Client) -> None:
    mia = await client.create_character(name="Mia")
    job = await client.generate_portrait(mia, style="watercolor")
    await gateway.fail(await gateway.claim())
    with pytest.raises(JobFailed, match="RENDER_FAILED"):
        await client.wait(job)
    await client.retry(job)
    await client.cancel(job)
    with pytest.raises(JobCancelled):
        await client.wait(job)


async def test_lists_walk_all_pages(client: Client) -> None:
    for number in range(3):
        await client.create_character(name=f"Fox {number}")
    names = [each.name async for each in client.list_characters(page_size=2)]
    assert names == ["Fox 2", "Fox 1", "Fox 0"]


async def test_a_gateway_says_its_version_to_everybody(gateway: GatewayFixture) -> None:
    async with Client(gateway.address) as stranger:
        assert await stranger.server_version() == version("imggen")


CROWDED = """title: The Map
style: watercolor
characters: [{name: Mia}, {name: Leo}, {name: Ida}, {name: Ben}, {name: Eva}]
pages:
  - text: They meet.
  - text: All of them run.
    characters: [Mia, Leo, Ida, Ben, Eva]
options: {model: storybook}
"""


async def test_the_command_tells_what_a_gateway_refuses_by_the_line_of_the_file(
    gateway: GatewayFixture,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("IMGGEN_SERVER", gateway.address)
    monkeypatch.setenv("IMGGEN_TOKEN", token_of(gateway))
    file = tmp_path / "tale.yaml"
    words = ["story", str(file), "--no-wait"]
    for text, line in ((CROWDED, 7), (CROWDED.replace("storybook", "nobody"), 8)):
        file.write_text(text)
        assert await asyncio.to_thread(run, words) == 2
        assert capsys.readouterr().err.startswith(f"{file}:{line}: ")
    file.write_text(CROWDED.replace(", Ida, Ben, Eva]\n", "]\n"))
    batches = set()
    for _ in range(2):
        assert await asyncio.to_thread(run, ["--json", *words]) == 0
        batches.add(json.loads(capsys.readouterr().out)["batch"]["batchId"])
    assert len(batches) == 1
