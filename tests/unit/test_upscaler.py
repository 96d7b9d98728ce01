"""The upscaler: tiles without seams, weights that are checked, and a gain over Lanczos."""

import shutil
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from actors.engine.refusal import CheckpointRefused
from actors.engine.render import PictureBroken
from actors.finishing.upscaler import Upscaler
from actors.finishing.upscaling import NoUpscaler
from actors.settings import DiffuserSettings
from actors.storybook import CHECKPOINT, UPSCALER
from recipe.training.settings import LAPTOP
from recipe.training.upscaler import new_upscaler


def png(width: int, height: int) -> bytes:
    pixels = np.random.default_rng(3).integers(0, 255, (height, width, 3), np.uint8)
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def shipped() -> Upscaler:
    torch.set_num_threads(1)
    loaded = Upscaler.load(DiffuserSettings(device="cpu"))
    assert loaded is not None
    return loaded


def test_tiles_have_no_seams() -> None:
    torch.manual_seed(0)
    network = new_upscaler(LAPTOP.upscaler)
    pixels = torch.rand(1, 3, 90, 130)
    with torch.inference_mode():
        whole = network(pixels)
    torch.testing.assert_close(Upscaler(network, 4).run(pixels, tile=48), whole, atol=1e-5, rtol=0)


async def test_a_picture_becomes_four_times_as_large(shipped: Upscaler) -> None:
    large = Image.open(BytesIO(await shipped.upscale(png(40, 24))))
    assert (large.format, large.mode, large.size) == ("PNG", "RGB", (160, 96))


def test_pixels_that_are_not_finite_are_no_picture() -> None:
    network = new_upscaler(LAPTOP.upscaler)
    with torch.no_grad():
        next(network.parameters()).fill_(float("nan"))
    with pytest.raises(PictureBroken, match="the upscaler's pixels are not finite"):
        Upscaler(network, 4).enlarge(png(40, 24))


def test_weights_that_are_cut_off_are_refused(tmp_path: Path) -> None:
    cut = tmp_path / "x4.safetensors"
    cut.write_bytes(UPSCALER.read_bytes()[:-10])
    with pytest.raises(CheckpointRefused, match=r"x4\.safetensors: has \d+ bytes, and its header"):
        Upscaler.load(DiffuserSettings(upscaler=str(cut)))


async def test_without_an_upscaler_a_picture_stays_as_it_is() -> None:
    assert await NoUpscaler().upscale(b"png") == b"png"
    assert Upscaler.load(DiffuserSettings(upscaler="none")) is None
    assert Upscaler.load(DiffuserSettings(model="sdxl")) is None


def test_a_missing_file_is_named_with_the_fix(tmp_path: Path) -> None:
    with pytest.raises(CheckpointRefused, match=r"none\.safetensors: not a file; .* or `none`"):
        Upscaler.load(DiffuserSettings(upscaler=str(tmp_path / "none.safetensors")))


def test_a_pickle_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x4.pth").write_bytes(b"pickle")
    with pytest.raises(CheckpointRefused, match="must be safetensors"):
        Upscaler.load(DiffuserSettings(upscaler=str(tmp_path / "x4.pth")))


def test_weights_that_differ_from_their_checksum_are_refused(tmp_path: Path) -> None:
    shutil.copytree(CHECKPOINT / "upscaler", tmp_path / "upscaler")
    shutil.copy(CHECKPOINT / "checksums.sha256", tmp_path)
    copy = tmp_path / "upscaler" / UPSCALER.name
    assert Upscaler.load(DiffuserSettings(upscaler=str(copy)))
    data = bytearray(copy.read_bytes())
    data[-1] ^= 1
    copy.write_bytes(data)
    with pytest.raises(CheckpointRefused, match="not as in checksums"):
        Upscaler.load(DiffuserSettings(upscaler=str(copy)))
