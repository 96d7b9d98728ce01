"""The files of an IP-Adapter: its weights and its image encoder, checked by their headers.

It needs no torch, so that an adapter is refused within a second.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huggingface_hub import snapshot_download

from actors.engine.checkpoint import Checkpoint
from actors.engine.headers import Tensor, read_header
from actors.engine.misfits import Shapes, misfits
from actors.engine.projection import PREFIX, Kind, kind_of, shapes_of
from actors.engine.refusal import CheckpointRefused
from actors.engine.single import SingleFile
from actors.engine.vocabulary import read_json
from actors.engine.weights import read_tensors, variant_of
from actors.settings import DiffuserSettings

_OWN = "image_encoder"
"""The part of a checkpoint that is an image encoder."""
_PIXELS = "feature_extractor"
"""The part of a checkpoint that makes pixels for it."""
PREPROCESSOR = "preprocessor_config.json"
IMAGE_SIZE = 224
"""The side of the pixels that an encoder reads unless its configuration says another."""
_ENCODER = "clip_vision_model"
_WIDTHS = {"projection_dim": 512, "hidden_size": 768}
"""The widths of what an encoder gives, which are transformers' own unless its configuration says
others."""
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True, slots=True)
class ImageEncoder:
    """An image encoder in a folder of its own; `is_own` for the checkpoint's."""

    folder: Path
    variant: str
    config: Mapping[str, Any]
    tensors: Mapping[str, Tensor]
    is_own: bool

    @property
    def preprocessor(self) -> Path:
        """The file that says how pixels are made for it, where there is one."""
        return (self.folder.parent / _PIXELS if self.is_own else self.folder) / PREPROCESSOR


@dataclass(frozen=True, slots=True)
class AdapterFiles:
    """An adapter whose files were checked."""

    file: Path
    kind: Kind
    tensors: Mapping[str, Tensor]
    encoder: ImageEncoder

    @property
    def reads(self) -> int:
        """The width of what it reads of the encoder."""
        key = "projection_dim" if self.kind is Kind.BASE else "hidden_size"
        return int(self.encoder.config.get(key, _WIDTHS[key]))

    def projection(self) -> Shapes:
        """Returns the shapes of the tensors that turn embeddings into tokens."""
        return {
            name: tensor.shape for name, tensor in self.tensors.items() if name.startswith(PREFIX)
        }

    def attention(self) -> Shapes:
        """Returns the shapes of the tensors that are added to the UNet's cross-attention."""
        projection = self.projection()
        return {
            name: tensor.shape for name, tensor in self.tensors.items() if name not in projection
        }


def find_adapter(
    settings: DiffuserSettings, model: Checkpoint | SingleFile | None
) -> AdapterFiles | None:
    """Finds and checks the adapter that the settings name; None if they name none.

    A repository of the hub is brought into the hub's cache first. Raises CheckpointRefused, and
    names the file.
    """
    weights, encoder = settings.adapter_files
    folder = _folder(settings)
    if folder is None:
        return None
    file = folder / weights
    tensors = _read(file)
    kind = kind_of(file, tensors)
    found = AdapterFiles(file, kind, tensors, _encoder(file, folder, encoder, model))
    width = _width(model)
    if width is not None:
        check_projection(found, width)
    return found


def check_projection(adapter: AdapterFiles, width: int) -> None:
    """Checks that an adapter reads what its encoder gives and writes what a UNet reads, `width`.

    Raises CheckpointRefused, with the first tensors that do not fit.
    """
    found = adapter.projection()
    wrong = misfits(shapes_of(adapter.kind, found, adapter.reads, width), found)
    if wrong:
        raise CheckpointRefused(
            f"{adapter.file}: does not fit its encoder {adapter.encoder.folder}, which gives "
            f"{adapter.reads} numbers, and the UNet, which reads {width}: {wrong}"
        )


def _folder(settings: DiffuserSettings) -> Path | None:
    weights, encoder = settings.adapter_files
    named = settings.adapter
    match named:
        case "none":
            return None
        case "auto" | "":
            own = Path(settings.source)
            is_own = not settings.model_path or (own / weights).is_file()
            return own if settings.model == "storybook" and is_own else None
    if Path(named).is_dir():
        return Path(named)
    if not _REPOSITORY.fullmatch(named):
        raise CheckpointRefused(
            f"{named}: not a folder; IMGGEN_ADAPTER must name a folder, a repository of the hub, "
            "`auto` or `none`"
        )
    wanted = [f"{encoder}/{name}" for name in ("*.json", "model*.safetensors")] if encoder else []
    try:
        return Path(snapshot_download(named, allow_patterns=[weights, *wanted]))
    except (OSError, ValueError) as error:
        raise CheckpointRefused(
            f"{named}: neither a folder, nor a repository that the hub gives ({error})"
        ) from error


def _read(file: Path) -> Mapping[str, Tensor]:
    if file.suffix != ".safetensors":
        raise CheckpointRefused(f"{file}: an adapter's weights must be safetensors, not a pickle")
    if not file.is_file():
        raise CheckpointRefused(f"{file}: missing; IMGGEN_ADAPTER_WEIGHTS must name it")
    return read_header(file)


def _encoder(
    file: Path, folder: Path, named: str, model: Checkpoint | SingleFile | None
) -> ImageEncoder:
    if named:
        return _read_encoder(file, folder / named)
    part = model.parts.get(_OWN) if isinstance(model, Checkpoint) else None
    if part is None or not isinstance(model, Checkpoint):
        raise CheckpointRefused(
            f"{file}: needs an image encoder, and the checkpoint has none; "
            "IMGGEN_ADAPTER_ENCODER must name its folder"
        )
    _check_config(model.folder / _OWN / "config.json", part.config)
    _check_pixels(model.folder / _PIXELS, part.config)
    return ImageEncoder(model.folder / _OWN, model.variant, part.config, part.tensors, True)


def _read_encoder(file: Path, folder: Path) -> ImageEncoder:
    if not folder.is_dir():
        raise CheckpointRefused(
            f"{folder}: missing; {file.name} needs its image encoder, and IMGGEN_ADAPTER_ENCODER "
            "must name it"
        )
    config = read_json(folder / "config.json")
    _check_config(folder / "config.json", config)
    _check_pixels(folder, config)
    variant = variant_of(folder.parent, (folder.name,))
    return ImageEncoder(folder, variant, config, read_tensors(folder, variant), False)


def _check_config(file: Path, config: Mapping[str, Any]) -> None:
    found = config.get("model_type")
    if found != _ENCODER:
        raise CheckpointRefused(
            f"{file}: is of a {found}; an adapter's encoder must be a {_ENCODER}"
        )
    for name, usual in _WIDTHS.items():
        match config.get(name, usual):
            case int(width) if not isinstance(width, bool) and width > 0:
                continue
            case width:
                raise CheckpointRefused(
                    f"{file}: {name} is {width!r}, and must be a whole number from 1"
                )


def _check_pixels(folder: Path, config: Mapping[str, Any]) -> None:
    """Checks the preprocessor in a folder, if there is one: diffusers makes one otherwise."""
    file = folder / PREPROCESSOR
    if not file.is_file():
        return
    found: list[Any]
    match read_json(file).get("crop_size"):
        case {"height": height, "width": width}:
            found = [height, width]
        case side:
            found = [side, side]
    expected = config.get("image_size", IMAGE_SIZE)
    if found != [expected, expected]:
        raise CheckpointRefused(
            f"{file}: crop_size is {found}, and the image encoder reads {[expected, expected]}"
        )


def _width(model: Checkpoint | SingleFile | None) -> int | None:
    """Returns the width of what a UNet's cross-attention reads; None where it is not known yet."""
    if isinstance(model, Checkpoint):
        return int(model.parts["unet"].config["cross_attention_dim"])
    if isinstance(model, SingleFile) and model.configs is not None:
        return int(model.configs["unet"]["cross_attention_dim"])
    return None
