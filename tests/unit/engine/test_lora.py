"""LoRA adapters: as diffusers draws them, swapped without a trace, and refused with a reason."""

import gc
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from actors.engine.batch import BatchedUNet
from actors.engine.diffuser import Diffuser
from actors.engine.drawing import Drawing
from actors.engine.loop import Entry, StepLoop
from actors.engine.lora_cache import Loras, wanted_by
from actors.engine.preparing import prepare
from actors.engine.refusal import CheckpointRefused
from actors.engine.render import (
    LoraRefused,
    LoraWeight,
    RenderRequest,
)
from actors.settings import DiffuserSettings
from tests.unit.engine.tiny import WAIT_S
from tests.unit.tiny_lora import (
    CONFIGURED,
    KOHYA,
    MANY_BYTES,
    OLD,
    ONE,
    PEFT,
    REQUEST,
    TWO,
    WARNINGS_OF_PEFT,
)
from tests.unit.tiny_sdxl import tiny_sdxl

pytestmark = WARNINGS_OF_PEFT


def drawn(pipeline: Any, loras: Loras, *asked: RenderRequest) -> tuple[list[torch.Tensor], int]:
    """Draws requests of which all but the first join after its first step; counts forwards."""
    predictor = BatchedUNet(pipeline.unet)
    loop = StepLoop(predictor, max_rows=16)
    entries: list[Entry] = []

    with ExitStack() as held:
        made = [
            prepare(pipeline, one, loras=held.enter_context(loras.using(one.loras)))
            for one in asked
        ]

        def join(it: Drawing) -> None:
            if it.step == 1:
                entries.extend(loop.add(each, lambda _: None) for each in made[1:])

        first = loop.add(made[0], join)
        latents = [first.drawn.result(WAIT_S)]
        latents += [entry.drawn.result(WAIT_S) for entry in entries]
        loop.close()
        predictor.forget()
    return latents, predictor.forwards


def _by_the_pipeline(folder: Path, request: RenderRequest) -> torch.Tensor:
    """Draws with a pipeline of its own, and adapters as diffusers loads them."""
    other = tiny_sdxl()
    other.set_progress_bar_config(disable=True)
    names = [one.name.partition(".")[0] for one in request.loras]
    for one, name in zip(request.loras, names, strict=True):
        other.load_lora_weights(str(folder), weight_name=one.name, adapter_name=name)
    other.set_adapters(names, [one.weight for one in request.loras])
    latents: torch.Tensor = other(
        request.prompt,
        negative_prompt=request.negative_prompt,
        width=request.width,
        height=request.height,
        num_inference_steps=request.steps,
        guidance_scale=request.guidance_scale,
        generator=torch.Generator("cpu").manual_seed(request.seed),
        output_type="latent",
    ).images
    return latents


@pytest.mark.parametrize(
    "adapters",
    [
        ONE,
        (LoraWeight(f"{PEFT}.safetensors", 0.5),),
        (LoraWeight(f"{OLD}.safetensors"),),
        (LoraWeight(f"{CONFIGURED}.safetensors", 1.5),),
        TWO,
    ],
    ids=[KOHYA, PEFT, OLD, CONFIGURED, "two"],
)
def test_adapters_draw_as_in_the_pipeline_alone_and_joined(
    pipeline: Any, shared: Path, loras: Loras, adapters: tuple[LoraWeight, ...]
) -> None:
    request = replace(REQUEST, loras=adapters)
    [alone, plain, joined], _ = drawn(pipeline, loras, request, REQUEST, request)
    expected = _by_the_pipeline(shared, request)
    near = 1e-4 * float(expected.abs().max())
    assert torch.allclose(alone, expected, atol=near)
    assert torch.allclose(joined, expected, atol=near)
    assert not torch.allclose(plain, expected, atol=100 * near)


def test_groups_take_turns_and_each_draws_as_alone(pipeline: Any, loras: Loras) -> None:
    plain, one, two = (replace(REQUEST, loras=each) for each in ((), ONE, TWO))
    others = [one, plain, two, one]
    joined, forwards = drawn(pipeline, loras, plain, *others)
    # One of the first alone, three of the plain ones, and three of either set.
    assert forwards == 1 + 3 + 3 + 3
    for request, latents in zip([plain, *others], joined, strict=True):
        [alone], _ = drawn(pipeline, loras, request)
        assert torch.allclose(latents, alone, atol=1e-4 * float(alone.abs().max()))


def test_the_order_in_which_adapters_are_named_changes_no_bytes(
    pipeline: Any, loras: Loras
) -> None:
    there, back = (replace(REQUEST, loras=each) for each in (TWO, TWO[::-1]))
    [[one], _], [[other], _] = drawn(pipeline, loras, there), drawn(pipeline, loras, back)
    assert torch.equal(one, other)


def _parameters() -> tuple[int, int]:
    """Returns how many weights there are in the process, and their bytes."""
    gc.collect()
    found = [each for each in gc.get_objects() if type(each) is nn.Parameter]
    return len(found), sum(each.nbytes for each in found)


def test_fifty_switches_leave_the_plain_model_and_no_memory(
    pipeline: Any, shared: Path, loras: Loras
) -> None:
    with loras.using(ONE) as made:
        assert made is not None
        room = made.bytes
    small = Loras(pipeline, shared, room)  # one set at a time, so that each is loaded anew
    diffuser = Diffuser(pipeline, model="sdxl", loras=small, max_rows=16)
    request = replace(REQUEST, steps=1, guidance_scale=1.0)
    adapted = [
        replace(request, loras=(LoraWeight(name, weight),))
        for name, weight in (("kohya.safetensors", 1.0), ("old.safetensors", 0.5))
    ]
    try:
        plain = diffuser.render(request).png
        others = [diffuser.render(one).png for one in adapted]
        assert len({plain, *others}) == 3
        diffuser.render(adapted[0])
        diffuser.unet.forget()
        before = _parameters()
        for switch in range(25):
            which = switch % 2
            assert diffuser.render(adapted[which]).png == others[which]
            assert diffuser.render(request).png == plain
        diffuser.render(adapted[0])
        diffuser.unet.forget()
        assert _parameters() == before
        assert (small.bytes, small.in_use) == (room, 0)
    finally:
        diffuser.close()


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ("missing.safetensors", '"missing.safetensors" is missing in the folder'),
        ("../kohya.safetensors", "is not the name of a file"),
        ("kohya.ckpt", "is not the name of a file"),
        ("flux.safetensors", "flux.safetensors is no adapter .* 0 of 2 keys match"),
        ("partly.safetensors", r"99 of 102 keys match; lora_\w+\.\w+ does not"),
        ("dora.safetensors", "keys match; .*dora_scale does not"),
        ("cut.safetensors", "cut.safetensors: .*cut off"),
        ("empty.safetensors", "0 of 0 keys match"),
        ("infinite.safetensors", "infinite.safetensors: .* not finite"),
    ],
)
def test_another_file_is_refused_and_others_go_on(
    pipeline: Any, shared: Path, tmp_path: Path, wanted: str, words: str
) -> None:
    _save_odd_files(shared / "kohya.safetensors", tmp_path)
    loras = Loras(pipeline, tmp_path, MANY_BYTES)
    diffuser = Diffuser(pipeline, model="sdxl", loras=loras, max_rows=16)
    request = replace(REQUEST, steps=1)
    try:
        with pytest.raises(LoraRefused, match=words):
            diffuser.render(replace(request, loras=(LoraWeight(wanted),)))
        assert diffuser.render(request).png
        assert (loras.bytes, loras.in_use) == (0, 0)
    finally:
        diffuser.close()


def _save_odd_files(good: Path, folder: Path) -> None:
    tensors = load_file(good)
    first = next(key for key in tensors if key.endswith("lora_down.weight"))
    layer = first.removesuffix(".lora_down.weight")
    (folder / "cut.safetensors").write_bytes(good.read_bytes()[:-9])
    flux = "lora_unet_double_blocks_0_img_attn_qkv.lora"
    odd = {
        "flux": {f"{flux}_{side}.weight": torch.zeros(4, 4) for side in ("down", "up")},
        "partly": tensors | {first: torch.zeros(3, 5)},
        "dora": tensors | {f"{layer}.dora_scale": torch.ones(4)},
        "empty": {},
        "infinite": tensors | {first: torch.full_like(tensors[first], float("nan"))},
    }
    for name, each in odd.items():
        save_file(each, folder / f"{name}.safetensors")


def test_names_of_the_original_unet_are_read(pipeline: Any, shared: Path, tmp_path: Path) -> None:
    name = "down_blocks_1_attentions_0_"
    original = {
        key.replace(name, "input_blocks_4_1_"): tensor
        for key, tensor in load_file(shared / "kohya.safetensors").items()
        if name in key
    }
    assert original
    save_file(original, tmp_path / "sgm.safetensors")
    with Loras(pipeline, tmp_path, MANY_BYTES).using([LoraWeight("sgm.safetensors")]) as made:
        assert made is not None
        assert all(it.name.startswith("down_blocks.1.attentions.0.") for it in made.weights)


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ((LoraWeight("old.safetensors", float("nan")),), "weighs nan"),
        ((LoraWeight("old.safetensors"),) * 2, "named twice"),
    ],
)
def test_a_set_that_makes_no_sense_is_refused(
    loras: Loras, wanted: tuple[LoraWeight, ...], words: str
) -> None:
    with pytest.raises(LoraRefused, match=words), loras.using(wanted):
        pass


def test_an_adapter_that_counts_for_nothing_is_left_out(loras: Loras) -> None:
    with loras.using([LoraWeight("old.safetensors", 0.0)]) as made:
        assert made is None


def test_a_worker_of_the_version_before_wants_none() -> None:
    assert wanted_by(cast(RenderRequest, object())) == ()


def test_without_a_folder_a_request_with_adapters_is_refused(pipeline: Any, tmp_path: Path) -> None:
    with pytest.raises(LoraRefused, match="IMGGEN_LORAS"), Loras(pipeline, None, 1).using(ONE):
        pass
    with pytest.raises(CheckpointRefused, match="IMGGEN_LORAS"):
        Loras(pipeline, tmp_path / "none", 1)


def test_a_diffuser_reads_the_folder_of_its_settings(
    pipeline: Any, shared: Path, tmp_path: Path
) -> None:
    pipeline.save_pretrained(tmp_path / "sdxl")
    settings = DiffuserSettings(
        model="sdxl",
        model_path=str(tmp_path / "sdxl"),
        adapter="none",
        device="cpu",
        torch_threads=1,
        loras=str(shared),
    )
    diffuser = Diffuser.load(settings)
    try:
        request = replace(REQUEST, steps=1)
        assert diffuser.render(replace(request, loras=ONE)).png != diffuser.render(request).png
    finally:
        diffuser.close()
    with pytest.raises(CheckpointRefused, match="IMGGEN_LORAS"):
        Diffuser.load(settings.model_copy(update={"loras": str(tmp_path / "none")}))
