"""Loading checkpoints of SDXL's architecture: variants, shards, single files."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from actors.engine.diffuser import Diffuser
from actors.engine.loading import load_pipeline
from actors.engine.refusal import CheckpointRefused
from actors.engine.render import RenderRequest
from actors.settings import DiffuserSettings
from actors.storybook import CHECKPOINT
from tests.unit.tiny_sdxl import save_as_one_file, tiny_sdxl

REQUEST = RenderRequest(
    prompt="a girl in a forest",
    negative_prompt="blurry",
    width=64,
    height=64,
    steps=2,
    guidance_scale=5.0,
    guidance_rescale=0.0,
    seed=7,
)
MODELS = ("unet", "vae", "text_encoder", "text_encoder_2")

# SDXL's own scheduler, in diffusers 0.42 with numpy 2.4.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(scope="module")
def tiny() -> Any:
    return tiny_sdxl()


@pytest.fixture
def folder(tiny: Any, tmp_path: Path) -> Path:
    tiny.save_pretrained(tmp_path / "plain")
    return tmp_path / "plain"


def settings(path: Path, **more: Any) -> DiffuserSettings:
    return DiffuserSettings(
        model="sdxl", model_path=str(path), device="cpu", torch_threads=1, **more
    )


def same_weights(one: Any, other: Any) -> bool:
    return all(
        torch.equal(tensor, getattr(other, part).state_dict()[name])
        for part in MODELS
        for name, tensor in getattr(one, part).state_dict().items()
    )


def test_a_folder_is_loaded_and_draws(folder: Path, tiny: Any) -> None:
    pipeline = load_pipeline(settings(folder))
    assert same_weights(tiny, pipeline)
    diffuser = Diffuser(pipeline, model="sdxl")
    assert diffuser.render(REQUEST).width == 64
    diffuser.close()


@pytest.mark.parametrize(
    ("variant", "shards"), [("fp16", {}), ("fp16", {"max_shard_size": "20KB"}), ("bf16", {})]
)
def test_a_folder_of_one_variant_is_loaded(
    tiny: Any, tmp_path: Path, variant: str, shards: dict[str, str]
) -> None:
    tiny.save_pretrained(tmp_path / "varied", variant=variant, **shards)
    assert not list(tmp_path.glob("varied/unet/diffusion_pytorch_model.safetensors"))
    assert same_weights(tiny, load_pipeline(settings(tmp_path / "varied")))


def test_a_folder_of_shards_is_loaded(tiny: Any, tmp_path: Path) -> None:
    tiny.save_pretrained(tmp_path / "shards", max_shard_size="20KB")
    assert len(list(tmp_path.glob("shards/unet/*-of-*.safetensors"))) > 1
    assert same_weights(tiny, load_pipeline(settings(tmp_path / "shards")))


def test_plain_weights_are_loaded_where_both_are_there(tiny: Any, folder: Path) -> None:
    for file in folder.rglob("*.safetensors"):
        twin = {name: torch.zeros_like(tensor) for name, tensor in load_file(file).items()}
        save_file(twin, file.with_suffix(".fp16.safetensors"))
    assert same_weights(tiny, load_pipeline(settings(folder)))


def test_a_part_without_the_variant_of_the_others_is_loaded(tiny: Any, folder: Path) -> None:
    file = folder / "unet" / "diffusion_pytorch_model.safetensors"
    file.rename(file.with_suffix(".fp16.safetensors"))
    assert same_weights(tiny, load_pipeline(settings(folder)))


def test_variants_that_do_not_fit_together_are_refused(folder: Path) -> None:
    for part, variant in (("unet", "fp16"), ("vae", "bf16")):
        file = folder / part / "diffusion_pytorch_model.safetensors"
        file.rename(file.with_suffix(f".{variant}.safetensors"))
    with pytest.raises(CheckpointRefused, match=r"no variant in common \(unet: fp16, vae: bf16"):
        load_pipeline(settings(folder))


@pytest.mark.parametrize("fate", ["missing", "cut off", "without a tensor"])
def test_a_shard_is_refused_by_name(tiny: Any, tmp_path: Path, fate: str) -> None:
    tiny.save_pretrained(tmp_path / "shards", max_shard_size="20KB")
    shard = sorted(tmp_path.glob("shards/unet/*-of-*.safetensors"))[1]
    match fate:
        case "missing":
            shard.unlink()
        case "cut off":
            shard.write_bytes(shard.read_bytes()[:-100])
        case _:
            name, *_ = tensors = load_file(shard)
            del tensors[name]
            save_file(tensors, shard)
    with pytest.raises(CheckpointRefused, match=rf"unet/{shard.name}: (missing|has|lacks)"):
        load_pipeline(settings(tmp_path / "shards"))


@pytest.fixture
def file(tiny: Any, tmp_path: Path) -> Path:
    save_as_one_file(tiny, tmp_path / "one.safetensors")
    return tmp_path / "one.safetensors"


def test_a_single_file_is_loaded(tiny: Any, folder: Path, file: Path) -> None:
    for weights in folder.rglob("*.safetensors"):
        weights.unlink()
    pipeline = load_pipeline(settings(file, single_file_configs=str(folder)))
    assert same_weights(tiny, pipeline)
    assert len(pipeline.tokenizer_2) == 2007
    diffuser = Diffuser(pipeline, model="sdxl")
    assert diffuser.render(REQUEST).width == 64
    diffuser.close()


def test_a_single_file_that_is_cut_off_is_refused(folder: Path, file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(CheckpointRefused, match=r"one\.safetensors: has \d+ bytes, and its header"):
        load_pipeline(settings(file, single_file_configs=str(folder)))


@pytest.mark.parametrize(
    ("prefix", "part"),
    [
        ("first_stage_model.", "vae"),
        ("conditioner.embedders.1.model.", "text_encoder_2"),
    ],
)
def test_a_single_file_without_a_part_is_refused(
    folder: Path, file: Path, prefix: str, part: str
) -> None:
    tensors = load_file(file)
    save_file({k: v for k, v in tensors.items() if not k.startswith(prefix)}, file)
    with pytest.raises(CheckpointRefused, match=rf"one\.safetensors: has no {part} "):
        load_pipeline(settings(file, single_file_configs=str(folder)))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("model.diffusion_model.input_blocks.0.0.weight", r"unet: .*conv_in\.weight is \[1\]"),
        ("first_stage_model.decoder.conv_in.weight", r"vae: .*decoder\.conv_in\.weight is \[1\]"),
        (
            "conditioner.embedders.1.model.ln_final.weight",
            r"text_encoder_2: .*final_layer_norm\.weight is \[1\]",
        ),
        (
            "conditioner.embedders.0.transformer.text_model.final_layer_norm.bias",
            r"text_encoder: .*final_layer_norm\.bias is \[1\]",
        ),
    ],
)
def test_a_single_file_of_another_shape_is_refused(
    folder: Path, file: Path, name: str, message: str
) -> None:
    tensors = load_file(file)
    assert name in tensors
    save_file(tensors | {name: torch.zeros(1)}, file)
    with pytest.raises(CheckpointRefused, match=message):
        load_pipeline(settings(file, single_file_configs=str(folder)))


def test_a_single_file_needs_configurations_and_tokenizers(folder: Path, file: Path) -> None:
    shutil.rmtree(folder / "tokenizer_2")
    with pytest.raises(CheckpointRefused, match=r"tokenizer_2/tokenizer_config\.json: missing"):
        load_pipeline(settings(file, single_file_configs=str(folder)))


@pytest.mark.parametrize(
    ("name", "message"),
    [("none.safetensors", "missing; IMGGEN_MODEL_PATH"), ("one.ckpt", "must be safetensors")],
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "one.ckpt").touch()
    with pytest.raises(CheckpointRefused, match=message):
        load_pipeline(settings(tmp_path / name))


def test_the_names_of_old_files_are_known(folder: Path, tiny: Any) -> None:
    file = folder / "vae" / "diffusion_pytorch_model.safetensors"
    old = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
    tensors = load_file(file)
    for new, name in old.items():
        tensors = {key.replace(f".{new}.", f".{name}."): each for key, each in tensors.items()}
    save_file(tensors, file)
    assert same_weights(tiny, load_pipeline(settings(folder)))


def test_a_folder_of_pickled_weights_is_not_loaded(tmp_path: Path) -> None:
    pickled = shutil.copytree(
        CHECKPOINT, tmp_path / "pickled", ignore=shutil.ignore_patterns("*.safetensors", "*.sha256")
    )
    for component, name in {
        "unet": "diffusion_pytorch_model.bin",
        "vae": "diffusion_pytorch_model.bin",
        "text_encoder": "pytorch_model.bin",
        "text_encoder_2": "pytorch_model.bin",
    }.items():
        torch.save({"weight": torch.zeros(1)}, pickled / component / name)
    with pytest.raises(CheckpointRefused, match="must be safetensors, found diffusion_pytorch"):
        Diffuser.load(DiffuserSettings(model_path=str(pickled)))


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointRefused, match=r"missing: no model_index\.json"):
        Diffuser.load(DiffuserSettings(model_path=str(tmp_path / "missing")))
