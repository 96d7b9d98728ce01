"""The command: measures one batch size, and prints it with those measured before."""

import argparse
import platform
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from actors.engine.attention import use_row_attention
from actors.engine.compiling import CompiledBlocks
from benchmarks.diffuser_gpu import results
from benchmarks.diffuser_gpu.engine import Engine
from benchmarks.diffuser_gpu.measuring import Plan, measure, roof_tflops, snippet_s
from benchmarks.diffuser_gpu.model import SDXL_BASE, TINY, Architecture, build

COMPILED = (1, 4)
"""The batch sizes that are also measured compiled."""
_TINY_PLAN = Plan(steps=(2, 3, 4), rounds=2, arrivals=2, roof_side=64, compile_by="eager")
_ABOUT = """\
Measures the engine's step loop with the whole architecture of SDXL-base, random weights and random
embeddings in place of prompts (text encoders are under 0.5 TFLOP a picture), 1024x1024 in bfloat16,
guidance 7.5: seconds a step, pictures a second with B always in flight and the VAE beside, requests
that arrive at random at 0.7 of that, and the share of what a large product of matrices reaches. B =
1 and 4 are also measured with the blocks of the UNet compiled, as IMGGEN_COMPILE=blocks has them.
Beside them, the specification's example: diffusers' pipeline, float16, 50 steps, guidance 7.5, one
at a time.

One batch size takes under 7 minutes; the file keeps what was measured, and the table shows all of
it. Measure 1 first, then 4.
"""
_NEEDS = """\
error: torch finds no GPU with CUDA here; SDXL-base in two precisions needs one with 24 GB or more.
`--tiny` tries the commands on a CPU, with figures that say nothing of a GPU.
"""


def main(arguments: list[str] | None = None) -> int:
    """Runs the command and returns its exit status: 2 where there is no GPU."""
    options = _parser().parse_args(arguments)
    if not options.tiny and not torch.cuda.is_available():
        sys.stderr.write(_NEEDS)
        return 2
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    bench = Bench(TINY if options.tiny else SDXL_BASE, device, options.batch)
    for mode in _modes(options):
        run = bench.run(mode, _said)
        # Kept before the next mode, which may take longer than there is time.
        for line in results.table(results.keep(options.results, run)):
            print(line, flush=True)
    return 0


def _modes(options: argparse.Namespace) -> list[str]:
    if options.compile:
        return ["compiled"]
    return ["eager", "compiled"] if options.batch in COMPILED and not options.eager else ["eager"]


def _said(figures: dict[str, Any]) -> None:
    print("  ".join(f"{name} {value:.4g}" for name, value in figures.items()), flush=True)


class Bench:
    """Models on a device, and what is measured of them at a batch size."""

    def __init__(self, architecture: Architecture, device: torch.device, batch: int) -> None:
        self._architecture = architecture
        self._device = device
        self._batch = batch
        self._plan = _TINY_PLAN if architecture is TINY else Plan()
        is_gpu = device.type == "cuda"
        self._dtype = torch.bfloat16 if is_gpu else torch.float32
        self._pipeline = build(architecture, device, self._dtype)
        use_row_attention(self._pipeline.unet)
        theirs = build(architecture, device, torch.float16 if is_gpu else torch.float32)
        self._about = {
            "card": torch.cuda.get_device_name(device) if is_gpu else platform.machine(),
            "model": architecture.name,
            "dtype": str(self._dtype).removeprefix("torch."),
            "torch": torch.__version__,
            "batch": batch,
            "steps": list(self._plan.steps),
            "row_tflop": architecture.row_tflop,
            "vae_tflop": architecture.vae_tflop,
            "roof_tflops": roof_tflops(device, self._dtype, self._plan.roof_side),
            "snippet_s": snippet_s(architecture, theirs, self._plan.steps[-1]),
        }

    def run(self, mode: str, said: Callable[[dict[str, Any]], None]) -> results.Run:
        """Measures eager or compiled, and tells each figure at once."""
        compiled = None
        if mode == "compiled":
            compiled = CompiledBlocks(self._pipeline.unet, self._plan.compile_by)
        engine = Engine(self._architecture, self._pipeline, compiled, self._batch)
        run = {**self._about, "mode": mode}
        print(f"{mode}, B = {self._batch}", flush=True)
        try:
            for figures in measure(engine, self._plan, self._batch):
                said(figures)
                run |= figures
        finally:
            engine.close()
        if compiled is not None and not compiled.is_used:
            raise SystemExit("error: the compiler failed, so that nothing was measured compiled")
        return run


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.diffuser_gpu",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--batch", type=_positive, required=True, metavar="B", help="pictures in flight"
    )
    parser.add_argument(
        "--results",
        type=Path,
        default=Path("diffuser_gpu.json"),
        metavar="FILE",
        help="keeps what was measured (default: diffuser_gpu.json)",
    )
    modes = parser.add_mutually_exclusive_group()
    modes.add_argument("--eager", action="store_true", help="leave out what is compiled")
    modes.add_argument("--compile", action="store_true", help="measure only what is compiled")
    parser.add_argument("--tiny", action="store_true", help="a tiny model, to see that it runs")
    return parser


def _positive(text: str) -> int:
    """Reads a number of 1 or more; raises argparse.ArgumentTypeError."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'"{text}" is not a number of 1 or more')
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
