"""A damaged checkpoint on a real Ray: refused by name at the start, and harmless later."""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from actors.engine.checkpoint import CHECKSUMS
from actors.storybook import CHECKPOINT
from cluster.embedded.guardian import guarded_folder
from cluster.embedded.local import Local, running
from cluster.embedded.processes import StartFailed
from imggen import Client, JobStatus
from tests.integration.local_ray import SETTINGS, kill_replica

pytestmark = pytest.mark.timeout(600)
_WEIGHTS = Path("unet", "diffusion_pytorch_model.safetensors")


@pytest.fixture
def checkpoint() -> Iterator[Path]:
    """Yields a copy of the shipped checkpoint that every process may read."""
    with tempfile.TemporaryDirectory(prefix="imggen-model-") as folder:
        copy = shutil.copytree(CHECKPOINT, Path(folder) / "checkpoint")
        (copy / CHECKSUMS).unlink()
        yield copy


@pytest.fixture
def local(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Local, Path]]:
    with imggen_with(checkpoint, monkeypatch) as started:
        yield started


@contextmanager
def imggen_with(checkpoint: Path, patch: pytest.MonkeyPatch) -> Iterator[tuple[Local, Path]]:
    """Runs all of imggen with a checkpoint; yields it and the folder of its data."""
    patch.setenv("IMGGEN_MODEL_PATH", str(checkpoint))
    for name, value in SETTINGS.items():
        patch.setenv(name, value)
    with guarded_folder("imggen-local-") as folder, running(folder, print) as local:
        yield local, folder


def test_a_damaged_checkpoint_is_the_reason_why_the_start_failed(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (checkpoint / "tokenizer_2" / "tokenizer.json").unlink()
    with (
        pytest.raises(StartFailed, match=r"CheckpointRefused: \S+/tokenizer_2: lacks vocab\.json"),
        imggen_with(checkpoint, monkeypatch),
    ):
        pass


async def test_jobs_wait_unharmed_while_the_model_is_damaged(
    local: tuple[Local, Path], checkpoint: Path
) -> None:
    (imggen, folder), weights = local, checkpoint / _WEIGHTS
    whole = weights.read_bytes()
    async with Client(imggen.address, token=imggen.token) as client:
        mia = await client.create_character(name="Mia", age=7)
        before = await client.generate_portrait(mia, style="cartoon")
        assert before.HasField("estimated_completion_time")
        await client.wait(before, timeout=120)
        weights.write_bytes(whole[:-1])
        kill_replica("diffuser")
        await _logged(folder, "model away")
        job = await client.generate_portrait(mia, style="cartoon")
        # The gateway keeps what it knows of the workers for some seconds.
        while (await client.get_job(job)).HasField("estimated_completion_time"):
            await asyncio.sleep(0.5)
        job = await client.get_job(job)
        assert (job.status, job.attempt) == (JobStatus.JOB_STATUS_QUEUED, 0)
        weights.write_bytes(whole)
        await client.wait(job, timeout=240)
        assert (await client.get_job(job)).attempt == 1
        await _logged(folder, "claims again")


async def _logged(folder: Path, event: str) -> None:
    async with asyncio.timeout(120):
        while f'"event": "{event}"' not in (folder / "logs" / "worker.log").read_text():
            await asyncio.sleep(0.2)
