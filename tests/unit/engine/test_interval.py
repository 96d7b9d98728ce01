"""Guidance in a part of the noise levels: the row without the prompt is left out of the others."""

from dataclasses import replace
from math import inf
from typing import Any

import pytest
import torch
from diffusers import DDIMScheduler, EulerDiscreteScheduler
from diffusers.pipelines.stable_diffusion_xl.pipeline_stable_diffusion_xl import rescale_noise_cfg

from actors.engine.attention import use_row_attention
from actors.engine.batch import BatchedUNet
from actors.engine.loop import StepLoop
from actors.engine.preparing import prepare
from actors.engine.render import RenderRequest, Scheduler
from actors.engine.schedulers import new_scheduler, noise_levels
from actors.engine.text import encode
from tests.unit.engine.test_joined import adapted
from tests.unit.engine.tiny import WAIT_S, Asked, drawn
from tests.unit.tiny_sdxl import tiny_sdxl

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
LOW, HIGH = 0.5, 5.0
REQUEST = RenderRequest(
    *("a girl in a forest", "blurry", 64, 64, 8, 5.0, 0.7),
    seed=7,
    scheduler=Scheduler.EULER,
    guidance_interval=(LOW, HIGH),
)


@pytest.fixture(scope="module")
def pipeline() -> Any:
    torch.set_num_threads(1)
    tiny = tiny_sdxl()
    tiny.unet.double()
    return tiny


def by_diffusers_parts(pipeline: Any, request: RenderRequest) -> tuple[torch.Tensor, int]:
    """Draws by diffusers' scheduler and UNet, written out; returns its latents and the rows."""
    text = encode(pipeline, request.prompt, request.negative_prompt)
    scheduler = EulerDiscreteScheduler.from_config(pipeline.scheduler.config)
    scheduler.set_timesteps(request.steps)
    latents = torch.randn((1, 4, 8, 8), generator=torch.Generator().manual_seed(request.seed))
    latents = latents.double() * scheduler.init_noise_sigma
    sizes = torch.tensor([[64.0, 64, 0, 0, 64, 64]], dtype=torch.float64)
    rows = 0

    def predicted(hidden: torch.Tensor, pooled: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        nonlocal rows
        rows += 1
        found: torch.Tensor = pipeline.unet(
            scheduler.scale_model_input(latents, time),
            time,
            encoder_hidden_states=hidden.double(),
            added_cond_kwargs={"text_embeds": pooled.double(), "time_ids": sizes},
        ).sample
        return found

    with torch.no_grad():
        for time, sigma in zip(scheduler.timesteps, scheduler.sigmas, strict=False):
            noise = shown = predicted(text.prompt, text.pooled, time)
            if LOW < sigma <= HIGH:
                without = predicted(text.negative, text.negative_pooled, time)
                noise = without + request.guidance_scale * (shown - without)
                noise = rescale_noise_cfg(noise, shown, request.guidance_rescale)
            latents = scheduler.step(noise, time, latents).prev_sample
    return latents, rows


def test_it_is_a_loop_of_diffusers_parts(pipeline: Any) -> None:
    predictor = BatchedUNet(pipeline.unet)
    loop = StepLoop(predictor, max_rows=8)
    drawing = prepare(pipeline, REQUEST)
    drawing.latents = drawing.latents.double()
    drawing.rows = tuple(
        replace(row, prompt=row.prompt.double(), pooled=row.pooled.double()) for row in drawing.rows
    )
    latents = loop.add(drawing, lambda _: None).drawn.result(WAIT_S)
    loop.close()
    expected, rows = by_diffusers_parts(pipeline, REQUEST)
    assert torch.allclose(latents, expected, atol=1e-6 * float(expected.abs().max()))
    # Of 8 steps, some have two rows, and the others one.
    assert 8 < predictor.rows == rows < 16


@pytest.mark.parametrize("interval", [(0.0, inf), (0.0, 1e9)])
def test_an_interval_of_all_levels_guides_every_step(
    pipeline: Any, interval: tuple[float, float]
) -> None:
    drawing = prepare(pipeline, replace(REQUEST, guidance_interval=interval))
    rows = [len(replace(drawing, step=step).next_rows) for step in range(drawing.steps)]
    assert rows == [2] * 8


@pytest.mark.parametrize("name", list(Scheduler), ids=lambda it: it or "own")
def test_levels_are_those_of_diffusers(pipeline: Any, name: Scheduler) -> None:
    scheduler = new_scheduler(pipeline.scheduler, name)
    scheduler.set_timesteps(8)
    levels = noise_levels(scheduler, scheduler.timesteps)
    assert levels == sorted(levels, reverse=True)
    if (sigmas := getattr(scheduler, "sigmas", None)) is not None:
        # DPM++ rounds the times of Karras' levels.
        assert levels == pytest.approx(sigmas[:-1].tolist(), rel=0.01, abs=2e-3)


def test_a_picture_of_noise_alone_has_a_level() -> None:
    scheduler = DDIMScheduler(rescale_betas_zero_snr=True, timestep_spacing="trailing")
    scheduler.set_timesteps(4)
    first, *_ = noise_levels(scheduler, scheduler.timesteps)
    assert first == pytest.approx(4096, rel=1e-3)


def test_a_joined_drawing_is_the_same_as_alone_where_rows_come_and_go() -> None:
    torch.set_num_threads(1)
    unet = adapted(tiny_sdxl().unet)
    middle, late = (False, True, True, False), (False, False, False, True, True)
    requests = [
        Asked(1, steps=4, guided=middle, scales=(0.6, 0.3), rescale=0.7),
        Asked(2, steps=5, guided=late, arrives=1, chunks=2),
        Asked(3, steps=4, arrives=2, scales=(1.0,)),
        Asked(4, steps=3, guided=(False,) * 3),
    ]
    joined, predictor = drawn(unet, requests, dtype=torch.float64)
    assert predictor.rows == (4 + 2) + (5 + 2) + 2 * 4 + 3
    for request, latents in zip(requests, joined, strict=True):
        [alone], _ = drawn(unet, [request], dtype=torch.float64)
        assert float((latents - alone).abs().max() / alone.abs().max()) < 1e-8


def test_a_row_that_is_left_out_makes_room_for_another_drawing() -> None:
    unet = tiny_sdxl().unet.double()
    use_row_attention(unet)
    seen: list[int] = []
    requests = [Asked(seed, steps=3, guided=(False, False, False)) for seed in range(2)]
    _, predictor = drawn(
        unet, requests, dtype=torch.float64, max_rows=2, on_step=lambda *_: seen.append(1)
    )
    # One before the other came, two of both, and the last one of the other.
    assert (predictor.forwards, predictor.rows, len(seen)) == (4, 6, 6)
