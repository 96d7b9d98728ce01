"""LoRA adapters: as diffusers draws them, swapped without a trace, and refused with a reason."""

import asyncio
import gc
import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, ExitStack, aclosing, contextmanager
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
from actors.engine.lora import LoraSet
from actors.engine.lora_cache import Loras, wanted_by
from actors.engine.lora_files import LoraFile
from actors.engine.preparing import prepare
from actors.engine.refusal import CheckpointRefused
from actors.engine.render import (
    EncoderChanged,
    LoraRefused,
    LoraReplaced,
    LorasBusy,
    LoraWeight,
    PlacedReference,
    RenderCancelled,
    RenderRequest,
)
from actors.settings import DiffuserSettings
from server.errors import Unavailable
from tests.unit.engine.tiny import WAIT_S
from tests.unit.tiny_lora import CONFIGURED, KOHYA, LAYOUTS, OLD, PEFT, save_lora
from tests.unit.tiny_sdxl import tiny_sdxl

pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    # peft's, of the second adapter in diffusers' own pipeline.
    pytest.mark.filterwarnings("ignore:Already found a `peft_config`:UserWarning"),
]
MANY_BYTES = 2**30
REQUEST = RenderRequest(
    prompt="a girl in a forest",
    negative_prompt="blurry",
    width=64,
    height=64,
    steps=3,
    guidance_scale=5.0,
    guidance_rescale=0.0,
    seed=7,
)
ONE = (LoraWeight("kohya.safetensors"),)
TWO = (LoraWeight("peft.safetensors", -0.6), LoraWeight("kohya.safetensors", 0.7))


@pytest.fixture(scope="module")
def pipeline() -> Any:
    torch.set_num_threads(1)
    tiny = tiny_sdxl()
    tiny.set_progress_bar_config(disable=True)
    return tiny


@pytest.fixture(scope="module")
def shared(pipeline: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns a folder with an adapter of each layout."""
    folder = tmp_path_factory.mktemp("loras")
    for seed, layout in enumerate(LAYOUTS):
        save_lora(folder / f"{layout}.safetensors", pipeline, layout, seed)
    return folder


@pytest.fixture
def loras(pipeline: Any, shared: Path) -> Loras:
    return Loras(pipeline, shared, MANY_BYTES)


@pytest.fixture
def diffuser(pipeline: Any, loras: Loras) -> Iterator[Diffuser]:
    diffuser = Diffuser(pipeline, model="sdxl", loras=loras, max_rows=16)
    yield diffuser
    diffuser.close()


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


def test_sets_in_use_are_never_let_go_and_others_in_their_order(
    pipeline: Any, shared: Path, loras: Loras
) -> None:
    first, second, third = ((LoraWeight("old.safetensors", weight),) for weight in (1.0, 2.0, 3.0))
    with loras.using(first) as made:
        assert made is not None
        room = made.bytes
    bounded = Loras(pipeline, shared, 2 * room)
    with bounded.using(first) as one:
        with bounded.using(second) as two:
            with pytest.raises(LorasBusy, match="other renders use"), bounded.using(third):
                pass
            with bounded.using(first) as again:
                assert again is one
        with bounded.using(third):
            assert bounded.bytes == 2 * room
    with bounded.using(first) as kept, bounded.using(second) as anew:
        assert kept is one
        assert anew is not two
    assert (bounded.bytes, bounded.in_use) == (2 * room, 0)


def test_what_is_larger_than_all_room_is_refused(pipeline: Any, shared: Path) -> None:
    size = (shared / "old.safetensors").stat().st_size
    for most, words in [(size - 1, f"has {size} bytes"), (size, "change takes")]:
        loras = Loras(pipeline, shared, most)
        with pytest.raises(LoraRefused, match=words), loras.using([LoraWeight("old.safetensors")]):
            pass


def test_a_file_that_changed_is_loaded_anew(pipeline: Any, tmp_path: Path) -> None:
    file = save_lora(tmp_path / "one.safetensors", pipeline, OLD, seed=1)
    wanted = [LoraWeight(file.name)]
    loras = Loras(pipeline, tmp_path, MANY_BYTES)
    with loras.using(wanted) as before:
        os.utime(file, ns=(0, 0))
        with loras.using(wanted) as touched:
            assert touched is before  # its bytes are the same
        save_lora(file, pipeline, OLD, seed=2)
        with loras.using(wanted) as changed:
            assert before is not None
            assert changed is not None
            assert changed.key != before.key
            layer = next(iter(before.weights))
            assert not torch.equal(before.weights[layer], changed.weights[layer])


def test_a_file_of_the_same_time_and_size_is_another(pipeline: Any, tmp_path: Path) -> None:
    file = save_lora(tmp_path / "one.safetensors", pipeline, OLD, seed=1)
    written = file.stat()
    other = save_lora(tmp_path / "two.safetensors", pipeline, OLD, seed=2).read_bytes()
    loras = Loras(pipeline, tmp_path, MANY_BYTES)
    with loras.using([LoraWeight(file.name)]) as before:
        file.write_bytes(other)  # as `cp -p` and `rsync --inplace -t` do
        os.utime(file, ns=(written.st_atime_ns, written.st_mtime_ns))
        assert (file.stat().st_ino, file.stat().st_size) == (written.st_ino, written.st_size)
        with loras.using([LoraWeight(file.name)]) as after:
            assert before is not None
            assert after is not None
            assert after.key != before.key


def test_a_file_that_is_replaced_while_it_is_read_is_tried_again(shared: Path) -> None:
    with pytest.raises(LoraReplaced, match=r"kohya\.safetensors was replaced") as raised:
        LoraFile(shared / "kohya.safetensors", {}).read("0" * 64)
    assert isinstance(raised.value, Unavailable)


def _sets() -> int:
    gc.collect()
    return sum(type(each) is LoraSet for each in gc.get_objects())


async def test_listeners_that_are_slow_keep_no_adapters_in_memory(
    pipeline: Any, shared: Path, loras: Loras
) -> None:
    with loras.using((LoraWeight("old.safetensors"),)) as made:
        assert made is not None
        room = made.bytes
    before = _sets()
    small = Loras(pipeline, shared, room)  # one set at a time
    diffuser = Diffuser(pipeline, model="sdxl", loras=small, max_rows=16)
    request = replace(REQUEST, steps=1)
    async with AsyncExitStack() as slow:
        for weight in (1.0, 2.0, 3.0):
            adapted = replace(request, loras=(LoraWeight("old.safetensors", weight),))
            events = await slow.enter_async_context(aclosing(diffuser.stream(adapted)))
            await anext(events)  # and no more than its first step
            await asyncio.to_thread(diffuser.render, request)
        assert _sets() <= before + 1
    diffuser.close()


class Slow(Loras):
    """Adapters on a disk that stands still until `go` is set."""

    def __init__(self, pipeline: Any, folder: Path) -> None:
        super().__init__(pipeline, folder, MANY_BYTES)
        self.began, self.go = threading.Event(), threading.Event()

    @contextmanager
    def using(self, wanted: Sequence[LoraWeight]) -> Iterator[LoraSet | None]:
        self.began.set()
        assert self.go.wait(WAIT_S)
        with super().using(wanted) as found:
            yield found


def test_requests_do_not_wait_for_a_file_that_another_one_loads(
    pipeline: Any, shared: Path
) -> None:
    slow = Slow(pipeline, shared)
    diffuser = Diffuser(pipeline, model="sdxl", loras=slow, max_rows=16)
    slow.go.set()
    kept = replace(REQUEST, loras=ONE)
    expected = [diffuser.render(one).png for one in (REQUEST, kept)]
    for event in (slow.began, slow.go):
        event.clear()
    with ThreadPoolExecutor(4) as callers:
        waiting = [callers.submit(diffuser.render, replace(REQUEST, loras=TWO)) for _ in range(2)]
        assert slow.began.wait(WAIT_S)
        others = [callers.submit(diffuser.render, one) for one in (REQUEST, kept)]
        try:
            found = [each.result(WAIT_S).png for each in others]
            assert not any(each.done() for each in waiting)
        finally:
            slow.go.set()
        first, second = (each.result(WAIT_S).png for each in waiting)
    diffuser.close()
    assert found == expected
    assert first == second not in expected
    assert slow.in_use == 0


def test_a_diffuser_that_closes_ends_requests_whose_files_are_loaded(
    pipeline: Any, shared: Path
) -> None:
    slow = Slow(pipeline, shared)
    diffuser = Diffuser(pipeline, model="sdxl", loras=slow, max_rows=16)
    with ThreadPoolExecutor(2) as callers:
        waiting = callers.submit(diffuser.render, replace(REQUEST, loras=TWO))
        assert slow.began.wait(WAIT_S)
        closing = callers.submit(diffuser.close)
        slow.go.set()
        closing.result(WAIT_S)
        assert isinstance(waiting.exception(WAIT_S), RenderCancelled | None)
    assert slow.in_use == 0
    with pytest.raises(RenderCancelled, match="closing"):
        diffuser.render(REQUEST)


def test_a_request_that_fails_after_its_file_is_loaded_gives_it_back(
    diffuser: Diffuser, loras: Loras
) -> None:
    with pytest.raises(EncoderChanged):
        diffuser.render(replace(REQUEST, loras=ONE, references=(PlacedReference(b""),)))
    assert loras.in_use == 0
    assert loras.bytes > 0


async def test_a_render_that_is_stopped_gives_its_adapters_back(
    diffuser: Diffuser, loras: Loras
) -> None:
    request = replace(REQUEST, steps=1000, loras=ONE)
    async with aclosing(diffuser.stream(request)) as events:
        await anext(events)
        assert loras.in_use == 1
    assert loras.in_use == 0
