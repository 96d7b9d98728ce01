"""Drawings that step together step as each one's scheduler does."""

from copy import deepcopy
from typing import Any

import pytest
import torch
from diffusers import (
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
)
from diffusers.pipelines.stable_diffusion_xl.pipeline_stable_diffusion_xl import rescale_noise_cfg

from actors.engine.advancing import advance
from actors.engine.drawing import Drawing, Row
from actors.engine.guidance import Guidance, guided
from actors.engine.rules import rule_of

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
SHAPE = (4, 6, 5)
_ROW = Row(torch.zeros(0), torch.zeros(0), torch.zeros(0))
KINDS: dict[str, tuple[Any, dict[str, Any]]] = {
    "euler": (EulerDiscreteScheduler, {}),
    "euler karras": (EulerDiscreteScheduler, {"use_karras_sigmas": True}),
    "dpm++": (DPMSolverMultistepScheduler, {"use_karras_sigmas": True}),
    "dpm++ to a level": (DPMSolverMultistepScheduler, {"final_sigmas_type": "sigma_min"}),
    "ddim": (DDIMScheduler, {"clip_sample": False}),
    "ddim from noise": (
        DDIMScheduler,
        {
            "clip_sample": False,
            "rescale_betas_zero_snr": True,
            "timestep_spacing": "trailing",
        },
    ),
}

CASES = [
    (kind, predicts)
    for kind in KINDS
    for predicts in ("epsilon", "v_prediction")
    # Where there is noise alone, it does not tell the clean latents.
    if (kind, predicts) != ("ddim from noise", "epsilon")
]


def scheduled(kind: str, steps: int, start: int = 0, **more: Any) -> Any:
    """Returns a scheduler before the first step that is taken."""
    of, config = KINDS[kind]
    scheduler = of(**config, **more)
    scheduler.set_timesteps(steps)
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(start)
    return scheduler


def begun(scheduler: Any, start: int, dtype: torch.dtype) -> Drawing:
    latents = torch.randn(1, *SHAPE, dtype=torch.float64).to(dtype)
    return Drawing(latents, scheduler, scheduler.timesteps[start:], (_ROW,))


def same_memory(one: Any, other: Any) -> bool:
    """Returns whether two schedulers remember the same."""
    if isinstance(one, torch.Tensor):
        return one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same_memory, one, other))
    return bool(one == other)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16], ids=str)
@pytest.mark.parametrize(("kind", "predicts"), CASES)
def test_steps_together_are_those_of_each_scheduler(
    kind: str, predicts: str, dtype: torch.dtype
) -> None:
    torch.manual_seed(7)
    ways = [(6, 0), (20, 0), (9, 4), (1, 0), (2, 0)]
    drawings = [
        begun(scheduled(kind, steps, start, prediction_type=predicts), start, dtype)
        for steps, start in ways
    ]
    assert len({one.rule.key for one in drawings if one.rule}) == 1
    # One joins later, so that those of a step are at different times.
    waits = [drawings.pop(1)]
    for step in range(6):
        drawings += waits if step == 2 else []
        expected = [deepcopy(one) for one in drawings]
        for one in (*drawings, *expected):
            one.scaled()
        rows = [torch.randn(1, *SHAPE, dtype=torch.float64).to(dtype) for _ in drawings]
        assert not any(advance(drawings, rows))
        for one, by_itself, predicted in zip(drawings, expected, rows, strict=True):
            by_itself.advance(predicted)
            assert one.step == by_itself.step
            for name, value in vars(by_itself.scheduler).items():
                assert same(vars(one.scheduler)[name], value), name
            assert same(one.latents, by_itself.latents)
        drawings = [one for one in drawings if not one.is_done]


def same(one: Any, other: Any) -> bool:
    """Returns whether latents, or what schedulers remember, are the same.

    In bfloat16 on a CPU, torch rounds a scalar that comes first, which a GPU does not.
    """
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if not isinstance(one, torch.Tensor):
        return bool(one == other)
    if one.dtype == torch.bfloat16:
        return torch.allclose(one, other, rtol=0.02, atol=0.02 * float(other.abs().max()))
    return one.dtype == other.dtype and torch.equal(one, other)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16], ids=str)
def test_guidance_together_is_that_of_each(dtype: torch.dtype) -> None:
    torch.manual_seed(7)
    guidances = [Guidance(5.0, 0.7), None, Guidance(7.5), Guidance(1.5, 0.6)]
    rows = [
        torch.randn(2 if one else 1, *SHAPE, dtype=torch.float64).to(dtype) for one in guidances
    ]
    found = guided(guidances, rows)
    assert found.dtype == dtype
    for guidance, predicted, together in zip(guidances, rows, found[:, None].unbind(), strict=True):
        expected = predicted[-1:]
        if guidance is not None:
            without, shown = predicted.chunk(2)
            expected = without + guidance.scale * (shown - without)
            if guidance.rescale:
                expected = rescale_noise_cfg(expected, shown, guidance.rescale)
        off = float((together - expected).abs().max() / expected.abs().max())
        assert off <= 0.02
        if dtype != torch.bfloat16 or guidance is None or not guidance.rescale:
            assert torch.equal(together, expected)


@pytest.mark.parametrize(
    ("kind", "config"),
    [
        (EulerAncestralDiscreteScheduler, {}),
        (EulerDiscreteScheduler, {"prediction_type": "sample"}),
        (DDIMScheduler, {"clip_sample": True}),
        (DDIMScheduler, {"clip_sample": False, "thresholding": True}),
        (DPMSolverMultistepScheduler, {"solver_order": 3}),
        (DPMSolverMultistepScheduler, {"algorithm_type": "sde-dpmsolver++"}),
    ],
)
def test_other_schedulers_step_by_themselves(kind: Any, config: dict[str, Any]) -> None:
    scheduler = kind(**config)
    scheduler.set_timesteps(3)
    assert rule_of(scheduler) is None


def test_what_fails_together_fails_alone(caplog: pytest.LogCaptureFixture) -> None:
    drawings = [begun(scheduled("euler", 4), 0, torch.float32) for _ in range(3)]
    for one in drawings:
        one.scaled()
    rows = [torch.randn(1, *SHAPE) for _ in drawings]
    expected = deepcopy(drawings[2])
    expected.advance(rows[2])
    rows[1] = rows[1][..., :2]
    errors = advance(drawings, rows)
    assert [error is None for error in errors] == [True, False, True]
    assert [one.step for one in drawings] == [1, 0, 1]
    assert torch.equal(drawings[2].latents, expected.latents)
    assert [line.message for line in caplog.records] == ["steps apart"]
