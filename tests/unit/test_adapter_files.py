"""Adapters that do not fit: refused by name before any weights are read."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from actors.engine.checkpoint import CHECKSUMS
from actors.engine.loading import load_pipeline
from actors.engine.projection import Kind
from actors.engine.refusal import CheckpointRefused
from actors.engine.source import check_source
from actors.settings import DiffuserSettings
from actors.storybook import CHECKPOINT
from tests.unit.tiny_adapter import KINDS, save_adapter, tensors_of
from tests.unit.tiny_sdxl import tiny_sdxl

Tensors = dict[str, torch.Tensor]
Damage = Callable[["Folder"], None]


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of an adapter that a test may damage, and the settings that name it."""

    path: Path
    settings: DiffuserSettings

    @property
    def weights(self) -> Path:
        return self.path / "adapter.safetensors"


@dataclass(frozen=True, slots=True)
class Tiny:
    """The tiny checkpoint in a folder, and the tensors of its adapters."""

    checkpoint: Path
    tensors: Mapping[str, Tensors]

    def adapter(self, path: Path, kind: str) -> Folder:
        settings = save_adapter(path, self.tensors[kind])
        return Folder(path, settings.model_copy(update={"model_path": str(self.checkpoint)}))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    pipeline = tiny_sdxl()
    folder = tmp_path_factory.mktemp("tiny")
    pipeline.save_pretrained(folder)
    return Tiny(folder, {kind: tensors_of(kind, pipeline.unet) for kind in KINDS})


@pytest.fixture
def full(tiny: Tiny, tmp_path: Path) -> Folder:
    return tiny.adapter(tmp_path, "full")


def reweighed(change: Callable[[Tensors], object]) -> Damage:
    def damage(folder: Folder) -> None:
        tensors = load_file(folder.weights)
        change(tensors)
        save_file(tensors, folder.weights)

    return damage


def with_tensor(name: str, *shape: int) -> Damage:
    return reweighed(lambda each: each.update({name: torch.zeros(shape)}))


def without(name: str) -> Damage:
    return reweighed(lambda each: each.pop(name))


def cut(name: str) -> Damage:
    def damage(folder: Folder) -> None:
        file = folder.path / name
        file.write_bytes(file.read_bytes()[:-100])

    return damage


def edited(name: str, **changes: Any) -> Damage:
    def damage(folder: Folder) -> None:
        file = folder.path / name
        data = json.loads(file.read_text()) if file.is_file() else {}
        file.write_text(json.dumps(data | changes))

    return damage


def preprocessed(**settings: Any) -> Damage:
    return edited("encoder/preprocessor_config.json", crop_size=32, **settings)


def pickled(folder: Folder) -> None:
    encoder = folder.path / "encoder"
    (encoder / "model.safetensors").rename(encoder / "pytorch_model.bin")


@pytest.mark.parametrize("kind", KINDS)
def test_an_adapter_that_fits_is_found(tiny: Tiny, tmp_path: Path, kind: str) -> None:
    found = check_source(tiny.adapter(tmp_path, kind).settings).adapter
    assert found is not None
    assert (found.kind, found.encoder.is_own) == (Kind(kind), False)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: folder.weights.unlink(), r"adapter\.safetensors: missing"),
        (cut("adapter.safetensors"), r"adapter\.safetensors: has \d+ bytes, and its header says"),
        (
            lambda folder: folder.weights.write_bytes(b"x" * 99),
            r"adapter\.safetensors: its 99 bytes are no safetensors",
        ),
        (
            lambda folder: save_file({"lora": torch.zeros(1)}, folder.weights),
            r"adapter\.safetensors: is no IP-Adapter",
        ),
        (without("image_proj.proj.3.weight"), r"adapter\.safetensors: is a FaceID adapter"),
        (
            with_tensor("ip_adapter.0.to_k_lora.down.weight", 4, 16),
            r"adapter\.safetensors: is a FaceID adapter",
        ),
        (
            lambda folder: save_file({"image_proj.odd": torch.zeros(1)}, folder.weights),
            r"adapter\.safetensors: is of an unknown kind \(image_proj\.odd\)",
        ),
        (
            with_tensor("image_proj.proj.0.weight", 32, 24),
            r"adapter\.safetensors: does not fit its encoder \S+/encoder, which gives 32 numbers, "
            r"and the UNet, which reads 40: "
            r"image_proj\.proj\.0\.weight is \[32, 24\], and must be \[32, 32\]",
        ),
        (
            with_tensor("image_proj.proj.2.weight", 2048, 32),
            r"image_proj\.proj\.2\.weight is \[2048, 32\], and must be \[40, 32\]",
        ),
        (without("image_proj.proj.0.bias"), r"image_proj\.proj\.0\.bias is missing"),
        (lambda folder: shutil.rmtree(folder.path / "encoder"), r"/encoder: missing; adapter\.saf"),
        (pickled, r"/encoder: weights must be safetensors, found pytorch_model\.bin"),
        (cut("encoder/model.safetensors"), r"encoder/model\.safetensors: has \d+ bytes, and its"),
        (
            edited("encoder/config.json", model_type="siglip_vision_model"),
            r"encoder/config\.json: is of a siglip_vision_model",
        ),
        (
            edited("encoder/config.json", hidden_size="x"),
            r"encoder/config\.json: hidden_size is 'x', and must be a whole number from 1",
        ),
        (edited("encoder/config.json", projection_dim=None), r"projection_dim is None, and must"),
        (edited("encoder/config.json", hidden_size=True), r"hidden_size is True, and must"),
        (edited("encoder/config.json", hidden_size=0), r"hidden_size is 0, and must"),
        (edited("encoder/config.json", hidden_size=64), r"which gives 64 numbers"),
        (
            edited("encoder/preprocessor_config.json", crop_size=64),
            r"encoder/preprocessor_config\.json: crop_size is \[64, 64\], and the image encoder "
            r"reads \[32, 32\]",
        ),
    ],
)
def test_a_misfit_is_refused_without_torch(full: Folder, damage: Damage, message: str) -> None:
    damage(full)
    with pytest.raises(CheckpointRefused, match=message):
        check_source(full.settings)


@pytest.mark.parametrize(
    ("kind", "damage", "message"),
    [
        ("base", edited("encoder/config.json", projection_dim=32), r"proj\.weight is \[160, 24\],"),
        ("plus", with_tensor("image_proj.proj_in.weight", 16, 24), r"proj_in\.weight is \[16, 24"),
        ("plus", with_tensor("image_proj.latents", 16), r"latents is \[16\], and must be"),
        ("plus", without("image_proj.layers.3.1.3.weight"), r"layers\.3\.1\.3\.weight is missing"),
        ("plus", with_tensor("image_proj.layers.4.1.1.weight", 9, 9), r"layers\.4\.\S+ is not in"),
    ],
)
def test_projections_of_other_widths_are_refused(
    tiny: Tiny, tmp_path: Path, kind: str, damage: Damage, message: str
) -> None:
    folder = tiny.adapter(tmp_path, kind)
    damage(folder)
    with pytest.raises(CheckpointRefused, match=message):
        check_source(folder.settings)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (
            without("ip_adapter.1.to_v_ip.weight"),
            r"adapter\.safetensors: does not fit the model's UNet: ip_adapter\.1\.to_v_ip\.weight "
            r"is missing",
        ),
        (
            with_tensor("ip_adapter.1.to_k_ip.weight", 640, 40),
            r"ip_adapter\.1\.to_k_ip\.weight is \[640, 40\], and must be \[16, 40\]",
        ),
        (
            with_tensor("ip_adapter.139.to_k_ip.weight", 16, 40),
            r"ip_adapter\.139\.to_k_ip\.weight is not in the model",
        ),
        (
            edited("encoder/config.json", num_hidden_layers=3),
            r"/encoder: the weights do not fit config\.json: .*layers\.2\.\S+ is missing",
        ),
        (
            preprocessed(image_mean=[0.5, 0.5]),
            r"encoder/preprocessor_config\.json: makes no pixels \(RuntimeError: ",
        ),
        (
            preprocessed(size="x"),
            r"encoder/preprocessor_config\.json: makes no pixels \(ValueError: ",
        ),
        (
            preprocessed(size=16, do_center_crop=False),
            r"encoder/preprocessor_config\.json: makes pixels of \[1, 3, 16, 16\], and the image "
            r"encoder reads \[1, 3, 32, 32\]",
        ),
        (
            preprocessed(rescale_factor=1e40),
            r"encoder/preprocessor_config\.json: makes pixels that are not finite",
        ),
        (
            edited("encoder/config.json", image_size="x"),
            r"encoder/config\.json: makes no pixels \(ValueError: ",
        ),
    ],
)
def test_an_adapter_of_another_model_is_refused(full: Folder, damage: Damage, message: str) -> None:
    damage(full)
    with pytest.raises(CheckpointRefused, match=message):
        load_pipeline(full.settings)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"adapter_weights": "adapter.bin"}, r"adapter\.bin: .* must be safetensors, not a pickle"),
        ({"adapter": "/nowhere/at/all"}, r"^/nowhere/at/all: not a folder; IMGGEN_ADAPTER must"),
        ({"adapter_encoder": "models/none"}, r"models/none: missing; adapter\.safetensors needs"),
        (
            {"adapter_encoder": "", "model": "storybook"},
            r"adapter\.safetensors: needs an image encoder, and the checkpoint has none; "
            r"IMGGEN_ADAPTER_ENCODER",
        ),
    ],
)
def test_settings_that_name_nothing_are_refused(
    full: Folder, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(CheckpointRefused, match=message):
        check_source(full.settings.model_copy(update=changes))


def test_the_shipped_checkpoint_has_its_own_adapter(tiny: Tiny, tmp_path: Path) -> None:
    shipped = check_source(DiffuserSettings()).adapter
    assert shipped is not None
    assert (shipped.kind, shipped.encoder.is_own) == (Kind.FULL, True)
    assert check_source(DiffuserSettings(adapter="none")).adapter is None
    copy = shutil.copytree(CHECKPOINT, tmp_path / "copy")
    (copy / CHECKSUMS).unlink()
    assert check_source(DiffuserSettings(model_path=str(copy))).adapter is not None
    shutil.rmtree(copy / "ip_adapter")
    assert check_source(DiffuserSettings(model_path=str(copy))).adapter is None
    assert (
        check_source(DiffuserSettings(model="sdxl", model_path=str(tiny.checkpoint))).adapter
        is None
    )


def test_an_empty_adapter_is_the_automatic_one(
    full: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMGGEN_ADAPTER", "")
    monkeypatch.chdir(full.path)
    shipped = check_source(DiffuserSettings()).adapter
    assert shipped is not None
    assert shipped.file == CHECKPOINT / "ip_adapter" / "ip_adapter.safetensors"
    others = full.settings.model_copy(update={"adapter": ""})
    assert check_source(others).adapter is None  # though the current folder has its files


def test_a_preprocessor_of_the_checkpoint_is_refused_by_name(tmp_path: Path) -> None:
    copy = shutil.copytree(CHECKPOINT, tmp_path / "copy")
    (copy / CHECKSUMS).unlink()
    settings = DiffuserSettings(model_path=str(copy))
    edited("feature_extractor/preprocessor_config.json", size="x")(Folder(copy, settings))
    with pytest.raises(
        CheckpointRefused, match=r"feature_extractor/preprocessor_config\.json: makes no pixels"
    ):
        load_pipeline(settings)


_SCRIPT = """
import sys
from actors.engine.adapter_files import find_adapter
from actors.engine.refusal import CheckpointRefused
from actors.settings import DiffuserSettings
print(find_adapter(DiffuserSettings(), None).file)
try:
    find_adapter(DiffuserSettings(adapter="h94/Another"), None)
except CheckpointRefused as error:
    print(error)
assert "torch" not in sys.modules
"""


def test_a_repository_of_the_hub_is_named_and_nothing_else(tiny: Tiny, tmp_path: Path) -> None:
    revision = "0" * 40
    cached = tmp_path / "cache" / "models--h94--IP-Adapter"
    folder = cached / "snapshots" / revision
    for name in ("models", "sdxl_models"):
        (folder / name).mkdir(parents=True)
    tiny.adapter(folder, "plus")
    (folder / "encoder").rename(folder / "models" / "image_encoder")
    weights = folder / "sdxl_models" / "ip-adapter-plus_sdxl_vit-h.safetensors"
    (folder / "adapter.safetensors").rename(weights)
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text(revision)
    environment = {
        **os.environ,
        "HF_HUB_CACHE": str(tmp_path / "cache"),
        "HF_HUB_OFFLINE": "1",
        "IMGGEN_MODEL": "sdxl",
        "IMGGEN_ADAPTER": "h94/IP-Adapter",
    }
    ran = subprocess.run(
        [sys.executable, "-c", _SCRIPT], env=environment, check=True, capture_output=True, text=True
    )
    found, refused, *_ = ran.stdout.splitlines()
    assert found == str(weights)
    assert refused.startswith("h94/Another: neither a folder, nor a repository that the hub gives")
