"""The text encoders: trained to read the attributes in a caption, then frozen."""

from collections.abc import Sequence
from pathlib import Path
from random import Random

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
)

from recipe.illustrator.attributes import Scene
from recipe.illustrator.captions import caption
from recipe.illustrator.sampling import sample_scene
from recipe.training.labels import IGNORED, Label, all_labels
from recipe.training.loop import Stretch, device, train
from recipe.training.settings import Recipe, TextSettings
from recipe.training.state import Trainee
from recipe.training.tokenizer import load_tokenizer

TOKENS = 77
_STRAY = (
    *("the", "and", "of", "to", "then", "once", "upon", "time", "there", "lived", "very", "big"),
    *("small", "old", "who", "was", "went", "where", "said", "looked", "story", "book", "page"),
    *("illustration", "beautiful", "soft", "light", "detailed", "magical", "brave", "kind"),
)


class Towers(nn.Module):
    """Both text encoders, read as SDXL reads them."""

    def __init__(self, settings: TextSettings, tokenizer: CLIPTokenizer) -> None:
        super().__init__()
        first, second = (_config(settings, layers, tokenizer) for layers in settings.layers)
        self.first = CLIPTextModel(first)
        self.second = CLIPTextModelWithProjection(second)
        for name, parameter in self.named_parameters():
            if "token_embedding" in name:
                nn.init.normal_(parameter, std=0.3)
            elif "position_embedding" in name:
                nn.init.normal_(parameter, std=0.1)
            elif parameter.dim() == 2:
                nn.init.xavier_uniform_(parameter)

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the tokens' states, (B, 77, 2 * width), and the pooled ones, (B, width)."""
        first = self.first(tokens, output_hidden_states=True).hidden_states[-2]
        second = self.second(tokens, output_hidden_states=True)
        return torch.cat([first, second.hidden_states[-2]], dim=-1), second.text_embeds


class Reader(nn.Module):
    """Reads every label from the towers' output: by attention to the tokens, and from the pool.

    The UNet reads them by attention, so each token must hold its part of the caption.
    """

    def __init__(self, towers: Towers, width: int, labels: Sequence[Label]) -> None:
        super().__init__()
        self.towers = towers
        self.labels = tuple(labels)
        self.queries = nn.Parameter(torch.randn(len(labels), 2 * width) * 0.05)
        self.attended = nn.ModuleList(nn.Linear(2 * width, len(each.classes)) for each in labels)
        self.pooled = nn.ModuleList(nn.Linear(width, len(each.classes)) for each in labels)

    def forward(self, tokens: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """Returns the logits of each label, by attention and from the pool."""
        states, pool = self.towers(tokens)
        scores = torch.einsum("btd,ld->blt", states, self.queries) / states.shape[-1] ** 0.5
        found = torch.einsum("blt,btd->lbd", scores.softmax(dim=-1), states)
        attended = [head(found[index]).float() for index, head in enumerate(self.attended)]
        return attended, [head(pool).float() for head in self.pooled]


def pretrain_text(recipe: Recipe, stretch: Stretch) -> bool:
    """Trains the towers, and probes them on held-out captions."""
    tokenizer = load_tokenizer(stretch.folder / "tokenizer")
    labels = all_labels()
    torch.manual_seed(recipe.seed)
    reader = Reader(Towers(recipe.text, tokenizer), recipe.text.width, labels).to(device())
    trainee = Trainee(reader, recipe.text.training.rate)

    def loss_of(step: int) -> tuple[Tensor, dict[str, float]]:
        chance = Random(f"text {recipe.seed} {step}")
        tokens, truth = _batch(chance, recipe, tokenizer, labels)
        attended, pooled = reader(tokens)
        loss = torch.zeros((), device=tokens.device)
        for index in range(len(labels)):
            target = truth[:, index]
            if (target != IGNORED).any():
                loss = loss + F.cross_entropy(attended[index], target, ignore_index=IGNORED)
                loss = loss + 0.5 * F.cross_entropy(pooled[index], target, ignore_index=IGNORED)
        return loss / len(labels), {}

    def report() -> None:
        accuracies = probe(reader, recipe, tokenizer)
        stretch.log.write("text-probe", step=trainee.step, **accuracies)
        save_towers(reader.towers, stretch.folder)

    finished = train("text", trainee, recipe.text.training, loss_of, stretch, report)
    report()
    return finished


@torch.no_grad()
def probe(reader: Reader, recipe: Recipe, tokenizer: CLIPTokenizer) -> dict[str, float]:
    """Returns the share of right readings by label from attention, and of all from the pool."""
    right: dict[str, list[Tensor]] = {}
    pool: list[Tensor] = []
    for batch in range(4):
        chance = Random(f"probe {batch}")
        tokens, truth = _batch(chance, recipe, tokenizer, reader.labels)
        attended, pooled = reader(tokens)
        for index, label in enumerate(reader.labels):
            seen = truth[:, index] != IGNORED
            hits = attended[index].argmax(1)[seen] == truth[seen, index]
            right.setdefault(label.name, []).append(hits)
            pool.append(pooled[index].argmax(1)[seen] == truth[seen, index])
    shares = {name: torch.cat(hits).float().mean().item() for name, hits in right.items()}
    worst = min(share for share in shares.values() if share == share)
    return {"worst": worst, "pooled": torch.cat(pool).float().mean().item(), **shares}


def save_towers(towers: Towers, folder: Path) -> None:
    """Writes both encoders in diffusers' layout."""
    towers.first.save_pretrained(folder / "text_encoder")
    towers.second.save_pretrained(folder / "text_encoder_2")


def load_towers(recipe: Recipe, folder: Path) -> Towers:
    """Returns the frozen towers of a folder."""
    towers = Towers(recipe.text, load_tokenizer(folder / "tokenizer"))
    towers.first = CLIPTextModel.from_pretrained(folder / "text_encoder")
    towers.second = CLIPTextModelWithProjection.from_pretrained(folder / "text_encoder_2")
    return towers.eval().requires_grad_(False)


def tokenize(tokenizer: CLIPTokenizer, captions: Sequence[str]) -> Tensor:
    """Returns the captions' tokens, (B, 77)."""
    encoded = tokenizer(
        list(captions),
        padding="max_length",
        max_length=TOKENS,
        truncation=True,
        return_tensors="pt",
    )
    tokens: Tensor = encoded.input_ids
    return tokens


def _batch(
    chance: Random, recipe: Recipe, tokenizer: CLIPTokenizer, labels: Sequence[Label]
) -> tuple[Tensor, Tensor]:
    scenes = [sample_scene(chance, recipe.domain) for _ in range(recipe.text.training.batch)]
    tokens = tokenize(tokenizer, [_stray(caption(scene, chance), chance) for scene in scenes])
    truth = torch.tensor([_truth(scene, labels) for scene in scenes])
    # Padding repeats the end token, and nothing after the first one is read: cut the batch.
    longest = int((tokens != tokenizer.eos_token_id).sum(1).max()) + 1
    return tokens[:, :longest].to(device()), truth.to(device())


def _stray(text: str, chance: Random) -> str:
    """Puts meaningless words into some captions, as users' prompts have them."""
    if chance.random() > 0.15:
        return text
    words = text.split(" ")
    for _ in range(chance.randint(1, 4)):
        words.insert(chance.randint(0, len(words)), chance.choice(_STRAY))
    return " ".join(words)


def _truth(scene: Scene, labels: Sequence[Label]) -> list[int]:
    return [label.of(scene) for label in labels]


def _config(settings: TextSettings, layers: int, tokenizer: CLIPTokenizer) -> CLIPTextConfig:
    return CLIPTextConfig(
        vocab_size=len(tokenizer),
        max_position_embeddings=TOKENS,
        hidden_size=settings.width,
        intermediate_size=2 * settings.width,
        num_attention_heads=4,
        num_hidden_layers=layers,
        hidden_act="gelu",
        projection_dim=settings.width,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
