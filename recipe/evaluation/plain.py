"""Checks that diffusers' own classes load and run a checkpoint, without imggen's code."""

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import StableDiffusionXLImg2ImgPipeline, StableDiffusionXLInpaintPipeline
from numpy.typing import NDArray
from PIL import Image

from actors.storybook import GUIDANCE, RESCALE
from recipe.evaluation.fidelity import Upscale
from recipe.evaluation.report import Figure, Section
from recipe.evaluation.sampling import load_pipeline

ADAPTER = Path("ip_adapter") / "ip_adapter.safetensors"
"""The path of the IP-Adapter in a checkpoint."""
ENCODER = "image_encoder"
_CAPTION = "cartoon style, portrait of a young girl with long red hair, smiling, in a forest"
_STEPS = 4
_RANK = 2
Floats = NDArray[np.float32]


class Absent(Exception):
    """Raised when a checkpoint lacks the part that a check needs."""


@dataclass(frozen=True, slots=True)
class _Check:
    name: str
    run: Callable[[Path], None]


def plain_section(checkpoint: Path) -> Section:
    """Loads and runs the checkpoint in every diffusers pipeline and loader for its parts."""
    return Section("Plain diffusers", tuple(_figure(check, checkpoint) for check in _CHECKS))


def _figure(check: _Check, checkpoint: Path) -> Figure:
    try:
        check.run(checkpoint)
    except Absent as absent:
        return Figure(check.name, None, "", 1, missing=str(absent))
    except Exception as error:  # the report shows whatever diffusers raises
        return Figure(check.name, 0, "ok", 1, beside=f"{type(error).__name__}: {error}")
    return Figure(check.name, 1, "ok", 1)


def _text_to_image(checkpoint: Path) -> None:
    picture = _draw(load_pipeline(checkpoint))
    _expect(picture.shape == (256, 256, 3), f"the picture is {picture.shape}")
    _expect(float(picture.std()) > 0.02, "the picture is one colour")


def _image_to_image(checkpoint: Path) -> None:
    pipeline = load_pipeline(checkpoint, StableDiffusionXLImg2ImgPipeline)
    source = _image()
    near = _draw(pipeline, image=source, strength=0.3)
    far = _draw(pipeline, image=source, strength=1.0)
    start = np.asarray(source, np.float32) / np.float32(255)
    _expect(_distance(near, start) < _distance(far, start), "a low strength keeps too little")


def _inpaint(checkpoint: Path) -> None:
    pipeline = load_pipeline(checkpoint, StableDiffusionXLInpaintPipeline)
    try:
        _fill_half(pipeline)
    except ValueError as refused:
        # Diffusers 0.42 accepts a UNet for inpainting by its channels: only 4 or 9.
        pipeline.unet.register_to_config(in_channels=4)
        _fill_half(pipeline)
        raise ValueError(
            f"{refused} (After unet.register_to_config(in_channels=4) it runs.)"
        ) from refused


def _fill_half(pipeline: Any) -> None:
    source = _image()
    mask = np.zeros((256, 256), np.uint8)
    mask[:, 128:] = 255
    made = _draw(pipeline, image=source, mask_image=Image.fromarray(mask), strength=0.99)
    changed = np.abs(made - np.asarray(source, np.float32) / 255).mean(axis=(0, 2))
    _expect(float(changed[160:].mean()) > float(changed[:96].mean()), "the mask changes nothing")


def _ip_adapter(checkpoint: Path) -> None:
    pipeline = load_pipeline(checkpoint)
    load_adapter(pipeline, checkpoint)
    first = _draw(pipeline, ip_adapter_image=_image())
    second = _draw(pipeline, ip_adapter_image=_image().rotate(180))
    _expect(_distance(first, second) > 0, "the reference changes nothing")


def _lora(checkpoint: Path) -> None:
    pipeline = load_pipeline(checkpoint)
    before = _draw(pipeline)
    with tempfile.TemporaryDirectory() as folder:
        pipeline.save_lora_weights(folder, unet_lora_layers=_random_lora(pipeline.unet))
        pipeline.load_lora_weights(folder)
    _expect(_distance(_draw(pipeline), before) > 0, "the LoRA changes nothing")
    pipeline.unload_lora_weights()
    _expect(_distance(_draw(pipeline), before) < 1e-3, "the LoRA stays after it is unloaded")


_CHECKS = (
    _Check("StableDiffusionXLPipeline", _text_to_image),
    _Check("StableDiffusionXLImg2ImgPipeline", _image_to_image),
    _Check("StableDiffusionXLInpaintPipeline", _inpaint),
    _Check("load_ip_adapter", _ip_adapter),
    _Check("load_lora_weights", _lora),
)


def load_adapter(pipeline: Any, checkpoint: Path) -> None:
    """Gives a pipeline the checkpoint's IP-Adapter; raises Absent if it has none."""
    if not (checkpoint / ADAPTER).is_file():
        raise Absent(f"the checkpoint has no {ADAPTER.as_posix()}")
    pipeline.load_ip_adapter(
        str(checkpoint),
        subfolder=ADAPTER.parent.as_posix(),
        weight_name=ADAPTER.name,
        image_encoder_folder=f"./{ENCODER}",
    )


def time_section(checkpoint: Path, upscale: Upscale | None) -> Section:
    """Times the load, a picture of 256 pixels, and one delivered at 1024."""
    began = time.perf_counter()
    pipeline = load_pipeline(checkpoint)
    loaded = time.perf_counter() - began
    _draw(pipeline, steps=2)
    drawn, delivered = [], []
    for _ in range(3):
        began = time.perf_counter()
        picture = _draw(pipeline, steps=20)
        drawn.append(time.perf_counter() - began)
        if upscale is not None:
            upscale((picture * 255).round().astype(np.uint8))
            delivered.append(time.perf_counter() - began)
    threads = f"median of 3, {torch.get_num_threads()} threads"
    return Section(
        "Time",
        (
            Figure("load", loaded, "s", 3, at_most=True),
            Figure("256 px, 20 steps with guidance", _median(drawn), "s", 4, True, threads),
            Figure(
                "1024 px delivered",
                _median(delivered) if delivered else None,
                "s",
                8,
                at_most=True,
                beside=threads if delivered else "",
                missing="" if delivered else "no upscaler",
            ),
        ),
    )


def _draw(pipeline: Any, steps: int = _STEPS, **more: Any) -> Floats:
    size = {} if "image" in more else {"height": 256, "width": 256}
    made = pipeline(
        _CAPTION,
        num_inference_steps=steps,
        guidance_scale=GUIDANCE,
        guidance_rescale=RESCALE,
        output_type="np",
        generator=torch.Generator().manual_seed(0),
        **size,
        **more,
    ).images[0]
    return np.asarray(made, np.float32)


def _image() -> Image.Image:
    """Returns an arbitrary source picture: a sun above a field."""
    rows, columns = np.mgrid[0:256, 0:256]
    pixels = np.where((rows < 160)[..., None], (150, 200, 250), (70, 160, 60))
    pixels[np.hypot(rows - 70, columns - 180) < 40] = (250, 210, 60)
    return Image.fromarray(pixels.astype(np.uint8))


def _random_lora(unet: Any) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    layers = {}
    for name, module in unet.named_modules():
        if name.endswith(("attn2.to_q", "attn2.to_v")):
            rows, columns = module.weight.shape
            down = torch.randn(_RANK, columns, generator=generator) * 0.2
            layers[f"{name}.lora_A.weight"] = down
            layers[f"{name}.lora_B.weight"] = torch.randn(rows, _RANK, generator=generator) * 0.2
    return layers


def _expect(is_so: bool, otherwise: str) -> None:
    if not is_so:
        raise ValueError(otherwise)


def _distance(one: Floats, other: Floats) -> float:
    return float(np.abs(one - other).mean())


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]
