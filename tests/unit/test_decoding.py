"""Decoding: overflow in float16 is recognised, and what is no number is refused."""

import pickle
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch

from actors.engine.decoding import decode
from actors.engine.diffuser import Diffuser
from actors.engine.loading import load_pipeline
from actors.engine.render import PictureBroken, StepEvent
from actors.settings import DiffuserSettings
from imggen.v1.errors_pb2 import ErrorReason
from tests.unit.test_diffuser import REQUEST, difference, opened


@pytest.fixture
def pipeline() -> Any:
    """Returns a pipeline that the test may damage."""
    return load_pipeline(DiffuserSettings(device="cpu", torch_threads=1))


@pytest.fixture
def diffuser(pipeline: Any) -> Iterator[Diffuser]:
    diffuser = Diffuser(pipeline, model="storybook", preview_interval_s=0)
    yield diffuser
    diffuser.close()


def make_overflow(vae: Any) -> None:
    """Scales a layer of a VAE so that float16 cannot hold its output, as in SDXL's own VAE."""
    vae.decoder.conv_in.weight.data *= 20_000
    vae.half()
    assert torch.isfinite(vae.decoder.conv_in.weight).all()


@torch.no_grad()
def latents_of(pipeline: Any) -> torch.Tensor:
    config = pipeline.unet.config
    generator = torch.Generator().manual_seed(1)
    return torch.randn(1, config.in_channels, 8, 8, generator=generator)


def ours(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Returns the events that decoding has logged."""
    return [record.message for record in caplog.records if record.name == decode.__module__]


def test_the_vae_of_these_tests_overflows_in_float16(pipeline: Any) -> None:
    latents = latents_of(pipeline)
    make_overflow(pipeline.vae)
    with torch.no_grad():
        pixels = pipeline.vae.decode(latents.half(), return_dict=False)[0]
    assert not torch.isfinite(pixels).all()


def test_a_vae_that_overflows_in_float16_is_decoded_in_float32(
    pipeline: Any, caplog: pytest.LogCaptureFixture
) -> None:
    latents = latents_of(pipeline)
    make_overflow(pipeline.vae)
    picture = decode(pipeline, latents)
    assert pipeline.vae.dtype == torch.float32
    assert ours(caplog) == ["vae overflows"]
    assert decode(pipeline, latents) == picture
    assert ours(caplog) == ["vae overflows"]


def test_a_vae_that_says_that_it_overflows_is_never_decoded_in_float16(
    pipeline: Any, caplog: pytest.LogCaptureFixture
) -> None:
    pipeline.vae.register_to_config(force_upcast=True)
    make_overflow(pipeline.vae)
    decode(pipeline, latents_of(pipeline))
    assert pipeline.vae.dtype == torch.float32
    assert not ours(caplog)


def test_a_vae_that_does_not_overflow_stays_in_float16(pipeline: Any) -> None:
    pipeline.vae.half()
    decode(pipeline, latents_of(pipeline))
    assert pipeline.vae.dtype == torch.float16


def test_a_vae_in_float16_draws_nearly_the_same(pipeline: Any, diffuser: Diffuser) -> None:
    expected = opened(diffuser.render(REQUEST).png)
    pipeline.vae.half()
    assert difference(opened(diffuser.render(REQUEST).png), expected) < 1


def test_a_vae_with_a_value_that_is_no_number_draws_no_picture(
    pipeline: Any, diffuser: Diffuser
) -> None:
    pipeline.vae.decoder.conv_out.bias.data[0] = float("nan")
    with pytest.raises(PictureBroken, match=r"16384 of the model's 49152 pixels are not finite"):
        diffuser.render(REQUEST)


def test_a_unet_with_a_value_that_is_no_number_draws_no_picture_and_no_preview(
    pipeline: Any, diffuser: Diffuser
) -> None:
    pipeline.unet.conv_out.bias.data[0] = float("inf")
    steps: list[StepEvent] = []
    with pytest.raises(PictureBroken, match="of the model's 2048 latents are not finite"):
        diffuser.render(replace(REQUEST, previews=True), on_step=steps.append)
    assert {step.preview for step in steps} == {None}


def test_a_broken_picture_keeps_its_reason_between_processes() -> None:
    error = pickle.loads(pickle.dumps(PictureBroken("black")))
    assert (error.message, error.reason) == ("black", ErrorReason.ERROR_REASON_PICTURE_BROKEN)
