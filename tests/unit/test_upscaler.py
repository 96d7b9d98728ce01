"""The upscaler: tiles without seams, an alpha of its own, and what it does without memory."""

import asyncio
import shutil
import threading
from collections.abc import Callable
from contextlib import nullcontext
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from torch import Tensor, nn
from torch.nn.functional import interpolate
from torch.utils._python_dispatch import TorchDispatchMode

from actors.engine.refusal import CheckpointRefused
from actors.engine.render import DeviceBroken, PictureBroken
from actors.finishing.network import Network
from actors.finishing.upscaler import Upscaler
from actors.finishing.upscaling import Enlarged, NoUpscaler, upscaled
from actors.settings import DiffuserSettings
from actors.storybook import CHECKPOINT, UPSCALER
from recipe.illustrator import Illustrator
from recipe.illustrator.sampling import FULL, sample_scene
from recipe.training.settings import LAPTOP
from recipe.training.upscaler import new_upscaler
from server.domain.models import Size

Numbers = NDArray[np.int64]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def scene(width: int, height: int) -> Image.Image:
    """Returns the middle of a drawing of the recipe, of at most 256 pixels a side."""
    drawn = Illustrator().draw(sample_scene(Random(77), FULL)).image
    left, top = (256 - width) // 2, (256 - height) // 2
    return Image.fromarray(drawn).crop((left, top, left + width, top + height))


def png(image: Image.Image) -> bytes:
    buffer = BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def opened(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data))


def numbers(data: bytes | Image.Image) -> Numbers:
    return np.asarray(opened(data) if isinstance(data, bytes) else data).astype(int)


def shipped(tile: int = 512) -> Upscaler:
    loaded = Upscaler.load(DiffuserSettings(device="cpu", upscaler_tile=tile))
    assert loaded is not None
    return loaded


class Twice(nn.Module):
    """Doubles a picture's sides, with as much memory as it has pixels."""

    def forward(self, pixels: Tensor) -> Tensor:
        return interpolate(pixels, scale_factor=2.0, mode="nearest")


def doubling(network: nn.Module, tile: int = 512, half: bool = False) -> Upscaler:
    return Upscaler(Network(network, 2, reach=8), tile=tile, half=half)


# Tiles.


def test_a_picture_in_tiles_is_as_the_whole() -> None:
    drawn = scene(150, 140)
    whole, tiled = (numbers(shipped(tile).enlarge(png(drawn)).png) for tile in (256, 128))
    assert whole.shape == (560, 600, 3)
    assert np.quantile(np.abs(whole - tiled), 0.999) < 2
    assert np.abs(whole - tiled)[:, 288:320].max() < 2
    # Without pixels that tiles share, the same network leaves a seam.
    left, right = drawn.crop((0, 0, 76, 140)), drawn.crop((76, 0, 150, 140))
    halves = [numbers(shipped().enlarge(png(half)).png) for half in (left, right)]
    assert np.abs(whole - np.concatenate(halves, 1))[:, 288:320].max() > 4


async def test_a_picture_becomes_four_times_as_large() -> None:
    enlarged = await upscaled(shipped(), png(scene(40, 24)))
    assert enlarged is not None
    large = opened(enlarged.png)
    assert (large.format, large.mode, large.size) == ("PNG", "RGB", (160, 96))


@pytest.mark.parametrize(
    ("to", "size"),
    [
        (Size(80, 48), (80, 48)),
        (Size(40, 49), (160, 96)),
        (Size(60, 36), (80, 48)),
        (Size(400, 400), (160, 96)),
    ],
)
def test_no_more_is_made_than_a_size_needs(to: Size, size: tuple[int, int]) -> None:
    given = png(scene(40, 24))
    large = opened(shipped().enlarge(given, to).png)
    assert large.size == size
    most = opened(shipped().enlarge(given).png).resize(size, Image.Resampling.BOX)
    assert np.abs(numbers(large) - numbers(most)).max() <= 1


# Transparency.


def cut_out(drawn: Image.Image) -> tuple[Image.Image, Image.Image]:
    """Returns a drawing that is clear, and black, outside an ellipse; and its alpha."""
    alpha = Image.new("L", (drawn.width * 4, drawn.height * 4))
    box = (alpha.width // 8, alpha.height // 8, alpha.width * 7 // 8, alpha.height * 7 // 8)
    ImageDraw.Draw(alpha).ellipse(box, fill=255)
    alpha = alpha.resize(drawn.size, Image.Resampling.BOX)
    cut = Image.new("RGB", drawn.size)
    cut.paste(drawn, mask=alpha.point(lambda value: 255 if value else 0))
    cut.putalpha(alpha)
    return cut, alpha


def on_white(picture: Image.Image) -> Numbers:
    return numbers(Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture))


def test_a_cut_out_figure_has_no_dark_rim() -> None:
    light = scene(96, 96).point(lambda value: 155 + value * 100 // 255)
    cut, _ = cut_out(light)
    large = opened(shipped().enlarge(png(cut)).png)
    assert (large.mode, large.size) == ("RGBA", (384, 384))
    # The colours as they were before the figure was cut out.
    truth = opened(shipped().enlarge(png(light)).png).convert("RGBA")
    truth.putalpha(large.getchannel("A"))
    assert np.quantile(on_white(truth) - on_white(large), 0.9999) <= 12
    bare = opened(shipped().enlarge(png(cut.convert("RGB"))).png).convert("RGBA")
    bare.putalpha(large.getchannel("A"))
    assert np.quantile(on_white(truth) - on_white(bare), 0.9999) > 24


def test_an_enlarged_alpha_has_neither_veils_nor_holes() -> None:
    cut, alpha = cut_out(scene(96, 96))
    large = numbers(opened(shipped().enlarge(png(cut)).png).getchannel("A"))
    smooth = numbers(alpha.resize((384, 384), Image.Resampling.BICUBIC))
    assert np.abs(large - smooth).mean() < 2
    assert (large[smooth == 0] == 0).mean() > 0.99
    inner = numbers(alpha.resize((384, 384), Image.Resampling.NEAREST))
    assert (large[160:224, 160:224] == 255).all()
    assert (large[:32] == 0).all()
    assert ((large > 8) & (large < 247)).mean() < 1.5 * ((inner > 8) & (inner < 247)).mean()


def test_a_picture_whose_alpha_shows_all_is_opaque() -> None:
    drawn = scene(40, 24)
    large = opened(shipped().enlarge(png(drawn.convert("RGBA"))).png)
    assert large.mode == "RGB"
    assert (numbers(large) == numbers(shipped().enlarge(png(drawn)).png)).all()


# Memory.


class Scarce(Twice):
    """Asks torch for more memory than there is, from some tile of too many pixels on."""

    def __init__(self, most: int, after: int = 0, ask: Callable[[], object] | None = None) -> None:
        super().__init__()
        self._most, self._after = most, after
        self._ask = ask or (lambda: torch.empty(2**55))

    def forward(self, pixels: Tensor) -> Tensor:
        if max(pixels.shape[2:]) > self._most:
            self._after -= 1
            if self._after < 0:
                self._ask()
        return super().forward(pixels)


@pytest.mark.parametrize(
    ("most", "tile", "ran_out_at"), [(512, 512, ()), (256, 256, (512,)), (128, 128, (512, 256))]
)
def test_tiles_are_halved_until_memory_is_enough(
    most: int, tile: int, ran_out_at: tuple[int, ...]
) -> None:
    drawn = scene(256, 256).resize((530, 520))
    # Some tiles were done before memory ran out: none of them is left in the picture.
    found = doubling(Scarce(most, after=2 if most < 512 else 0)).enlarge(png(drawn))
    assert (found.tile, found.ran_out_at) == (tile, ran_out_at)
    assert (numbers(found.png) == numbers(drawn).repeat(2, 0).repeat(2, 1)).all()


def out_of_cuda() -> None:
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")


def out_of_cudnn() -> None:
    raise RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED")


def out_of_numpy() -> None:
    np.empty(2**47)


@pytest.mark.parametrize("ask", [None, out_of_cuda, out_of_cudnn, out_of_numpy])
def test_without_memory_for_any_tile_lanczos_makes_all_of_it(
    ask: Callable[[], object] | None,
) -> None:
    drawn = scene(130, 140)
    found = doubling(Scarce(8, ask=ask)).enlarge(png(drawn))
    wanted = drawn.resize((260, 280), Image.Resampling.LANCZOS)
    assert found == Enlarged(found.png, 0, (512, 256, 128))
    assert (numbers(found.png) == numbers(wanted)).all()


def test_lanczos_keeps_the_alpha() -> None:
    cut, _ = cut_out(scene(130, 140))
    large = opened(doubling(Scarce(8)).enlarge(png(cut)).png)
    assert large.mode == "RGBA"
    assert numbers(large.getchannel("A"))[0, 0] == 0
    assert numbers(large.getchannel("A"))[140, 130] == 255


def test_another_error_is_no_lack_of_memory() -> None:
    def fail() -> None:
        raise RuntimeError("CUDA error: device-side assert triggered")

    with pytest.raises(DeviceBroken, match="device-side assert"):
        doubling(Scarce(8, ask=fail)).enlarge(png(scene(40, 40)))


class Largest(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Records how many numbers the largest tensor has that torch makes."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.found = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> object:
        made = func(*args, **(kwargs or {}))
        if isinstance(made, Tensor):
            self.found = max(self.found, made.numel())
        return made


def test_a_larger_picture_needs_no_larger_tensor() -> None:
    def largest(side: int, tile: int) -> int:
        seen = Largest()
        with seen:
            doubling(Twice(), tile).enlarge(png(scene(256, 256).resize((side, side))))
        return seen.found

    assert largest(200, 128) == largest(400, 128) == 3 * 256 * 256
    assert largest(400, 512) == 3 * 800 * 800


# Numbers.


class Overflowing(Twice):
    """Makes grey from sums that float16 cannot hold where a picture is light."""

    def __init__(self) -> None:
        super().__init__()
        self.sums = nn.Conv2d(3, 3, 1, bias=False)
        nn.init.constant_(self.sums.weight, 3e4)
        self.kinds: list[torch.dtype] = []

    def forward(self, pixels: Tensor) -> Tensor:
        sums = self.sums(pixels)
        self.kinds.append(sums.dtype)
        return super().forward(sums / 9e4)


def test_a_tile_that_overflows_in_half_precision_is_computed_again() -> None:
    drawn = Image.new("RGB", (200, 100), "black")
    drawn.paste("white", (150, 0, 200, 100))
    network = Overflowing()
    found = numbers(doubling(network, tile=128, half=True).enlarge(png(drawn)).png)
    assert network.kinds == [torch.float16, torch.float16, torch.float32]
    assert (found == numbers(drawn).repeat(2, 0).repeat(2, 1)).all()


def test_half_precision_is_within_a_level() -> None:
    given, network = png(scene(64, 64)), Network.load(UPSCALER)
    exact, half = (
        numbers(Upscaler(network, half=half).enlarge(given).png) for half in (False, True)
    )
    assert np.quantile(np.abs(exact - half), 0.999) <= 1


def test_pixels_that_are_not_finite_are_no_picture() -> None:
    network = new_upscaler(LAPTOP.upscaler)
    with torch.no_grad():
        next(network.parameters()).fill_(float("nan"))
    with pytest.raises(PictureBroken, match="the upscaler's pixels are not finite"):
        Upscaler(Network(network, 4)).enlarge(png(scene(40, 24)))


class Faulty(Twice):
    """Fails with an error."""

    def __init__(self, error: str) -> None:
        super().__init__()
        self._error = error

    def forward(self, pixels: Tensor) -> Tensor:
        raise RuntimeError(self._error)


@pytest.mark.parametrize(
    ("error", "is_broken"), [("CUDA error: unspecified launch failure", True), ("a bug", False)]
)
def test_a_fault_of_the_device_is_kept_for_the_health_check(error: str, is_broken: bool) -> None:
    upscaler = doubling(Faulty(error))
    with pytest.raises(DeviceBroken if is_broken else RuntimeError, match=error):
        upscaler.enlarge(png(scene(40, 24)))
    refused = pytest.raises(DeviceBroken, match="launch failure") if is_broken else nullcontext()
    with refused:
        upscaler.check()


# Weights.


def test_weights_that_are_cut_off_are_refused(tmp_path: Path) -> None:
    cut = tmp_path / "x4.safetensors"
    cut.write_bytes(UPSCALER.read_bytes()[:-10])
    with pytest.raises(CheckpointRefused, match=r"x4\.safetensors: has \d+ bytes, and its header"):
        Upscaler.load(DiffuserSettings(upscaler=str(cut)))


async def test_without_an_upscaler_nothing_is_enlarged() -> None:
    assert await upscaled(NoUpscaler(), b"png") is None
    assert Upscaler.load(DiffuserSettings(upscaler="none")) is None
    assert Upscaler.load(DiffuserSettings(model="sdxl")) is None


def test_a_missing_file_is_named_with_the_fix(tmp_path: Path) -> None:
    with pytest.raises(CheckpointRefused, match=r"none\.safetensors: not a file; .* or `none`"):
        Upscaler.load(DiffuserSettings(upscaler=str(tmp_path / "none.safetensors")))


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


# A stream of tiles.


async def test_tiles_are_told_as_they_are_done_in_all_enlargements() -> None:
    given = png(scene(96, 96))
    told: list[tuple[int, int]] = []
    large = await upscaled(shipped(128), given, Size(700, 700), lambda *tiles: told.append(tiles))
    assert large is not None
    # To 384 by the network, and then to 768: 1 tile, and 4 by 4 that share 28 pixels.
    assert told == [(done, 17) for done in range(1, 18)]
    assert opened(large.png).size == (768, 768)
    assert (large.tile, large.ran_out_at) == (128, ())


async def test_what_is_nearly_large_enough_is_left_to_lanczos() -> None:
    large = await upscaled(shipped(), png(scene(96, 96)), Size(120, 96))
    assert large is not None
    assert opened(large.png).size == (96, 96)


async def test_tiles_never_go_back_where_a_picture_is_begun_anew() -> None:
    told: list[float] = []
    drawn = png(scene(256, 256).resize((530, 520)))
    upscaler = doubling(Scarce(256, after=2))
    large = await upscaled(upscaler, drawn, None, lambda done, of: told.append(done / of))
    assert large is not None
    assert large.ran_out_at == (512,)
    assert told == sorted(told)
    assert told[-1] == 1


class Waiting(Twice):
    """Waits in each tile until it may go on; counts the tiles that were begun."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.goes_on = 0, threading.Event()

    def forward(self, pixels: Tensor) -> Tensor:
        self.begun += 1
        self.goes_on.wait(30)
        return super().forward(pixels)


async def test_a_stream_that_is_closed_ends_after_its_tile() -> None:
    network = Waiting()
    drawn = png(scene(256, 256).resize((530, 520)))
    reading = asyncio.create_task(upscaled(doubling(network, tile=128), drawn))
    while not network.begun:
        await asyncio.sleep(0.01)
    reading.cancel()
    await asyncio.sleep(0)
    network.goes_on.set()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert network.begun <= 2
