"""Checks of a checkpoint's files before they are read as weights."""

import hashlib
from pathlib import Path

CHECKSUMS = "checksums.sha256"
_WEIGHTS = ("unet", "vae", "text_encoder", "text_encoder_2")


class CheckpointRefused(Exception):
    """Raised when a checkpoint's files must not be loaded as a model."""


def check_folder(folder: Path) -> None:
    """Checks that a checkpoint in diffusers' layout is safe to load.

    Its weights must be safetensors, since a pickle runs code while it is read; if the folder
    has a `checksums.sha256`, every file must match it. Raises CheckpointRefused otherwise.
    """
    if not (folder / "model_index.json").is_file():
        raise CheckpointRefused(
            f"{folder}: no model_index.json; IMGGEN_MODEL_PATH must name a folder in diffusers' "
            "layout, or a repository of the hub"
        )
    for component in _WEIGHTS:
        _check_weights(folder / component)
    if (folder / CHECKSUMS).is_file():
        verify_checksums(folder)


def verify_checksums(folder: Path) -> None:
    """Compares a folder with its `checksums.sha256`; raises CheckpointRefused if they differ."""
    expected = _read_checksums(folder / CHECKSUMS)
    found = {
        path.relative_to(folder).as_posix(): path
        for path in sorted(folder.rglob("*"))
        if path.suffix in {".json", ".safetensors"}
    }
    differing = [
        name
        for name in sorted(expected.keys() | found.keys())
        if name not in expected or name not in found or _digest(found[name]) != expected[name]
    ]
    if differing:
        raise CheckpointRefused(
            f"{folder}: {', '.join(differing)}: not as in {CHECKSUMS}; restore the checkpoint"
        )


def verify_file(folder: Path, file: Path) -> None:
    """Compares one file with its folder's checksums; raises CheckpointRefused if it differs."""
    name = file.relative_to(folder).as_posix()
    if _read_checksums(folder / CHECKSUMS).get(name) != _digest(file):
        raise CheckpointRefused(f"{file}: not as in {CHECKSUMS}; restore the checkpoint")


def _check_weights(component: Path) -> None:
    if any(component.glob("*.safetensors")):
        return
    others = sorted(path.name for path in component.glob("*") if path.suffix != ".json")
    raise CheckpointRefused(
        f"{component}: weights must be safetensors, found {', '.join(others) or 'none'}; "
        "convert them once with save_pretrained(safe_serialization=True)"
    )


def _read_checksums(file: Path) -> dict[str, str]:
    lines = (line.split(maxsplit=1) for line in file.read_text("utf-8").splitlines() if line)
    return {name.strip().lstrip("*"): digest for digest, name in lines}


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
