"""A training's folder that begins with a checkpoint's networks, to train them further."""

import json
import shutil
from pathlib import Path

from safetensors.torch import load_file, save_file

_PARTS = (
    *("tokenizer", "text_encoder", "text_encoder_2", "vae", "unet", "image_encoder"),
    *("ip_adapter", "judge", "upscaler"),
)
_NETWORKS = frozenset({"text_encoder", "text_encoder_2", "vae", "unet", "image_encoder"})
"""Parts in diffusers' layout; the export copies the others as they are."""


def start_from(checkpoint: Path, folder: Path) -> None:
    """Copies those parts of a checkpoint that the folder lacks, its networks in float32."""
    for name in _PARTS:
        if (folder / name).is_dir() or not (checkpoint / name).is_dir():
            continue
        fresh = folder / f"{name}.new"
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(checkpoint / name, fresh)
        if name == "image_encoder":
            _copy_processor(checkpoint, fresh)
        if name in _NETWORKS:
            _widen(fresh)
        fresh.rename(folder / name)


def _copy_processor(checkpoint: Path, encoder: Path) -> None:
    for file in (checkpoint / "feature_extractor").glob("*.json"):
        shutil.copy(file, encoder / file.name)


def _widen(part: Path) -> None:
    """Converts weights to float32: the optimizer's small steps would vanish in float16."""
    for file in part.glob("*.safetensors"):
        widened = {name: tensor.float() for name, tensor in load_file(file).items()}
        save_file(widened, file, {"format": "pt"})
    settings = json.loads((part / "config.json").read_text("utf-8"))
    if "dtype" in settings:
        settings["dtype"] = "float32"
        (part / "config.json").write_text(json.dumps(settings, indent=2) + "\n", "utf-8")
