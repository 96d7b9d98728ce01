"""The UNet: SDXL's architecture, small, trained to predict v from latents and captions."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from diffusers import DDIMScheduler, UNet2DConditionModel
from numpy.typing import NDArray
from torch import Tensor
from torch.multiprocessing.spawn import spawn

from recipe.training.drawings import SIDE, Latents, load_latents
from recipe.training.loop import Loss, Stretch, device, train
from recipe.training.settings import CHANNELS, FACTOR, Recipe
from recipe.training.state import Trainee
from recipe.training.states import States, keep_states, load_states
from recipe.training.text import Towers, load_towers

_HELD_OUT = 16
_STEPS = 1000
_EARLY = 860
Measure = Callable[[Tensor, NDArray[np.int64]], Tensor]
"""Measures the errors of v, (B, 32, 16, 16), of the pictures in some rows, (B)."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """The frozen UNet that a training begins with, and what it costs to depart from its v."""

    network: Any
    measure: Measure


def new_unet(recipe: Recipe) -> Any:
    """Returns an untrained UNet, conditioned like SDXL's: captions, their pool, sizes and crops."""
    low, high = recipe.unet.channels
    width = recipe.text.width
    times = 16
    network: Any = UNet2DConditionModel  # untyped in diffusers 0.42
    return network(
        sample_size=SIDE // FACTOR,
        in_channels=CHANNELS,
        out_channels=CHANNELS,
        block_out_channels=(low, high),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        layers_per_block=1,
        transformer_layers_per_block=1,
        attention_head_dim=(max(1, low // 32), max(1, high // 32)),
        norm_num_groups=16,
        cross_attention_dim=2 * width,
        use_linear_projection=True,
        resnet_time_scale_shift="scale_shift",
        addition_embed_type="text_time",
        addition_time_embed_dim=times,
        projection_class_embeddings_input_dim=width + 6 * times,
    )


def new_scheduler() -> Any:
    """Returns the scheduler: v-prediction, with zero terminal SNR."""
    scheduler: Any = DDIMScheduler  # untyped in diffusers 0.42
    return scheduler(
        num_train_timesteps=_STEPS,
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        prediction_type="v_prediction",
        rescale_betas_zero_snr=True,
        timestep_spacing="trailing",
        clip_sample=False,
        set_alpha_to_one=True,
        steps_offset=1,
    )


def train_unet(recipe: Recipe, stretch: Stretch) -> bool:
    """Trains the UNet: on the GPU if there is one, else in processes of one thread each."""
    count = recipe.unet.processes
    if recipe.unet.kept:
        towers = load_towers(recipe, stretch.folder).to(device())
        data = load_latents(stretch.folder)
        keep_states(stretch.folder, towers, data, recipe.text.width, stretch.log)
    if device().type == "cuda" or count == 1:
        return _train(0, recipe, stretch)
    with TemporaryDirectory() as folder:
        meeting = f"file://{folder}/meeting"
        start: Any = spawn  # untyped in torch 2.14
        start(_join, (recipe, stretch, meeting), nprocs=count)
    return (stretch.folder / "unet" / "config.json").is_file()


def _join(rank: int, recipe: Recipe, stretch: Stretch, meeting: str) -> None:
    torch.set_num_threads(1)
    world = recipe.unet.processes
    dist.init_process_group("gloo", rank=rank, world_size=world, init_method=meeting)
    own = Stretch(
        stretch.folder,
        stretch.log,
        stretch.limit_s,
        stretch.save_every_s,
        stretch.log_every,
        rank,
    )
    try:
        _train(rank, recipe, own)
    finally:
        dist.destroy_process_group()


def _train(rank: int, recipe: Recipe, stretch: Stretch) -> bool:
    torch.manual_seed(recipe.seed)
    unet = new_unet(recipe).to(device(), memory_format=torch.channels_last)
    if device().type == "cpu":
        unet.set_attn_processor(PlainAttention())
    trainee = Trainee(unet, recipe.unet.training.rate, recipe.unet.average)
    examples = Examples(recipe, stretch.folder, stretch.folder, rank)
    network: Any = torch.compile(unet) if recipe.unet.compiled else unet
    finished = train("unet", trainee, recipe.unet.training, examples.loss(network), stretch)
    if rank == 0:
        trainee.use_average()
        stretch.log.write("unet-held-out", loss=examples.held_out(unet))
        unet.save_pretrained(stretch.folder / "unet")
    return finished


class PlainAttention:
    """Attention as two products: torch 2.14's fused one takes three times as long to train on a
    CPU with pictures of 64 tokens. The result is the same.
    """

    def __call__(
        self,
        attn: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        **_: object,
    ) -> Tensor:
        """Returns the result of diffusers' own processor for a transformer block."""
        context = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        query, key, value = (
            part.view(len(part), -1, attn.heads, part.shape[-1] // attn.heads).transpose(1, 2)
            for part in (attn.to_q(hidden_states), attn.to_k(context), attn.to_v(context))
        )
        weights = (query @ key.mT * attn.scale).softmax(dim=-1)
        found = (weights @ value).transpose(1, 2).reshape(hidden_states.shape)
        said: Tensor = attn.to_out[0](found)
        return said


def square_error(wrong: Tensor, rows: NDArray[np.int64]) -> Tensor:
    """Returns the mean square errors of v, wherever they are in the picture."""
    return wrong.square().mean((1, 2, 3))


class Examples:
    """Makes the UNet's batches: noisy latents, timesteps and captions.

    Their drawings are in the folder `drawn`, the text encoders in the training's folder.
    """

    def __init__(
        self,
        recipe: Recipe,
        folder: Path,
        drawn: Path,
        rank: int = 0,
        measure: Measure = square_error,
        kept_back: int = _HELD_OUT,
        anchor: Anchor | None = None,
    ) -> None:
        self._recipe = recipe
        self._rank = rank
        self._measure = measure
        self._anchor = anchor
        self._kept_back = kept_back
        self._data: Latents = load_latents(drawn)
        self._towers: Towers = load_towers(recipe, folder).to(device())
        self._said: States | None = None
        if recipe.unet.kept:
            self._said = load_states(drawn)
            # Pictures drawn meanwhile have no stored captions yet.
            self._data = self._data.first(len(self._said.states))
        kept = new_scheduler().alphas_cumprod.to(device())
        self._signal, self._noise = kept.sqrt(), (1 - kept).sqrt()

    def loss(self, network: Any) -> Loss:
        """Returns the mean of the measured errors of v, and of what departures cost."""
        settings, known = self._recipe.unet, len(self._data.latents) - self._kept_back

        def loss_of(step: int) -> tuple[Tensor, dict[str, float]]:
            seed = [self._recipe.seed, self._rank, step]
            chance = np.random.default_rng(seed)
            # The rows of a step lie together on disk, so they are taken in order.
            rows = np.sort(chance.integers(0, known, settings.training.batch))
            phrasing = chance.integers(0, self._data.tokens.shape[1], len(rows))
            silent = torch.from_numpy(chance.random(len(rows)) < settings.dropout)
            generator = torch.Generator().manual_seed(int(chance.integers(2**62)))
            early = torch.rand(len(rows), generator=generator) < settings.early
            late = torch.randint(0, _STEPS, (len(rows),), generator=generator)
            noisiest = torch.randint(_EARLY, _STEPS, (len(rows),), generator=generator)
            times = torch.where(early, noisiest, late)
            errors = self._errors(network, rows, phrasing, silent, times, generator)
            return errors.mean(), {}

        return loss_of

    @torch.no_grad()
    def held_out(self, network: Any, first: int = 40, last: int = _STEPS - 1) -> float:
        """Returns the loss on held-out pictures, at fixed times and noise."""
        count = len(self._data.latents)
        rows = np.arange(count - self._kept_back, count)
        generator = torch.Generator().manual_seed(0)
        times = torch.linspace(first, last, len(rows)).long()
        silent = torch.zeros(len(rows), dtype=torch.bool)
        errors = self._errors(network, rows, np.zeros_like(rows), silent, times, generator)
        return float(errors.mean())

    def _errors(
        self,
        network: Any,
        rows: NDArray[np.int64],
        phrasing: NDArray[np.int64],
        silent: Tensor,
        times: Tensor,
        generator: torch.Generator,
    ) -> Tensor:
        where = device()
        clean = torch.from_numpy(self._data.latents[rows]).float().to(where)
        seed = int(torch.randint(2**62, (), generator=generator))
        own = torch.Generator(where).manual_seed(seed)
        noise = torch.randn(clean.shape, generator=own, device=where)
        times = times.to(where)
        signal, spread = (part[times][:, None, None, None] for part in (self._signal, self._noise))
        noisy = (signal * clean + spread * noise).contiguous(memory_format=torch.channels_last)
        target = signal * noise - spread * clean
        with torch.autocast(where.type, torch.bfloat16):
            states, pool = self._say(rows, phrasing, silent)
            sizes = torch.tensor([[SIDE, SIDE, 0, 0, SIDE, SIDE]], device=where).float()
            added = {"text_embeds": pool, "time_ids": sizes.expand(len(rows), -1)}
            found = network(noisy, times, states, added_cond_kwargs=added).sample
            if self._anchor is None:
                return self._measure(found.float() - target, rows)
            with torch.no_grad():
                before = self._anchor.network(noisy, times, states, added_cond_kwargs=added).sample
        departed = self._anchor.measure(found.float() - before.float(), rows)
        return self._measure(found.float() - target, rows) + departed

    @torch.no_grad()
    def _say(
        self, rows: NDArray[np.int64], phrasing: NDArray[np.int64], silent: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Returns the captions' states and pools; zeros for silent examples, as in SDXL."""
        where = device()
        if self._said is None:
            tokens = torch.from_numpy(self._data.tokens[rows, phrasing].astype(np.int64))
            states, pool = self._towers(tokens.to(where))
        else:
            states = torch.from_numpy(self._said.states[rows]).to(where)
            pool = torch.from_numpy(self._said.pools[rows]).to(where)
        spoken = (~silent).to(where, torch.float32)
        return states.float() * spoken[:, None, None], pool.float() * spoken[:, None]
