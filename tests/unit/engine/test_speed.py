"""The settings of speed draw the same picture."""

from typing import Any

import pytest
import torch
from torch import nn

from actors.engine.attention import RowAttention, use_row_attention
from actors.engine.batch import BatchedUNet
from actors.engine.preview import LinearDecoder
from actors.engine.speed import speed_up
from actors.settings import DiffuserSettings
from tests.unit.engine.test_joined import adapted
from tests.unit.engine.tiny import Asked, drawing
from tests.unit.tiny_sdxl import tiny_sdxl

FUSED = DiffuserSettings(fused_qkv=True)
CHANNELS_LAST = DiffuserSettings(channels_last=True)
ASKED = [Asked(1, scales=(0.6, 0.3)), Asked(2, chunks=2), Asked(3, guidance=1.0, scales=(1.0,))]


def step(unet: Any) -> torch.Tensor:
    """Returns what a UNet predicts for requests that differ in all that they can."""
    drawings = [drawing(one, unet.dtype) for one in ASKED]
    return torch.cat(BatchedUNet(unet).predict(drawings))


def pipeline(dtype: torch.dtype = torch.float32) -> Any:
    """Returns a tiny pipeline with an adapter's layers."""
    torch.set_num_threads(1)
    tiny = tiny_sdxl()
    adapted(tiny.unet).to(dtype)
    return tiny


@pytest.mark.parametrize("settings", [FUSED, CHANNELS_LAST], ids=["fused", "channels last"])
def test_a_step_is_the_same(settings: DiffuserSettings) -> None:
    tiny = pipeline()
    before = step(tiny.unet)
    speed_up(tiny, settings)
    after = step(tiny.unet)
    assert torch.allclose(after, before, atol=1e-4 * float(before.abs().max()))


def test_fusing_adds_no_memory_and_changes_no_weight() -> None:
    tiny = pipeline()
    before = {name: tensor.clone() for name, tensor in tiny.unet.state_dict().items()}
    speed_up(tiny, FUSED)
    after = tiny.unet.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    attn = tiny.unet.mid_block.attentions[0].transformer_blocks[0].attn1
    storages = {layer.weight.untyped_storage().data_ptr() for layer in (attn.to_q, attn.to_v)}
    assert len(storages) == 1


def test_a_fused_layer_draws_with_the_weight_that_it_has_for_a_while() -> None:
    tiny = pipeline()
    block = tiny.unet.mid_block.attentions[0].transformer_blocks[0]
    layers = [block.attn1.to_q, block.attn2.to_v]
    changed = [nn.Parameter(layer.weight.detach() * 2) for layer in layers]

    def with_others() -> torch.Tensor:
        own = [layer.weight for layer in layers]
        for layer, weight in zip(layers, changed, strict=True):
            layer.weight = weight
        drawn = step(tiny.unet)
        for layer, weight in zip(layers, own, strict=True):
            layer.weight = weight
        return drawn

    plain, other = step(tiny.unet), with_others()
    speed_up(tiny, FUSED)
    atol = 1e-4 * float(plain.abs().max())
    assert not torch.allclose(other, plain, atol=atol)
    assert torch.allclose(with_others(), other, atol=atol)
    assert torch.allclose(step(tiny.unet), plain, atol=atol)


def test_a_model_without_an_adapter_is_fused() -> None:
    tiny = tiny_sdxl()
    plain = [Asked(1), Asked(2, chunks=2)]

    def predicted() -> torch.Tensor:
        drawings = [drawing(one, torch.float32) for one in plain]
        return torch.cat(BatchedUNet(tiny.unet).predict(drawings))

    before = predicted()
    speed_up(tiny, FUSED)
    assert all(isinstance(one, RowAttention) for one in tiny.unet.attn_processors.values())
    assert torch.allclose(predicted(), before, atol=1e-4 * float(before.abs().max()))


def test_nothing_changes_by_default() -> None:
    tiny = pipeline()
    use_row_attention(tiny.unet)
    before = step(tiny.unet)
    speed_up(tiny, DiffuserSettings())
    assert torch.equal(step(tiny.unet), before)


def test_previews_are_fitted_to_a_model_with_its_channels_last() -> None:
    tiny = pipeline()
    speed_up(tiny, CHANNELS_LAST)
    decoder = LinearDecoder.fit(tiny)
    assert decoder is not None
    assert decoder.image(torch.randn(1, 4, 8, 8)).size == (64, 64)
