"""Checks of a checkpoint's files: safetensors only, with matching checksums."""

import shutil
from pathlib import Path

import pytest

from actors.engine.checkpoint import CHECKSUMS, CheckpointRefused, check_folder
from actors.storybook import CHECKPOINT


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Returns a copy of the shipped checkpoint that a test may damage."""
    return shutil.copytree(CHECKPOINT, tmp_path / "checkpoint")


def test_the_shipped_checkpoint_matches_its_checksums() -> None:
    assert (CHECKPOINT / CHECKSUMS).is_file()
    check_folder(CHECKPOINT)


def test_a_changed_byte_is_found(copy: Path) -> None:
    weights = copy / "unet" / "diffusion_pytorch_model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    with pytest.raises(CheckpointRefused, match=r"unet/diffusion_pytorch_model\.safetensors: not"):
        check_folder(copy)


def test_a_missing_and_an_added_file_are_found(copy: Path) -> None:
    (copy / "scheduler" / "scheduler_config.json").unlink()
    (copy / "unet" / "more.safetensors").write_bytes(b"")
    with pytest.raises(
        CheckpointRefused, match=r"scheduler/scheduler_config\.json, unet/more\.safetensors: not"
    ):
        check_folder(copy)


def test_pickled_weights_are_refused(copy: Path) -> None:
    (copy / CHECKSUMS).unlink()
    weights = copy / "unet" / "diffusion_pytorch_model.safetensors"
    weights.rename(weights.with_suffix(".bin"))
    with pytest.raises(
        CheckpointRefused,
        match=r"must be safetensors, found diffusion_pytorch_model\.bin; convert them once",
    ):
        check_folder(copy)


def test_a_folder_without_a_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointRefused, match=r"no model_index\.json; IMGGEN_MODEL_PATH must"):
        check_folder(tmp_path)


def test_a_folder_without_checksums_needs_none(copy: Path) -> None:
    (copy / CHECKSUMS).unlink()
    check_folder(copy)
