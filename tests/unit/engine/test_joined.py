"""Alone or joined while others run, a drawing is the same."""

from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.engine.attention import use_row_attention
from actors.engine.decoding import to_pixels
from actors.engine.render import Scheduler
from tests.unit.engine.compared import Compared, ssim
from tests.unit.engine.tiny import Asked, drawn, drawn_by
from tests.unit.tiny_adapter import tensors_of
from tests.unit.tiny_sdxl import tiny_sdxl

# SDXL's own schedulers, in diffusers 0.42 with numpy 2.4.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
NAMED = [Scheduler.EULER, Scheduler.DPM_KARRAS, Scheduler.DDIM]


@pytest.fixture(scope="module")
def pipeline() -> Any:
    """Returns a pipeline whose UNet has an adapter's layers."""
    torch.set_num_threads(1)
    pipeline = tiny_sdxl()
    _adapt(pipeline.unet)
    return pipeline


@pytest.fixture(scope="module")
def unet(pipeline: Any) -> Any:
    """Returns the UNet in double precision."""
    return deepcopy(pipeline.unet).double()


def adapted(unet: Any) -> Any:
    """Returns a UNet with an adapter's layers, in double precision."""
    _adapt(unet)
    return unet.double()


def _adapt(unet: Any) -> None:
    unet._load_ip_adapter_weights([_nested(tensors_of("base", unet))])
    use_row_attention(unet)


def _nested(tensors: dict[str, torch.Tensor]) -> dict[str, dict[str, torch.Tensor]]:
    nested: dict[str, dict[str, torch.Tensor]] = {"image_proj": {}, "ip_adapter": {}}
    for name, tensor in tensors.items():
        part, _, rest = name.partition(".")
        nested[part][rest] = tensor
    return nested


asked = st.builds(
    Asked,
    seed=st.integers(0, 2**31),
    steps=st.integers(1, 6),
    arrives=st.integers(0, 5),
    guidance=st.sampled_from([0.0, 1.0, 3.0, 7.5]),
    rescale=st.sampled_from([0.0, 0.7]),
    scheduler=st.sampled_from(NAMED),
    chunks=st.integers(1, 2),
    scales=st.sampled_from([(), (0.4,), (0.6, 0.3), (1.0, 0.0)]),
    side=st.sampled_from([8, 8, 16]),
    stops=st.sampled_from([0, 0, 1, 3]),
    previews=st.booleans(),
)
# The first one leads the others in, and is not cancelled.
crowds = st.lists(asked, min_size=2, max_size=5).map(
    lambda them: [replace(them[0], stops=0), *them[1:]]
)


def _finished(requests: list[Asked]) -> list[Asked]:
    return [replace(one, stops=0, previews=False) for one in requests if not one.is_stopped]


@settings(max_examples=10, deadline=None)
@given(crowds, st.integers(2, 16))
def test_a_drawing_is_the_same_alone_and_joined(
    unet: Any, requests: list[Asked], max_rows: int
) -> None:
    joined, _ = drawn(unet, requests, dtype=torch.float64, max_rows=max_rows)
    for request, latents in zip(_finished(requests), joined, strict=True):
        [alone], _ = drawn(unet, [request], dtype=torch.float64)
        assert latents.shape == alone.shape
        assert float((latents - alone).abs().max() / alone.abs().max()) < 1e-8


@settings(max_examples=10, deadline=None)
@given(crowds, st.integers(2, 16))
def test_in_single_precision_a_joined_drawing_differs_by_rounding_alone(
    pipeline: Any, requests: list[Asked], max_rows: int
) -> None:
    compared = Compared(pipeline.unet)
    joined = drawn_by(
        compared, requests, dtype=torch.float32, max_rows=max_rows, on_step=compared.after_step
    )
    assert compared.worst < 1e-4
    for request, latents in zip(_finished(requests), joined, strict=True):
        [alone], _ = drawn(pipeline.unet, [request], dtype=torch.float32)
        with torch.no_grad():
            shown, expected = (to_pixels(pipeline.vae, one) for one in (latents, alone))
        assert ssim(shown, expected) >= 0.999


@pytest.mark.parametrize(
    "other",
    [
        Asked(1, scales=(0.3, 0.5)),
        Asked(1, scales=(0.6, 0.1)),
        Asked(1, scales=(0.6,)),
        Asked(1, scales=()),
        Asked(1, scales=(0.6, 0.5), guidance=2.0),
        Asked(1, scales=(0.6, 0.5), guidance=1.0),
        Asked(1, scales=(0.6, 0.5), rescale=0.7),
        Asked(1, scales=(0.6, 0.5), swapped=True),
    ],
    ids=[
        "scale",
        "second scale",
        "one reference",
        "none",
        "guidance",
        "unguided",
        "rescale",
        "masks",
    ],
)
def test_two_joined_drawings_that_differ_in_one_thing_keep_it(unet: Any, other: Asked) -> None:
    one = Asked(1, scales=(0.6, 0.5))
    first, second = (drawn(unet, [each], dtype=torch.float64)[0][0] for each in (one, other))
    assert float((first - second).abs().max() / first.abs().max()) > 1e-3
    for pair, alone in (([one, other], [first, second]), ([other, one], [second, first])):
        joined, predictor = drawn(unet, pair, dtype=torch.float64)
        assert predictor.forwards == 4  # one before the other came, and its last one by itself
        for latents, expected in zip(joined, alone, strict=True):
            assert torch.allclose(
                latents, expected, rtol=0, atol=1e-8 * float(expected.abs().max())
            )


def test_two_joined_drawings_have_references_of_their_own(unet: Any) -> None:
    plain = Asked(1, scales=())
    strong, weak = Asked(1, scales=(1.0,)), Asked(1, scales=(0.3,))
    columns = Asked(1, scales=(1.0, 0.5))
    requests = [plain, strong, weak, columns]
    joined, predictor = drawn(unet, requests, dtype=torch.float64)
    assert predictor.forwards == 4  # one before the others came, and their last one without it
    for request, latents in zip(requests, joined, strict=True):
        [alone], _ = drawn(unet, [request], dtype=torch.float64)
        assert torch.allclose(latents, alone, atol=1e-9)
    differences = [(one - joined[0]).abs().max() for one in joined[1:]]
    assert min(differences) > 1e-3
    assert len({round(float(value), 6) for value in differences}) == 3


def test_eight_drawings_of_twenty_steps_take_few_forwards(unet: Any) -> None:
    requests = [Asked(seed, steps=20, arrives=seed) for seed in range(8)]
    _, predictor = drawn(unet, requests, dtype=torch.float64)
    # The last one comes after 7 steps; by turns it would be 160.
    assert predictor.forwards == 27


def test_guidance_of_one_or_less_needs_one_row(unet: Any) -> None:
    _, predictor = drawn(unet, [Asked(1, guidance=1.0)], dtype=torch.float64)
    assert (predictor.forwards, predictor.rows) == (3, 3)
