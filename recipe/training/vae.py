"""The VAE: a decoder trained on a linear map's latents, and an encoder trained on that map.

A VAE trained as a whole stayed colourless for minutes; in this order both parts learn from the
start.
"""

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL
from numpy.typing import NDArray
from torch import Tensor, nn

from recipe.training.drawings import PROJECTION, load_pictures
from recipe.training.loop import Loss, Stretch, device, train
from recipe.training.projection import Projection
from recipe.training.settings import CHANNELS, FACTOR, Optimisation, Recipe, VaeSettings
from recipe.training.state import Trainee

_HELD_OUT = 16
_NOISE = 0.15
"""The most noise on latents while the decoder trains: the UNet's are not perfect."""
_CERTAIN = -12.0
"""The logarithm of the encoder's variance, which makes it practically deterministic."""


def new_vae(settings: VaeSettings) -> Any:
    """Returns an untrained VAE."""
    blocks = len(settings.channels)
    network: Any = AutoencoderKL  # untyped in diffusers 0.42
    return network(
        block_out_channels=settings.channels,
        down_block_types=("DownEncoderBlock2D",) * blocks,
        up_block_types=("UpDecoderBlock2D",) * blocks,
        latent_channels=CHANNELS,
        layers_per_block=1,
        norm_num_groups=4,
        mid_block_add_attention=False,
        sample_size=256,
        force_upcast=False,
        scaling_factor=1.0,
    )


def train_vae(recipe: Recipe, stretch: Stretch) -> bool:
    """Trains the decoder on the projection's latents, then the encoder, and measures both."""
    pictures = load_pictures(stretch.folder)
    projection = Projection.load(stretch.folder / PROJECTION)
    torch.manual_seed(recipe.seed)
    vae = new_vae(recipe.vae).to(device(), memory_format=torch.channels_last)
    batches = _Crops(recipe, pictures, projection)

    def save() -> None:
        vae.save_pretrained(stretch.folder / "vae")
        stretch.log.write("vae-psnr", **_psnr(vae, pictures, projection))

    finished = False
    decoder = nn.ModuleList([vae.decoder, vae.post_quant_conv])
    trainee = Trainee(decoder, recipe.vae.decoder.rate)
    if train("decoder", trainee, recipe.vae.decoder, batches.decoder_loss(vae), stretch, save):
        encoder = nn.ModuleList([vae.encoder, vae.quant_conv])
        trainee = Trainee(encoder, recipe.vae.encoder.rate)
        loss = batches.encoder_loss(vae)
        finished = train("encoder", trainee, recipe.vae.encoder, loss, stretch)
        with torch.no_grad():
            vae.quant_conv.weight[CHANNELS:] = 0
            vae.quant_conv.bias[CHANNELS:] = _CERTAIN
    save()
    return finished


class _Crops:
    """Cuts batches out of pictures: small crops first, whole pictures last."""

    def __init__(self, recipe: Recipe, pictures: NDArray[np.uint8], projection: Projection) -> None:
        self._recipe = recipe
        self._pictures = pictures
        self._projection = projection

    def decoder_loss(self, vae: Any) -> Loss:
        """Returns the decoder's loss of pixels, plus that of their gradients at three scales."""

        def loss_of(step: int) -> tuple[Tensor, dict[str, float]]:
            pixels, latents = self._batch("decoder", self._recipe.vae.decoder, step)
            spread = torch.rand(len(latents), 1, 1, 1, device=latents.device) * _NOISE
            noisy = latents + torch.randn_like(latents) * spread
            with torch.autocast(pixels.device.type, torch.bfloat16):
                drawn = vae.decoder(vae.post_quant_conv(noisy))
            drawn = drawn.float()
            flat = (drawn - pixels).abs().mean()
            return flat + 0.5 * gradient_loss(drawn, pixels), {"l1": flat.item()}

        return loss_of

    def encoder_loss(self, vae: Any) -> Loss:
        """Returns the encoder's loss: its distance from the projection."""

        def loss_of(step: int) -> tuple[Tensor, dict[str, float]]:
            pixels, latents = self._batch("encoder", self._recipe.vae.encoder, step)
            with torch.autocast(pixels.device.type, torch.bfloat16):
                found = vae.quant_conv(vae.encoder(pixels))[:, :CHANNELS]
            return F.smooth_l1_loss(found.float(), latents), {}

        return loss_of

    def _batch(self, part: str, training: Optimisation, step: int) -> tuple[Tensor, Tensor]:
        chance = np.random.default_rng([self._recipe.seed, len(part), step, part == "encoder"])
        done = step / training.steps
        side = [each for begins, each in self._recipe.vae.crops if begins <= done][-1]
        # Large crops cost more: a batch has the pixels of one of the smallest crops, or two crops.
        smallest = self._recipe.vae.crops[0][1]
        count = max(2, training.batch * smallest * smallest // (side * side))
        crops = [self._crop(chance, side) for _ in range(count)]
        stacked = np.stack(crops)
        pixels = torch.from_numpy(stacked).permute(0, 3, 1, 2).float() / 127.5 - 1
        latents = torch.from_numpy(self._projection.latents(stacked))
        where = device()
        return pixels.to(where, memory_format=torch.channels_last), latents.to(where)

    def _crop(self, chance: np.random.Generator, side: int) -> NDArray[np.uint8]:
        picture = self._pictures[chance.integers(len(self._pictures) - _HELD_OUT)]
        room = (picture.shape[0] - side) // FACTOR
        # Crops lie on the grid of the patches that latents are made from.
        top, left = (chance.integers(0, room + 1, 2) * FACTOR).tolist()
        return np.asarray(picture[top : top + side, left : left + side])


def gradient_loss(drawn: Tensor, pixels: Tensor) -> Tensor:
    """Returns the error of the differences between neighbours, at three scales."""
    loss = torch.zeros((), device=drawn.device)
    for _ in range(3):
        for axis in (2, 3):
            loss = loss + (drawn.diff(dim=axis) - pixels.diff(dim=axis)).abs().mean()
        drawn, pixels = F.avg_pool2d(drawn, 2), F.avg_pool2d(pixels, 2)
    return loss


@torch.no_grad()
def _psnr(vae: Any, pictures: NDArray[np.uint8], projection: Projection) -> dict[str, float]:
    """Returns the PSNR of held-out pictures in dB, from the map's and the encoder's latents."""
    held = np.array(pictures[-_HELD_OUT:])
    pixels = torch.from_numpy(held).permute(0, 3, 1, 2).float().to(device()) / 127.5 - 1
    mapped = torch.from_numpy(projection.latents(held)).to(device())
    found = {"decoder": mapped, "both": vae.encode(pixels).latent_dist.mode()}
    errors = {
        name: (vae.decode(latents).sample.clamp(-1, 1) - pixels).square().mean((1, 2, 3))
        for name, latents in found.items()
    }
    return {name: (10 * (4 / error).log10()).mean().item() for name, error in errors.items()}
