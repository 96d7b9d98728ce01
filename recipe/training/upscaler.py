"""The upscaler: SRVGGNetCompact, trained on large drawings to enlarge four times a side."""

from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import save_file
from spandrel.architectures.Compact import Compact
from torch import Tensor, nn

from recipe.training.drawings import DETAIL, SIDE, draw_details, load_details
from recipe.training.loop import Loss, Stretch, device, train
from recipe.training.settings import Recipe, UpscalerSettings
from recipe.training.state import Trainee
from recipe.training.vae import gradient_loss

WEIGHTS = Path("upscaler") / "model.safetensors"
"""The path of the weights in a training's folder and in a checkpoint."""
HELD_OUT = 16
_DECODED, _SPOILED = 0.25, 0.1
"""The shares of inputs decoded by the VAE, and of blurred and noisy ones."""
Pixels = NDArray[np.uint8]


def new_upscaler(settings: UpscalerSettings) -> Any:
    """Returns an untrained upscaler, with the state-dict keys of Real-ESRGAN's compact network."""
    network: Any = Compact  # untyped in spandrel 0.4
    return network(num_feat=settings.features, num_conv=settings.convolutions, upscale=DETAIL)


def train_upscaler(recipe: Recipe, stretch: Stretch, processes: int) -> bool:
    """Draws the missing large pictures, then trains, writes the weights and measures."""
    if not draw_details(recipe, stretch, processes):
        return False
    large = load_details(stretch.folder)
    small = np.stack([shrunk(picture) for picture in large])
    decoded = decode(stretch.folder / "vae", small)
    torch.manual_seed(recipe.seed)
    network = new_upscaler(recipe.upscaler).to(device(), memory_format=torch.channels_last)
    pairs = Pairs(recipe, large, small, decoded)
    begin(network, pairs)
    trainee = Trainee(network, recipe.upscaler.training.rate, recipe.upscaler.average)
    finished = train("upscaler", trainee, recipe.upscaler.training, pairs.loss(network), stretch)
    trainee.use_average()
    _save(network, stretch.folder / WEIGHTS)
    held = slice(-HELD_OUT, None)
    stretch.log.write("upscaler-psnr", **measure(network, large[held], small[held]))
    stretch.log.write("upscaler-psnr-decoded", **measure(network, large[held], decoded[held]))
    return finished


@torch.no_grad()
def begin(network: Any, pairs: "Pairs", batches: int = 8) -> None:
    """Makes an untrained upscaler the best linear one over five by five pixels.

    From torch's initial weights eighteen plain layers learned nothing in 3,000 steps: no signal
    passed them. Here half of the features carry the neighbourhood through all layers unchanged,
    the others start as random differences of it, and the last layer is solved for.
    """
    first, *inner, last = [layer for layer in network.body if isinstance(layer, nn.Conv2d)]
    features = first.out_channels
    near = sorted(range(9), key=lambda at: abs(at // 3 - 1) + abs(at % 3 - 1))
    carried = [(colour, at) for at in near for colour in range(3)][: features // 2]
    nn.init.kaiming_normal_(first.weight)
    # Zero sums, so that flat colours give no difference.
    first.weight -= first.weight.mean((1, 2, 3), keepdim=True)
    for index, (colour, at) in enumerate(carried):
        first.weight[index] = 0
        first.weight[index, colour, at // 3, at % 3] = 1
    for layer in inner:
        nn.init.kaiming_normal_(layer.weight, a=0.25)
        layer.weight[:, : len(carried)] -= layer.weight[:, : len(carried)].mean((1, 2, 3), True)
        layer.weight[: len(carried)] = 0
        nn.init.dirac_(layer.weight[: len(carried)])
    for layer in (first, *inner):
        assert layer.bias is not None
        nn.init.zeros_(layer.bias)
    _solve(network, last, pairs, batches)


def _solve(network: Any, last: nn.Conv2d, pairs: "Pairs", batches: int) -> None:
    """Fits the last layer by least squares to the residual of nearest neighbours."""
    size = last.in_channels * 9 + 1
    squares = torch.zeros(size, size, dtype=torch.float64)
    products = torch.zeros(size, last.out_channels, dtype=torch.float64)
    for step in range(batches):
        source, target = pairs.batch(step)
        seen = source
        for layer in list(network.body)[:-1]:
            seen = layer(seen)
        rows = F.unfold(seen.contiguous(), 3, padding=1).transpose(1, 2).flatten(0, 1)
        rows = torch.cat([rows, torch.ones_like(rows[:, :1])], 1).double().cpu()
        rest = target - F.interpolate(source, scale_factor=DETAIL, mode="nearest")
        wanted = F.pixel_unshuffle(rest, DETAIL).flatten(2).transpose(1, 2).flatten(0, 1)
        squares += rows.T @ rows
        products += rows.T @ wanted.double().cpu()
    ridge = 1e-5 * squares.diagonal().mean() * torch.eye(size, dtype=torch.float64)
    found = torch.linalg.solve(squares + ridge, products).T.float()
    last.weight.copy_(found[:, :-1].reshape(last.weight.shape))
    assert last.bias is not None
    last.bias.copy_(found[:, -1])


class Pairs:
    """Cuts batches out of large pictures and the small ones that they are upscaled from."""

    def __init__(self, recipe: Recipe, large: Pixels, small: Pixels, decoded: Pixels) -> None:
        self._recipe = recipe
        self._large = large
        self._small = small
        self._decoded = decoded

    def loss(self, network: Any) -> Loss:
        """Returns the loss of pixels, plus that of their gradients at three scales."""

        def loss_of(step: int) -> tuple[Tensor, dict[str, float]]:
            source, target = self.batch(step)
            with torch.autocast(source.device.type, torch.bfloat16):
                found = network(source)
            flat = (found.float() - target).abs().mean()
            return flat + 0.5 * gradient_loss(found.float(), target), {"l1": flat.item()}

        return loss_of

    def batch(self, step: int) -> tuple[Tensor, Tensor]:
        """Returns crops, (B, 3, H, W) in 0 to 1, and their targets at four times the size."""
        settings = self._recipe.upscaler
        chance = np.random.default_rng([self._recipe.seed, step])
        pairs = [self._pair(chance, settings.side) for _ in range(settings.training.batch)]
        source, target = (np.stack(crops) for crops in zip(*pairs, strict=True))
        return _tensor(source), _tensor(target)

    def _pair(self, chance: np.random.Generator, side: int) -> tuple[Pixels, Pixels]:
        index = chance.integers(max(1, len(self._large) - HELD_OUT))
        top, left = chance.integers(0, SIDE - side + 1, 2).tolist()
        kind = chance.random()
        pictures = self._decoded if kind < _DECODED else self._small
        source = pictures[index, top : top + side, left : left + side]
        if kind > 1 - _SPOILED:
            source = _spoiled(source, chance)
        top, left, side = DETAIL * top, DETAIL * left, DETAIL * side
        target = self._large[index, top : top + side, left : left + side]
        return (source[:, ::-1], target[:, ::-1]) if chance.random() < 0.5 else (source, target)


def shrunk(picture: Pixels) -> Pixels:
    """Returns a large picture at a quarter of its width and height."""
    small = cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return cast(Pixels, small)


@torch.no_grad()
def decode(folder: Path, pictures: Pixels) -> Pixels:
    """Returns pictures encoded and decoded by the VAE in a folder, as the upscaler gets them."""
    loader: Any = AutoencoderKL  # untyped in diffusers 0.42
    vae = loader.from_pretrained(folder).to(device(), memory_format=torch.channels_last)
    found = []
    for picture in pictures:
        with torch.autocast(device().type, torch.bfloat16):
            latents = vae.encode(_tensor(picture[None]) * 2 - 1).latent_dist.mode()
            decoded = vae.decode(latents).sample
        found.append(_pixels(decoded.float() / 2 + 0.5))
    return np.concatenate(found)


@torch.no_grad()
def measure(network: Any, large: Pixels, small: Pixels) -> dict[str, float]:
    """Returns the PSNR of pictures upscaled by the network and by Lanczos, in dB."""
    found: dict[str, list[float]] = {"upscaler": [], "lanczos": []}
    for target, source in zip(large, small, strict=True):
        found["upscaler"].append(_psnr(_pixels(network(_tensor(source[None])))[0], target))
        found["lanczos"].append(_psnr(_lanczos(source), target))
    return {name: float(np.mean(values)) for name, values in found.items()}


def _lanczos(picture: Pixels) -> Pixels:
    side = DETAIL * SIDE
    return np.asarray(Image.fromarray(picture).resize((side, side), Image.Resampling.LANCZOS))


def _psnr(found: Pixels, target: Pixels) -> float:
    error = np.square(found.astype(np.float32) - target.astype(np.float32)).mean()
    return float(10 * np.log10(255**2 / error))


def _spoiled(source: Pixels, chance: np.random.Generator) -> Pixels:
    soft = cv2.GaussianBlur(source, (0, 0), chance.uniform(0.3, 0.7)).astype(np.float32)
    noisy = soft + chance.normal(0, chance.uniform(0, 4), source.shape)
    return cast(Pixels, np.clip(noisy, 0, 255).astype(np.uint8))


def _tensor(pixels: Pixels) -> Tensor:
    whole = torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2).float() / 255
    return whole.to(device(), memory_format=torch.channels_last)


def _pixels(tensor: Tensor) -> Pixels:
    scaled = (tensor.float().clamp(0, 1) * 255).round().permute(0, 2, 3, 1)
    return cast(Pixels, scaled.cpu().numpy().astype(np.uint8))


def _save(network: Any, file: Path) -> None:
    """Writes the weights in fp16, as they are shipped."""
    file.parent.mkdir(exist_ok=True)
    weights = {name: each.half().contiguous().cpu() for name, each in network.state_dict().items()}
    save_file(weights, file)
