"""The image encoder: its embedding of a reference must hold the character's whole identity."""

import math
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import CLIPImageProcessor, CLIPVisionConfig, CLIPVisionModelWithProjection

from recipe.evaluation.audit import character_classes
from recipe.illustrator import Character
from recipe.training.audit import spoil
from recipe.training.cast import GROUP, IDENTITY
from recipe.training.couples import SEEN, couple_character, draw_couples, load_couples
from recipe.training.labels import IGNORED
from recipe.training.loop import Loss, Stretch, device, train
from recipe.training.settings import EncoderSettings, Recipe
from recipe.training.state import Trainee

ENCODER = "image_encoder"
_HELD_OUT = 64
"""The most held-out characters."""


class Likeness(nn.Module):
    """An encoder in training, with a head for each attribute of identity."""

    def __init__(self, encoder: nn.Module, width: int) -> None:
        super().__init__()
        self.encoder = encoder
        classes = character_classes()
        self.heads = nn.ModuleDict(
            {name: nn.Linear(width, len(classes[name])) for name in IDENTITY}
        )

    def forward(self, pixels: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Returns embeddings, (B, D), and the logits of the attributes of identity."""
        embeds: Tensor = self.encoder(pixels).image_embeds.float()
        return embeds, {name: head(embeds) for name, head in self.heads.items()}


def new_encoder(settings: EncoderSettings) -> CLIPVisionModelWithProjection:
    """Returns an untrained image encoder."""
    encoder = CLIPVisionModelWithProjection(
        CLIPVisionConfig(
            hidden_size=settings.width,
            intermediate_size=3 * settings.width,
            num_hidden_layers=settings.layers,
            num_attention_heads=max(1, settings.width // 32),
            image_size=SEEN,
            patch_size=16,
            projection_dim=settings.embedding,
            hidden_act="gelu",
        )
    )
    _place_patches(encoder)
    return encoder


@torch.no_grad()
def _place_patches(encoder: Any) -> None:
    """Starts position embeddings as sines and cosines, like `Better plain ViT baselines`.

    (arXiv 2205.01580) With random ones a small encoder takes several times as long to learn that
    a colour above the eyes is the hair's, and one below the chin the clothes'.
    """
    places = encoder.vision_model.embeddings.position_embedding.weight  # the class token's first
    count, width = places.shape
    side, waves = math.isqrt(count - 1), width // 4
    omega = 10_000.0 ** -(torch.arange(waves) / max(1, waves - 1))
    down, right = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    angles = [each.reshape(-1, 1) * omega for each in (right, down)]
    known = torch.cat([wave(angle) for angle in angles for wave in (torch.sin, torch.cos)], dim=1)
    places[1:, : 4 * waves] = known


def new_processor() -> CLIPImageProcessor:
    """Returns the processor of the encoder's input, with diffusers' defaults."""
    return CLIPImageProcessor(size=SEEN, crop_size=SEEN)


def load_encoder(folder: Any) -> CLIPVisionModelWithProjection:
    """Returns the frozen encoder of a training's folder."""
    encoder = CLIPVisionModelWithProjection.from_pretrained(folder / ENCODER)
    return encoder.eval().requires_grad_(False)


def patches(encoder: Any, pixels: Tensor) -> Tensor:
    """Returns an image encoder's states of each patch, before its last layer, (N, 65, D)."""
    found: Tensor = encoder(pixels, output_hidden_states=True).hidden_states[-2]
    return found.float()


def train_encoder(recipe: Recipe, stretch: Stretch, processes: int) -> bool:
    """Draws the missing couples, trains the encoder and measures it."""
    if not draw_couples(recipe, stretch, processes):
        return False
    torch.manual_seed(recipe.seed)
    encoder = new_encoder(recipe.encoder)
    if device().type == "cpu":
        encoder.set_attn_implementation("eager")  # the fused one takes longer to train
    pupil = Likeness(encoder, recipe.encoder.embedding).to(device())
    trainee = Trainee(pupil, recipe.encoder.training.rate, average=0.998)
    examples = _Examples(recipe, load_couples(stretch.folder).pictures)
    finished = train(
        "image-encoder", trainee, recipe.encoder.training, examples.loss(pupil), stretch
    )
    trainee.use_average()
    stretch.log.write("image-encoder-held-out", **examples.held_out(pupil))
    encoder.save_pretrained(stretch.folder / ENCODER)
    new_processor().save_pretrained(stretch.folder / ENCODER)
    return finished


class _Examples:
    """Makes batches of references."""

    def __init__(self, recipe: Recipe, pictures: NDArray[np.uint8]) -> None:
        self._recipe = recipe
        self._pictures = pictures
        count = len(pictures)
        cast = [couple_character(recipe, index) for index in range(count)]
        self._truth = identity_targets(cast)
        self._known = count - min(_HELD_OUT, count // 4 // GROUP * GROUP)

    def loss(self, pupil: Likeness) -> Loss:
        """Returns the loss of reading a character's identity."""

        def loss_of(step: int) -> tuple[Tensor, dict[str, float]]:
            chance = np.random.default_rng([self._recipe.seed, step, 11])
            rows = np.sort(chance.integers(0, self._known, self._recipe.encoder.training.batch))
            pixels = clip_pixels(self._pictures[rows], chance)
            with torch.autocast(device().type, torch.bfloat16):
                _, logits = pupil(pixels.to(device()))
            return said_loss(logits, {name: of[rows] for name, of in self._truth.items()}), {}

        return loss_of

    @torch.no_grad()
    def held_out(self, pupil: Likeness) -> dict[str, float]:
        """Returns the share of right readings by attribute; `whole` is of all at once."""
        rows = np.arange(self._known, len(self._pictures))
        _, logits = pupil(clip_pixels(self._pictures[rows]).to(device()))
        truth = {name: of[rows] for name, of in self._truth.items()}
        right = [
            (said.argmax(-1).cpu().numpy() == truth[name]) | (truth[name] == IGNORED)
            for name, said in logits.items()
        ]
        return {"whole": float(np.all(right, axis=0).mean()), **shares(logits, truth)}


def contrast(one: Tensor, other: Tensor, temperature: float) -> Tensor:
    """Returns the symmetric InfoNCE loss (arXiv 2103.00020) of two views, (N, D) each."""
    scores = F.normalize(one, dim=-1) @ F.normalize(other, dim=-1).T / temperature
    truth = torch.arange(len(one), device=one.device)
    return (F.cross_entropy(scores, truth) + F.cross_entropy(scores.T, truth)) / 2


def identity_targets(cast: list[Character]) -> dict[str, NDArray[np.int64]]:
    """Returns the classes of each character's identity; IGNORED for attributes that it lacks."""
    classes = character_classes()
    hidden = {True: {"skin", "hair", "hair_style", "age", "freckles", "beard"}, False: {"fur"}}
    return {
        name: np.array(
            [
                IGNORED
                if name in hidden[each.is_animal]
                else classes[name].index(str(getattr(each, name)))
                for each in cast
            ]
        )
        for name in IDENTITY
    }


def said_loss(logits: dict[str, Tensor], truth: dict[str, NDArray[np.int64]]) -> Tensor:
    """Returns the mean cross entropy of the visible attributes."""
    losses = []
    for name, said in logits.items():
        target = torch.from_numpy(truth[name]).to(said.device)
        if (target != IGNORED).any():
            losses.append(F.cross_entropy(said.float(), target, ignore_index=IGNORED))
    return torch.stack(losses).mean()


def shares(logits: dict[str, Tensor], truth: dict[str, NDArray[np.int64]]) -> dict[str, float]:
    """Returns the share of right readings by attribute."""
    found = {}
    for name, said in logits.items():
        target = torch.from_numpy(truth[name]).to(said.device)
        seen = target != IGNORED
        if seen.any():
            found[name] = (said.argmax(-1)[seen] == target[seen]).float().mean().item()
    return found


def clip_pixels(images: NDArray[np.uint8], chance: np.random.Generator | None = None) -> Tensor:
    """Returns the encoder's input from pictures, (B, 128, 128, 3), spoiled with a `chance`."""
    pixels = torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2).float() / 127.5 - 1
    if chance is not None:
        pixels = spoil(pixels, chance)
    processor = new_processor()
    mean = torch.tensor(processor.image_mean)[:, None, None]
    deviation = torch.tensor(processor.image_std)[:, None, None]
    return ((pixels + 1) / 2 - mean) / deviation
