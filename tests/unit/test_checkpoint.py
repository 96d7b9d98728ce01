"""Checks of a checkpoint's files: all parts, whole, safetensors, with matching checksums."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from actors.engine.checkpoint import CHECKSUMS, check_folder
from actors.engine.refusal import CheckpointRefused
from actors.engine.shapes import check_shapes
from actors.storybook import CHECKPOINT


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Returns a copy of the shipped checkpoint that a test may damage."""
    return shutil.copytree(CHECKPOINT, tmp_path / "checkpoint")


@pytest.fixture
def unsealed(copy: Path) -> Path:
    """Returns a copy without checksums, so that nothing but its damage is wrong with it."""
    (copy / CHECKSUMS).unlink()
    return copy


UNET = "unet/diffusion_pytorch_model.safetensors"
SECOND = "text_encoder_2/model.safetensors"
Damage = Callable[[Path], None]


def cut(name: str, keep: float = 0.9) -> Damage:
    def damage(folder: Path) -> None:
        data = (folder / name).read_bytes()
        (folder / name).write_bytes(data[: int(len(data) * keep)])

    return damage


def removed(name: str) -> Damage:
    def damage(folder: Path) -> None:
        path = folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    return damage


def edited(name: str, **changes: Any) -> Damage:
    def damage(folder: Path) -> None:
        data = json.loads((folder / name).read_text()) | changes
        (folder / name).write_text(json.dumps(data))

    return damage


def reweighed(name: str, change: Callable[[dict[str, Any]], object]) -> Damage:
    def damage(folder: Path) -> None:
        tensors = load_file(folder / name)
        change(tensors)
        save_file(tensors, folder / name)

    return damage


def split_tokenizer(folder: Path, merges: float = 1.0) -> None:
    """Writes the second tokenizer as vocab.json and merges.txt, as SDXL's own are."""
    whole = folder / "tokenizer_2" / "tokenizer.json"
    model = json.loads(whole.read_text())["model"]
    whole.unlink()
    special = {"<|startoftext|>": 2005, "<|endoftext|>": 2006}
    (folder / "tokenizer_2" / "vocab.json").write_text(json.dumps(model["vocab"] | special))
    lines = [merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]]
    kept = lines[: int(len(lines) * merges)]
    (folder / "tokenizer_2" / "merges.txt").write_text("\n".join(["#version: 0.2", *kept]))


def test_the_shipped_checkpoint_matches_its_checksums() -> None:
    assert (CHECKPOINT / CHECKSUMS).is_file()
    check_folder(CHECKPOINT)


def test_a_changed_byte_is_found(copy: Path) -> None:
    weights = copy / "unet" / "diffusion_pytorch_model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    with pytest.raises(CheckpointRefused, match=r"unet/diffusion_pytorch_model\.safetensors: not"):
        check_folder(copy)


def test_a_missing_and_an_added_file_are_found(copy: Path) -> None:
    (copy / "judge" / "config.json").unlink()
    (copy / "unet" / "more.safetensors").write_bytes(b"")
    with pytest.raises(CheckpointRefused, match=r"judge/config\.json, unet/more\.safetensors: not"):
        check_folder(copy)


def test_pickled_weights_are_refused(copy: Path) -> None:
    (copy / CHECKSUMS).unlink()
    weights = copy / "unet" / "diffusion_pytorch_model.safetensors"
    weights.rename(weights.with_suffix(".bin"))
    with pytest.raises(
        CheckpointRefused,
        match=r"must be safetensors, found diffusion_pytorch_model\.bin; convert them once",
    ):
        check_folder(copy)


def test_a_folder_without_a_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointRefused, match=r"no model_index\.json; IMGGEN_MODEL_PATH must"):
        check_folder(tmp_path)


def test_a_folder_without_checksums_needs_none(copy: Path) -> None:
    (copy / CHECKSUMS).unlink()
    check_folder(copy)


def misshapen(folder: Path) -> None:
    """Says in a header that a tensor has another shape than its bytes."""
    data = (folder / UNET).read_bytes()
    (folder / UNET).write_bytes(data.replace(b'"shape":[64,32,3,3]', b'"shape":[64,16,3,3]', 1))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (misshapen, r"conv_in\.weight has a shape that does not fit its bytes"),
        (cut(UNET), r"unet/diffusion_pytorch_model\.safetensors: has \d+ bytes, and its header"),
        (cut(SECOND, 0.001), r"text_encoder_2/model\.safetensors: its \d+ bytes are no safeten"),
        (cut(UNET, 0), r"unet/diffusion_pytorch_model\.safetensors: its 0 bytes are no safeten"),
        (removed("vae"), r"vae: missing; model_index\.json lists it"),
        (removed(SECOND), r"text_encoder_2: weights must be safetensors, found none"),
        (removed("unet/config.json"), r"unet/config\.json: missing"),
        (cut("vae/config.json"), r"vae/config\.json: is not JSON, or cut off"),
        (removed("scheduler/scheduler_config.json"), r"scheduler/scheduler_config\.json: missing"),
        (removed("tokenizer_2"), r"tokenizer_2: missing; model_index\.json lists it"),
        (removed("tokenizer_2/tokenizer.json"), r"tokenizer_2: lacks vocab\.json and merges\.txt"),
        (removed("tokenizer/tokenizer_config.json"), r"tokenizer/tokenizer_config\.json: missing"),
        (
            cut("tokenizer_2/tokenizer.json"),
            r"tokenizer_2/tokenizer\.json: is not JSON, or cut off",
        ),
        (
            edited("model_index.json", tokenizer_2=[None, None]),
            r"model_index\.json: lists no tokenizer_2; SDXL needs one",
        ),
        (
            edited("text_encoder_2/config.json", vocab_size=1000),
            r"tokenizer_2/tokenizer\.json: has 2007 tokens up to number 2006; its encoder knows",
        ),
        (
            removed("feature_extractor/preprocessor_config.json"),
            r"feature_extractor/preprocessor_config\.json: missing",
        ),
        (
            edited("unet/config.json", in_channels=4),
            r"unet/config\.json: in_channels is 4, and the VAE of this checkpoint gives 32",
        ),
        (
            edited("text_encoder/config.json", hidden_size=64),
            r"cross_attention_dim is 256, and the text encoders of this checkpoint give 192",
        ),
        (
            reweighed(UNET, lambda each: each.update(extra=np.zeros(3, np.int8))),
            r"extra is I8; weights must be F16, BF16 or F32",
        ),
        (
            lambda folder: split_tokenizer(folder, 0.5),
            r"tokenizer_2/vocab\.json: \d+ of its 2007 tokens are made by no merge",
        ),
    ],
)
def test_a_damaged_part_is_refused_by_name(unsealed: Path, damage: Damage, message: str) -> None:
    damage(unsealed)
    with pytest.raises(CheckpointRefused, match=message):
        check_folder(unsealed)


def test_a_tokenizer_of_two_files_is_good(unsealed: Path) -> None:
    split_tokenizer(unsealed)
    check_folder(unsealed)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (
            reweighed(UNET, lambda each: each.update({"conv_in.weight": np.zeros((64, 4, 3, 3))})),
            r"unet: the weights do not fit config\.json: "
            r"conv_in\.weight is \[64, 4, 3, 3\], and must be \[64, 32, 3, 3\]",
        ),
        (
            reweighed(UNET, lambda each: each.pop("conv_out.bias")),
            r"unet: .* conv_out\.bias is missing",
        ),
        (
            reweighed(SECOND, lambda each: each.update(odd=np.zeros(1))),
            r"text_encoder_2: .* odd is not in the model",
        ),
        (
            reweighed(
                "image_encoder/model.safetensors",
                lambda each: each.update({"visual_projection.weight": np.zeros((256, 64))}),
            ),
            r"image_encoder: .* visual_projection\.weight is \[256, 64\], and must be \[256, 160\]",
        ),
        (
            edited("text_encoder_2/config.json", num_hidden_layers=2),
            r"text_encoder_2: .*encoder\.layers\.2\.\S+ is not in the model; .* and \d+ more",
        ),
        (
            edited("vae/config.json", block_out_channels=[16, 16]),
            r"vae: config\.json makes no AutoencoderKL",
        ),
        (
            edited("model_index.json", unet=["diffusers", "NoModel"]),
            r"unet: model_index\.json says diffusers\.NoModel, which is unknown",
        ),
    ],
)
def test_weights_that_do_not_fit_their_configuration_are_refused(
    unsealed: Path, damage: Damage, message: str
) -> None:
    damage(unsealed)
    checkpoint = check_folder(unsealed)
    with pytest.raises(CheckpointRefused, match=message):
        check_shapes(checkpoint)


def test_constants_in_old_files_are_no_reason_to_refuse(unsealed: Path) -> None:
    reweighed(
        SECOND, lambda each: each.update({"text_model.embeddings.position_ids": np.zeros(1)})
    )(unsealed)
    check_shapes(check_folder(unsealed))
