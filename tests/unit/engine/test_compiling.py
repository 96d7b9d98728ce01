"""Compiled blocks draw the same, are compiled before a diffuser is ready, and never after."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn
from torch._inductor.exc import InductorError

from actors.engine.batch import BatchedUNet
from actors.engine.compiling import CompiledBlocks, kinds
from actors.engine.diffuser import Diffuser
from actors.engine.lora import Lora, LoraSet
from actors.engine.lora_files import Layer
from actors.engine.profiles import profile
from actors.engine.speed import speed_up
from actors.settings import DiffuserSettings
from server.domain.models import Size
from tests.unit.engine.test_joined import adapted
from tests.unit.engine.tiny import WIDTH, Asked, drawing, drawn_by
from tests.unit.tiny_sdxl import tiny_sdxl

# SDXL's own schedulers, in diffusers 0.42 with numpy 2.4.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
BATCHES = [
    [Asked(1, guidance=1.0)],
    [Asked(2, scales=(0.6, 0.3)), Asked(3, chunks=2), Asked(4, guidance=1.0, scales=(1.0,))],
    [Asked(5, side=16), Asked(6, side=16, scales=(0.5,), swapped=True)],
    [Asked(7, scales=(0.5, 0.5, 0.5))],
    [Asked(8, guidance=1.0, scales=(0.5,), side=12)],
    [Asked(seed) for seed in range(9, 14)],
]
"""Requests that differ in all that they can, several sizes, and one row to ten."""


class Counted:
    """A compiler that makes nothing faster: counts what it compiles, and what of it runs."""

    def __init__(self) -> None:
        self.compiled = 0
        self.runs = 0
        self.fails: Callable[[], None] = lambda: None
        self.begins: Callable[[Sequence[Any]], None] = lambda _: None
        """Called before what was compiled runs, with its inputs."""

    def __call__(self, graph: Any, _: Sequence[torch.Tensor]) -> Callable[..., Any]:
        self.fails()
        self.compiled += 1

        def run(*inputs: Any) -> Any:
            self.begins(inputs)
            self.runs += 1
            return graph(*inputs)

        return run


@pytest.fixture(scope="module", autouse=True)
def _forgotten() -> Iterator[None]:
    """Lets torch forget the versions of other tests, which have the same code."""
    torch.set_num_threads(1)
    torch.compiler.reset()
    yield
    torch.compiler.reset()


def predicted(unet: BatchedUNet, asked: Sequence[Asked]) -> torch.Tensor:
    return torch.cat(unet.predict([drawing(one, torch.float64) for one in asked]))


def blocks_of(unet: Any) -> int:
    """Returns how many blocks a forward runs."""
    return sum(type(module).__name__ == "BasicTransformerBlock" for module in unet.modules())


WORN = (0, 1, 2, 0, 1, 2)
"""Which set of LoRA adapters each of some forwards has; 0 for none."""


def worn(model: BatchedUNet, sets: Sequence[LoraSet | None]) -> list[torch.Tensor]:
    """Returns what a model predicts with one set of adapters after the other."""
    found = []
    for loras in sets:
        drawings = [drawing(one, torch.float64) for one in BATCHES[1]]
        for it in drawings:
            it.loras = loras
        found.append(torch.cat(model.predict(drawings)))
    model.forget()
    return found


def same(found: Sequence[torch.Tensor], expected: Sequence[torch.Tensor]) -> bool:
    """Returns whether predictions differ by less than 1e-8 of the largest."""
    pairs = zip(found, expected, strict=True)
    return all((one - other).abs().max() <= 1e-8 * other.abs().max() for one, other in pairs)


def test_every_batch_is_drawn_by_what_was_compiled_before_and_is_the_same() -> None:
    unet = adapted(tiny_sdxl().unet)
    loras = [None, _loras(unet, 1), _loras(unet, 2)]
    sets = [loras[number] for number in WORN]
    eager = [predicted(BatchedUNet(unet), asked) for asked in BATCHES]
    changed = worn(BatchedUNet(unet), sets)
    assert not torch.allclose(changed[0], changed[1])
    compiler = Counted()
    blocks = CompiledBlocks(unet, backend=compiler)
    model = BatchedUNet(unet, blocks)
    for batch in kinds(drawing(Asked(1), unet.dtype), torch.randn(4, WIDTH).to(unet.dtype), 8):
        model.predict(batch)
    blocks.ready()
    made, compiler.runs = compiler.compiled, 0
    assert same([predicted(model, asked) for asked in BATCHES], eager)
    assert compiler.runs == len(BATCHES) * blocks_of(unet)
    # Adapters change the numbers that a version reads, and not the version.
    compiler.runs = 0
    assert same(worn(model, sets), changed)
    assert compiler.runs == len(sets) * blocks_of(unet)
    assert compiler.compiled == made <= 16
    assert blocks.is_used


def test_fused_layers_that_an_adapter_changes_run_as_they_are_written() -> None:
    tiny = tiny_sdxl()
    unet = adapted(tiny.unet)
    speed_up(tiny, DiffuserSettings(fused_qkv=True))
    loras = [None, _loras(unet, 1), _loras(unet, 2)]
    sets = [loras[number] for number in WORN]
    changed = worn(BatchedUNet(unet), sets)
    compiler = Counted()
    blocks = CompiledBlocks(unet, backend=compiler)
    model = BatchedUNet(unet, blocks)
    worn(model, sets[:1])
    blocks.ready()
    made, compiler.runs = compiler.compiled, 0
    assert same(worn(model, sets), changed)
    assert compiler.compiled == made
    assert compiler.runs == WORN.count(0) * blocks_of(unet)
    assert blocks.is_used


def _loras(unet: Any, number: int) -> LoraSet:
    """Returns a set that changes the weights of some layers of each block."""
    changed = {
        Layer("unet", name): nn.Parameter(module.weight.detach() * (1 + 0.1 * (number + 1)))
        for name, module in unet.named_modules()
        if isinstance(module, nn.Linear) and name.endswith(("to_q", "to_v", "ff.net.2"))
    }
    return LoraSet((Lora(f"{number}.safetensors", str(number), 1.0),), changed)


def test_a_kind_that_has_no_version_runs_as_it_is_written() -> None:
    unet = adapted(tiny_sdxl().unet)
    expected = predicted(BatchedUNet(unet), BATCHES[0])
    compiler = Counted()
    blocks = CompiledBlocks(unet, backend=compiler)
    blocks.ready()
    assert torch.equal(predicted(BatchedUNet(unet, blocks), BATCHES[0]), expected)
    assert compiler.compiled == compiler.runs == 0
    assert blocks.is_used


def test_a_compiler_that_fails_leaves_the_model_as_it_is_written(
    caplog: pytest.LogCaptureFixture,
) -> None:
    unet = adapted(tiny_sdxl().unet)
    expected = predicted(BatchedUNet(unet), BATCHES[0])
    compiler = Counted()

    def fail() -> None:
        raise FileNotFoundError("g++")

    compiler.fails = fail
    blocks = CompiledBlocks(unet, backend=compiler)
    model = BatchedUNet(unet, blocks)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            assert torch.equal(predicted(model, BATCHES[0]), expected)
    blocks.ready()
    assert not blocks.is_used
    lines = [one for one in caplog.records if one.name == "actors.engine.compiling"]
    assert [one.getMessage() for one in lines] == ["compiled blocks fail, draws without"]


NO_MEMORY = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    torch.AcceleratorError("CUDA error: out of memory"),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    RuntimeError("cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED"),
    RuntimeError("Triton Error [CUDA]: out of memory"),
    RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"),
    InductorError(MemoryError(), None),
    MemoryError(),
]
"""What is raised within a compiled block where memory runs out, by torch and the libraries."""


@pytest.mark.parametrize("error", [*NO_MEMORY, RuntimeError("CUDA error: gone")], ids=repr)
def test_what_is_no_fault_of_the_compiler_is_raised(error: Exception) -> None:
    unet = adapted(tiny_sdxl().unet)
    blocks = CompiledBlocks(unet, backend=Counted())
    errors = [error]

    def forward() -> None:
        # Without the compiler it would have found memory: less of it is in use.
        if errors:
            raise errors.pop()

    with pytest.raises(type(error)):
        blocks.run(forward)
    assert blocks.is_used


@pytest.mark.parametrize("error", [NO_MEMORY[0], NO_MEMORY[2]], ids=["torch", "cuBLAS"])
def test_where_memory_runs_out_in_a_compiled_block_the_batch_is_halved(error: Exception) -> None:
    unet, compiler = adapted(tiny_sdxl().unet), Counted()
    asked = [Asked(seed, steps=1) for seed in range(4)]
    expected = drawn_by(BatchedUNet(unet), asked[:1], dtype=torch.float64)
    blocks = CompiledBlocks(unet, backend=compiler)
    largest: list[int] = []

    def tight(inputs: Sequence[Any]) -> None:
        rows = max(each.shape[0] for each in inputs if getattr(each, "ndim", 0) == 3)
        if rows > 4:
            raise error
        largest.append(rows)

    compiler.begins = tight
    latents = drawn_by(BatchedUNet(unet, blocks), asked, dtype=torch.float64)
    assert same(latents[:1], expected)
    assert set(largest) == {2, 4}  # the first is alone, the others are three
    assert blocks.is_used


def test_a_request_that_fails_without_them_too_fails_alone() -> None:
    blocks = CompiledBlocks(adapted(tiny_sdxl().unet), backend=Counted())

    def poison() -> None:
        raise ValueError("poison")

    with pytest.raises(ValueError, match="poison"):
        blocks.run(poison)
    assert blocks.is_used


def test_a_diffuser_compiles_before_it_is_ready_and_not_after() -> None:
    pipeline, compiler = tiny_sdxl(), Counted()
    compiled = CompiledBlocks(pipeline.unet, backend=compiler)
    warm_ups = profile("sdxl").warm_ups([Size(64, 64), Size(96, 64)])
    diffuser = Diffuser(pipeline, model="sdxl", max_rows=4, warm_ups=warm_ups, compiled=compiled)
    diffuser.warm()
    made, compiler.runs = compiler.compiled, 0
    request = replace(warm_ups[1], steps=2, guidance_scale=0.0)
    assert diffuser.render(request).png
    diffuser.close()
    assert compiler.compiled == made
    assert compiler.runs == 2 * blocks_of(pipeline.unet)


def test_a_diffuser_is_ready_though_its_largest_step_has_no_memory() -> None:
    pipeline, compiler = tiny_sdxl(), Counted()

    def tight(inputs: Sequence[Any]) -> None:
        if max(each.shape[0] for each in inputs if getattr(each, "ndim", 0) == 3) > 2:
            raise RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate`")

    compiler.begins = tight
    compiled = CompiledBlocks(pipeline.unet, backend=compiler)
    warm_ups = profile("sdxl").warm_ups([Size(64, 64)])
    diffuser = Diffuser(pipeline, model="sdxl", max_rows=4, warm_ups=warm_ups, compiled=compiled)
    diffuser.warm()
    assert diffuser.render(replace(warm_ups[0], steps=1)).png
    diffuser.close()
    assert compiled.is_used


def test_blocks_are_compiled_by_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    assert speed_up(tiny_sdxl(), DiffuserSettings()) is None
    monkeypatch.setenv("IMGGEN_COMPILE", "blocks")
    assert speed_up(tiny_sdxl(), DiffuserSettings()) is not None
