"""The IP-Adapter: teaches the frozen UNet to draw the character of a reference picture.

It is of the kind that IP-Adapter calls full (arXiv 2308.06721, its `full-face` weights): each
patch of the reference becomes a token, so that the UNet finds the hair's colour where hair is.
An earlier version with four tokens of the whole picture ended a sixth further from the teacher
after twice the steps.

It is trained with diffusers' own attention processors, the ones that `load_ip_adapter` runs. Its
teacher is the UNet itself, with a caption that fully describes a character: with the reference
and a brief caption, the adapted UNet must predict the same (knowledge distillation, arXiv
1503.02531). The unpredictable noise of a picture cancels out, so that a tenth of the steps is
enough.
"""

from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import UNet2DConditionModel
from diffusers.models.attention_processor import (
    IPAdapterAttnProcessor,
    IPAdapterAttnProcessor2_0,
)
from diffusers.models.embeddings import (
    IPAdapterFullImageProjection,
    MultiIPAdapterImageProjection,
)
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from recipe.training.cast import GROUP, has_company, partner
from recipe.training.couples import SEEN, load_couples
from recipe.training.drawings import SIDE
from recipe.training.encoder import clip_pixels, load_encoder, patches
from recipe.training.loop import Loss, Stretch, device, train
from recipe.training.settings import Recipe
from recipe.training.state import Trainee
from recipe.training.text import load_towers
from recipe.training.unet import PlainAttention, new_scheduler

WEIGHTS = Path("ip_adapter") / "ip_adapter.safetensors"
"""The path of the weights in a training's folder and in a checkpoint."""
_EARLY, _STEPS = 860, 1000
_HELD_OUT = 16


def train_adapter(recipe: Recipe, stretch: Stretch) -> bool:
    """Trains only the adapter's layers, and writes them in the layout of IP-Adapter."""
    torch.manual_seed(recipe.seed)
    teacher, unet = _frozen(stretch.folder), _frozen(stretch.folder)
    layers = add_adapter(unet, recipe.encoder.width).to(device())
    trainee = Trainee(layers, recipe.adapter.training.rate, average=0.998)
    networks = (teacher, unet)
    if recipe.unet.compiled:
        networks = (torch.compile(teacher), torch.compile(unet))
    examples = _Examples(recipe, stretch.folder, networks[0])
    loss = examples.loss(networks[1])
    finished = train("adapter", trainee, recipe.adapter.training, loss, stretch)
    trainee.use_average()
    stretch.log.write("adapter-held-out", **examples.held_out(unet))
    (stretch.folder / WEIGHTS.parent).mkdir(exist_ok=True)
    save_file(adapter_weights(unet), stretch.folder / WEIGHTS)
    return finished


def _frozen(folder: Path) -> Any:
    loader: Any = UNet2DConditionModel  # untyped in diffusers 0.42
    unet = loader.from_pretrained(folder / "unet").requires_grad_(False)
    if device().type == "cpu":
        unet.set_attn_processor(PlainAttention())
    return unet.to(device(), memory_format=torch.channels_last)


def add_adapter(unet: Any, width: int) -> nn.ModuleList:
    """Gives a UNet an untrained adapter; returns its layers, which start as the text layers.

    `width` is the width of the image encoder's patches.
    """
    projection: Any = IPAdapterFullImageProjection(width, unet.config.cross_attention_dim)
    # Both compute the same; the fused one takes longer to train on a CPU.
    plain = device().type == "cpu"
    kind: Any = IPAdapterAttnProcessor if plain else IPAdapterAttnProcessor2_0
    processors: dict[str, Any] = {}
    for name, processor in unet.attn_processors.items():
        attention: Any = unet.get_submodule(name.removesuffix(".processor"))
        processors[name] = processor
        if name.endswith("attn2.processor"):
            inner, told = attention.to_k.weight.shape
            adapted: Any = kind(inner, told)
            adapted.to_k_ip[0].load_state_dict(attention.to_k.state_dict())
            adapted.to_v_ip[0].load_state_dict(attention.to_v.state_dict())
            processors[name] = adapted
    unet.set_attn_processor(processors)
    unet.encoder_hid_proj = MultiIPAdapterImageProjection([projection])
    unet.register_to_config(encoder_hid_dim_type="ip_image_proj")
    return nn.ModuleList([projection, *_adapted(unet)]).requires_grad_(True)


def adapter_weights(unet: Any) -> dict[str, Tensor]:
    """Returns an adapter's weights by the names that `load_ip_adapter` expects."""
    projection = unet.encoder_hid_proj.image_projection_layers[0]
    parts = {"0": projection.ff.net[0].proj, "2": projection.ff.net[2], "3": projection.norm}
    weights = {
        f"image_proj.proj.{number}.{name}": weight
        for number, part in parts.items()
        for name, weight in part.named_parameters()
    }
    # It also counts self-attentions, which have the even numbers.
    for index, processor in enumerate(_adapted(unet)):
        number = 2 * index + 1
        weights[f"ip_adapter.{number}.to_k_ip.weight"] = processor.to_k_ip[0].weight
        weights[f"ip_adapter.{number}.to_v_ip.weight"] = processor.to_v_ip[0].weight
    return {name: each.detach().half().contiguous().cpu() for name, each in weights.items()}


def _adapted(unet: Any) -> list[Any]:
    # `set_attn_processor` empties the dictionary that it is given, so they are read again.
    return [each for each in unet.attn_processors.values() if isinstance(each, nn.Module)]


def halves() -> Tensor:
    """Returns the regions of two characters, (1, 2, 256, 256): the left half, the right half."""
    masks = torch.zeros(1, 2, SIDE, SIDE)
    masks[:, 0, :, : SIDE // 2] = 1
    masks[:, 1, :, SIDE // 2 :] = 1
    return masks


@dataclass(frozen=True, slots=True)
class _Batch:
    """One batch: clean latents, references and captions, and which of them are left out.

    `tokens` are brief and full captions, (B, 2, 77); `said` tells which one the adapter's UNet
    reads. A silent example has neither caption nor reference, which guidance needs.
    """

    latents: NDArray[np.float16]
    pictures: NDArray[np.uint8]
    tokens: NDArray[np.uint16]
    said: NDArray[np.int64]
    dropped: NDArray[np.bool_]
    silent: NDArray[np.bool_]


class _Examples:
    """Makes the batches: references, the same characters elsewhere, and their captions."""

    def __init__(self, recipe: Recipe, folder: Path, teacher: Any) -> None:
        self._recipe = recipe
        self._teacher = teacher
        self._couples = load_couples(folder)
        self._encoder = load_encoder(folder).to(device())
        # The input that diffusers' pipelines give the encoder without a reference.
        self._nothing = patches(self._encoder, torch.zeros(1, 3, SEEN, SEEN, device=device()))
        self._towers = load_towers(recipe, folder).to(device())
        kept = new_scheduler().alphas_cumprod.to(device())
        self._signal, self._noise = kept.sqrt(), (1 - kept).sqrt()
        count = len(self._couples.pictures)
        pairs = 2 * GROUP  # a character and its partner are both trained on, or neither
        self._known = count - min(_HELD_OUT, max(pairs, count // 4 // pairs * pairs))
        self._duos = recipe.adapter.duos if has_company(recipe.unet.domain) else 0.0

    def loss(self, unet: Any) -> Loss:
        """Returns the mean square distance from the teacher's v."""
        settings = self._recipe.adapter

        def loss_of(step: int) -> tuple[Tensor, dict[str, float]]:
            chance = np.random.default_rng([self._recipe.seed, step, 13])
            count = settings.training.batch
            rows = np.sort(chance.integers(0, self._known, count))
            times = chance.integers(0, _STEPS, count)
            early = chance.random(count) < settings.early
            times = np.where(early, chance.integers(_EARLY, _STEPS, count), times)
            silent = chance.random(count) < self._recipe.unet.dropout
            dropped = silent | (chance.random(count) < settings.dropout)
            said = (chance.random(count) >= settings.brief).astype(np.int64)
            duo = bool(chance.random() < self._duos)
            batch = self._batch(rows, said, dropped, silent, duo)
            errors = self._errors(unet, batch, times, int(chance.integers(2**62)), chance)
            return errors.mean(), {"duo": float(duo)}

        return loss_of

    @torch.no_grad()
    def held_out(self, unet: Any) -> dict[str, float]:
        """Returns the loss on characters that are not trained on, with and without references."""
        rows = np.arange(self._known, len(self._couples.pictures))
        times = np.linspace(40, _STEPS - 1, len(rows)).astype(np.int64)
        said, none = np.zeros(len(rows), np.int64), np.zeros(len(rows), np.bool_)
        found = {}
        for duo in (False, True) if self._duos else (False,):
            for name, dropped in {"with": none, "without": ~none}.items():
                batch = self._batch(rows, said, dropped, none, duo)
                # Even without its reference, a character must look as its caption says.
                errors = self._errors(unet, batch, times, 0, whole=True)
                found[f"{name}-duo" if duo else name] = errors.mean().item()
        return found

    def _batch(self, rows: Any, said: Any, dropped: Any, silent: Any, duo: bool) -> _Batch:
        known = self._couples
        shown = [rows, partner(rows)] if duo else [rows]
        pictures = np.stack([known.pictures[which] for which in shown], axis=1)
        latents, tokens = (
            (known.duo_latents, known.duo_tokens) if duo else (known.latents, known.tokens)
        )
        return _Batch(latents[rows], pictures, tokens[rows], said, dropped, silent)

    def _errors(
        self,
        unet: Any,
        batch: _Batch,
        times: NDArray[np.int64],
        seed: int,
        chance: np.random.Generator | None = None,
        whole: bool = False,
    ) -> Tensor:
        """Returns each example's distance from the teacher, which reads full captions.

        For an example without a reference the teacher reads the caption of the adapter's UNet,
        unless `whole`: without a reference the adapter must change nothing.
        """
        where = device()
        clean = torch.from_numpy(batch.latents.astype(np.float32)).to(where)
        own = torch.Generator(where).manual_seed(seed)
        noise = torch.randn(clean.shape, generator=own, device=where)
        steps = torch.from_numpy(times).to(where)
        signal, spread = (part[steps][:, None, None, None] for part in (self._signal, self._noise))
        noisy = (signal * clean + spread * noise).contiguous(memory_format=torch.channels_last)
        images = batch.pictures.shape[1]
        regions = {"ip_adapter_masks": [halves().to(where)]} if images > 1 else None
        every = np.arange(len(times))
        full = np.where(batch.dropped & (not whole), batch.said, 1)
        # On a CPU torch 2.14's fused attention takes longer to train than plain products.
        plain = sdpa_kernel(SDPBackend.MATH) if where.type == "cpu" else nullcontext()
        with torch.autocast(where.type, torch.bfloat16):
            with torch.no_grad():
                states, added = self._told(batch.tokens[every, full], batch.silent)
                target = self._teacher(noisy, steps, states, added_cond_kwargs=added).sample
                embeds = self._embeds(batch.pictures, chance)
                embeds[torch.from_numpy(batch.dropped)] = self._nothing
                states, added = self._told(batch.tokens[every, batch.said], batch.silent)
            added["image_embeds"] = [embeds]
            with plain:
                found = unet(
                    noisy, steps, states, added_cond_kwargs=added, cross_attention_kwargs=regions
                ).sample
        errors: Tensor = (found.float() - target.float()).square().mean((1, 2, 3))
        return errors

    def _told(
        self, tokens: NDArray[np.uint16], silent: NDArray[np.bool_]
    ) -> tuple[Tensor, dict[str, Any]]:
        """Returns captions' states, and their pools with the sizes; zeros for silent examples."""
        where = device()
        states, pool = self._towers(torch.from_numpy(tokens.astype(np.int64)).to(where))
        spoken = torch.from_numpy(~silent).to(where, torch.float32)
        sizes = torch.tensor([[SIDE, SIDE, 0, 0, SIDE, SIDE]], device=where).float()
        added = {
            "text_embeds": pool.float() * spoken[:, None],
            "time_ids": sizes.expand(len(tokens), -1),
        }
        return states.float() * spoken[:, None, None], added

    def _embeds(self, pictures: NDArray[np.uint8], chance: np.random.Generator | None) -> Tensor:
        """Returns references' patches, (B, images, 65, D); spoiled with a `chance`."""
        pixels = clip_pixels(pictures.reshape(-1, SEEN, SEEN, 3), chance).to(device())
        embeds = patches(self._encoder, pixels)
        return embeds.reshape(*pictures.shape[:2], *embeds.shape[1:])
