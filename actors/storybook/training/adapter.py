"""The IP-Adapter: teaches the frozen UNet to draw the character of a reference picture.

It is trained with diffusers' own attention processors, so that what is learned is what
`load_ip_adapter` runs. Captions mostly do not say what the character looks like.
"""

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import UNet2DConditionModel
from diffusers.models.attention_processor import (
    IPAdapterAttnProcessor,
    IPAdapterAttnProcessor2_0,
)
from diffusers.models.embeddings import ImageProjection, MultiIPAdapterImageProjection
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from actors.storybook.training.cast import GROUP, has_company
from actors.storybook.training.couples import SEEN, load_couples
from actors.storybook.training.drawings import SIDE
from actors.storybook.training.encoder import clip_pixels, load_encoder
from actors.storybook.training.loop import Loss, Stretch, device, train
from actors.storybook.training.settings import Recipe
from actors.storybook.training.state import Trainee
from actors.storybook.training.text import load_towers, tokenize
from actors.storybook.training.tokenizer import load_tokenizer
from actors.storybook.training.unet import PlainAttention, new_scheduler

WEIGHTS = Path("ip_adapter") / "ip_adapter.safetensors"
"""Where the weights lie in a training's folder and in a checkpoint."""
TOKENS = 4
"""Tokens that a reference becomes: what `load_ip_adapter` takes a plain projection for."""
_EARLY, _STEPS = 860, 1000
_HELD_OUT = 16
_BOTH = 0.5
"""The share of silent captions whose reference is left out as well."""


def train_adapter(recipe: Recipe, stretch: Stretch) -> bool:
    """Trains the adapter's layers alone, and writes them in the layout of IP-Adapter."""
    torch.manual_seed(recipe.seed)
    loader: Any = UNet2DConditionModel  # untyped in diffusers 0.42
    unet = loader.from_pretrained(stretch.folder / "unet").requires_grad_(False)
    if device().type == "cpu":
        unet.set_attn_processor(PlainAttention())
    layers = add_adapter(unet, recipe.encoder.embedding)
    unet.to(device(), memory_format=torch.channels_last)
    trainee = Trainee(layers, recipe.adapter.training.rate, average=0.999)
    examples = _Examples(recipe, stretch.folder)
    finished = train("adapter", trainee, recipe.adapter.training, examples.loss(unet), stretch)
    trainee.use_average()
    stretch.log.write("adapter-held-out", **examples.held_out(unet))
    (stretch.folder / WEIGHTS.parent).mkdir(exist_ok=True)
    save_file(adapter_weights(unet), stretch.folder / WEIGHTS)
    return finished


def add_adapter(unet: Any, embedding: int) -> nn.ModuleList:
    """Gives a UNet an untrained adapter, and returns the layers of it; text's are their start."""
    projection = ImageProjection(embedding, unet.config.cross_attention_dim, TOKENS)
    # Both compute the same; the fused one takes longer to learn on a CPU.
    plain = device().type == "cpu"
    kind: Any = IPAdapterAttnProcessor if plain else IPAdapterAttnProcessor2_0
    processors: dict[str, Any] = {}
    for name, processor in unet.attn_processors.items():
        attention: Any = unet.get_submodule(name.removesuffix(".processor"))
        processors[name] = processor
        if name.endswith("attn2.processor"):
            width, told = attention.to_k.weight.shape
            adapted: Any = kind(width, told, num_tokens=[TOKENS])
            adapted.to_k_ip[0].load_state_dict(attention.to_k.state_dict())
            adapted.to_v_ip[0].load_state_dict(attention.to_v.state_dict())
            processors[name] = adapted
    unet.set_attn_processor(processors)
    unet.encoder_hid_proj = MultiIPAdapterImageProjection([projection])
    unet.register_to_config(encoder_hid_dim_type="ip_image_proj")
    return nn.ModuleList([projection, *_adapted(unet)]).requires_grad_(True)


def adapter_weights(unet: Any) -> dict[str, Tensor]:
    """Returns an adapter's weights by the names by which `load_ip_adapter` knows them."""
    projection = unet.encoder_hid_proj.image_projection_layers[0]
    weights = {
        "image_proj.proj.weight": projection.image_embeds.weight,
        "image_proj.proj.bias": projection.image_embeds.bias,
        "image_proj.norm.weight": projection.norm.weight,
        "image_proj.norm.bias": projection.norm.bias,
    }
    # It counts self-attentions as well: those have the even numbers.
    for index, processor in enumerate(_adapted(unet)):
        number = 2 * index + 1
        weights[f"ip_adapter.{number}.to_k_ip.weight"] = processor.to_k_ip[0].weight
        weights[f"ip_adapter.{number}.to_v_ip.weight"] = processor.to_v_ip[0].weight
    return {name: each.detach().half().contiguous().cpu() for name, each in weights.items()}


def _adapted(unet: Any) -> list[Any]:
    # `set_attn_processor` empties the dictionary that it is given, so they are asked for anew.
    return [each for each in unet.attn_processors.values() if isinstance(each, nn.Module)]


def halves() -> Tensor:
    """Returns the regions of two characters, (1, 2, 256, 256): the left half, the right half."""
    masks = torch.zeros(1, 2, SIDE, SIDE)
    masks[:, 0, :, : SIDE // 2] = 1
    masks[:, 1, :, SIDE // 2 :] = 1
    return masks


class _Examples:
    """Makes the batches: references, the same characters elsewhere, and what captions say."""

    def __init__(self, recipe: Recipe, folder: Path) -> None:
        self._recipe = recipe
        self._couples = load_couples(folder)
        self._encoder = load_encoder(folder).to(device())
        self._towers = load_towers(recipe, folder).to(device())
        self._silence = tokenize(load_tokenizer(folder / "tokenizer"), [""])
        kept = new_scheduler().alphas_cumprod.to(device())
        self._signal, self._noise = kept.sqrt(), (1 - kept).sqrt()
        count = len(self._couples.pictures) - GROUP  # the last ones have no partner
        self._known = count - min(_HELD_OUT, count // 4)
        self._duos = recipe.adapter.duos if has_company(recipe.unet.domain) else 0.0

    def loss(self, unet: Any) -> Loss:
        """Returns the mean square error of v."""
        settings = self._recipe.adapter

        def loss_of(step: int) -> tuple[Tensor, dict[str, float]]:
            chance = np.random.default_rng([self._recipe.seed, step, 13])
            count = settings.training.batch
            rows = np.sort(chance.integers(0, self._known, count))
            times = chance.integers(0, _STEPS, count)
            early = chance.random(count) < self._recipe.unet.early
            times = np.where(early, chance.integers(_EARLY, _STEPS, count), times)
            dropped = torch.from_numpy(chance.random(count) < settings.dropout)
            silent = torch.from_numpy(chance.random(count) < self._recipe.unet.dropout)
            # Guidance compares with pictures of which neither caption nor reference says anything.
            dropped |= silent & torch.from_numpy(chance.random(count) < _BOTH)
            duo = bool(chance.random() < self._duos)
            said = (chance.random(count) >= settings.brief).astype(np.int64)
            batch = self._duo(rows, said) if duo else self._single(rows, said, chance)
            errors = self._errors(unet, *batch, times, dropped, silent, int(chance.integers(2**62)))
            return errors.mean(), {}

        return loss_of

    @torch.no_grad()
    def held_out(self, unet: Any) -> dict[str, float]:
        """Returns the loss on characters that are not trained on, with and without references."""
        rows = np.arange(self._known, len(self._couples.pictures) - GROUP)
        times = np.linspace(40, _STEPS - 1, len(rows)).astype(np.int64)
        said, none = np.zeros(len(rows), np.int64), torch.zeros(len(rows), dtype=torch.bool)
        found = {}
        for name, dropped in {"with": none, "without": ~none}.items():
            batch = self._single(rows, said, np.random.default_rng(0))
            found[name] = self._errors(unet, *batch, times, dropped, none, 0).mean().item()
        return found

    def _single(self, rows: Any, said: Any, chance: np.random.Generator) -> tuple[Any, Any, Any]:
        one = chance.integers(0, 2, len(rows))
        pictures = self._couples.pictures[rows, one][:, None]
        other = 1 - one
        return pictures, self._couples.latents[rows, other], self._couples.tokens[rows, other, said]

    def _duo(self, rows: Any, said: Any) -> tuple[Any, Any, Any]:
        pictures = [self._couples.pictures[which, 0] for which in (rows, rows + GROUP)]
        return (
            np.stack(pictures, axis=1),
            self._couples.duo_latents[rows],
            self._couples.duo_tokens[rows, said],
        )

    def _errors(
        self,
        unet: Any,
        pictures: Any,
        latents: Any,
        tokens: Any,
        times: Any,
        dropped: Tensor,
        silent: Tensor,
        seed: int,
    ) -> Tensor:
        where = device()
        clean = torch.from_numpy(latents.astype(np.float32)).to(where)
        own = torch.Generator(where).manual_seed(seed)
        noise = torch.randn(clean.shape, generator=own, device=where)
        steps = torch.from_numpy(times).to(where)
        signal, spread = (part[steps][:, None, None, None] for part in (self._signal, self._noise))
        noisy = (signal * clean + spread * noise).contiguous(memory_format=torch.channels_last)
        target = signal * noise - spread * clean
        count, images = pictures.shape[:2]
        said = torch.from_numpy(tokens.astype(np.int64))
        said[silent] = self._silence
        regions = {"ip_adapter_masks": [halves().to(where)]} if images > 1 else None
        # On a CPU torch 2.14's fused attention takes longer to learn than its plain products.
        plain = sdpa_kernel(SDPBackend.MATH) if where.type == "cpu" else nullcontext()
        with torch.autocast(where.type, torch.bfloat16), plain:
            states, pool, embeds = self._told(said.to(where), silent.to(where), pictures)
            embeds = embeds * (~dropped.to(where))[:, None, None]
            sizes = torch.tensor([[SIDE, SIDE, 0, 0, SIDE, SIDE]], device=where).float()
            added = {
                "text_embeds": pool,
                "time_ids": sizes.expand(count, -1),
                "image_embeds": [embeds],
            }
            found = unet(
                noisy, steps, states, added_cond_kwargs=added, cross_attention_kwargs=regions
            ).sample
        errors: Tensor = (found.float() - target).square().mean((1, 2, 3))
        return errors

    @torch.no_grad()
    def _told(self, tokens: Tensor, silent: Tensor, pictures: Any) -> tuple[Tensor, Tensor, Tensor]:
        """Returns captions' states and pools, zeros where silent, and references' embeddings."""
        states, pool = self._towers(tokens)
        spoken = (~silent).float()
        pixels = clip_pixels(pictures.reshape(-1, SEEN, SEEN, 3)).to(device())
        embeds = self._encoder(pixels).image_embeds.float()
        return (
            states.float() * spoken[:, None, None],
            pool.float() * spoken[:, None],
            embeds.reshape(*pictures.shape[:2], -1),
        )
