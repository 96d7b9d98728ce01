"""Preparing: a request becomes a drawing, with all that its steps read."""

from typing import Any, TypeAlias

import torch

from actors.engine.adapter import Adapter
from actors.engine.attention import RowReference
from actors.engine.drawing import Drawing, Row
from actors.engine.guidance import Guidance
from actors.engine.lora import LoraSet, text_encoders
from actors.engine.origins import begin
from actors.engine.render import EVERYWHERE, EncoderChanged, RenderRequest, Scheduler
from actors.engine.schedulers import new_scheduler, noise_levels
from actors.engine.text import Embeddings, encode

NO_ADAPTER = "the model has no adapter that reads references; IMGGEN_ADAPTER names one"
References: TypeAlias = tuple[tuple[RowReference, ...], tuple[RowReference, ...]]
"""What the row with the prompt sees, and the one without it."""


@torch.no_grad()
def prepare(
    pipeline: Any,
    request: RenderRequest,
    references: References = ((), ()),
    loras: LoraSet | None = None,
) -> Drawing:
    """Reads the prompt of a request, and draws its noise; blocks.

    `references` are what `read_references` gives, and `loras` what its adapters make of the model:
    the text encoders have their weights meanwhile, so that no other thread may read a prompt. The
    drawing's steps are those of diffusers' pipeline for the same arguments. Raises ValueError for a
    size that is no multiple of 8.
    """
    check_size(request)
    with text_encoders(pipeline, loras):
        text = encode(pipeline, request.prompt, request.negative_prompt)
    distilled = pipeline.unet.config.time_cond_proj_dim
    is_guided = request.guidance_scale > 1 and distilled is None
    rows = _rows(request, text, references)
    # A worker of the version before sends a request without it.
    chosen = getattr(request, "scheduler", Scheduler.OWN)
    scheduler = new_scheduler(pipeline.scheduler, chosen)
    scheduler.set_timesteps(request.steps, device=pipeline.device)
    begun = begin(pipeline, scheduler, request, text.prompt.dtype)
    guidance = _guidance(request, scheduler, begun.timesteps) if is_guided else None
    return Drawing(
        begun.latents,
        scheduler,
        begun.timesteps,
        rows if is_guided else rows[-1:],
        guidance,
        _condition(pipeline, request, text.prompt) if distilled is not None else None,
        begun.kept,
        begun.generator,
        loras,
    )


def _rows(request: RenderRequest, text: Embeddings, references: References) -> tuple[Row, ...]:
    """Returns the row without the prompt, and the one with it."""
    shown, nothing = references
    sizes = _sizes(request, text.prompt)
    return (
        Row(text.negative[0], text.negative_pooled[0], sizes, nothing),
        Row(text.prompt[0], text.pooled[0], sizes, shown),
    )


def _guidance(request: RenderRequest, scheduler: Any, timesteps: torch.Tensor) -> Guidance:
    # A worker of the version before sends a request without it.
    interval = getattr(request, "guidance_interval", EVERYWHERE)
    steps = None
    if interval != EVERYWHERE:
        low, high = interval
        steps = tuple(low < level <= high for level in noise_levels(scheduler, timesteps))
    return Guidance(request.guidance_scale, request.guidance_rescale, steps)


def check_size(request: RenderRequest) -> None:
    """Raises ValueError for a size that a picture cannot have."""
    if request.width % 8 or request.height % 8:
        raise ValueError(
            f"size: width and height must be divisible by 8, not {request.width}x{request.height}"
        )


def read_references(adapter: Adapter | None, request: RenderRequest) -> References:
    """Returns what the row with the prompt sees of a request's references, and the one without.

    Raises EncoderChanged for references that the model cannot read.
    """
    if adapter is not None:
        return adapter.rows(request)
    if request.references:
        raise EncoderChanged(NO_ADAPTER)
    return (), ()


def _sizes(request: RenderRequest, like: torch.Tensor) -> torch.Tensor:
    """Returns the original size, the crop's corner and the target size, as SDXL reads them."""
    size = (request.height, request.width)
    return like.new_tensor([*size, 0, 0, *size])


def _condition(pipeline: Any, request: RenderRequest, like: torch.Tensor) -> torch.Tensor:
    scale = torch.tensor([request.guidance_scale - 1])
    width = pipeline.unet.config.time_cond_proj_dim
    condition: torch.Tensor = pipeline.get_guidance_scale_embedding(scale, embedding_dim=width)
    return condition.to(like)
