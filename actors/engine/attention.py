"""Attention in which each row of a batch looks at references of its own.

diffusers keeps the scale of an IP-Adapter on its attention processor and its masks on the call, so
that all rows of a forward share them. Here a forward is given `RowReferences`: pairs of a row and
a reference, each with its tokens, its scale and its columns. A row without references costs
nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from diffusers.image_processor import IPAdapterMaskProcessor
from torch import nn
from torch.nn.functional import linear, scaled_dot_product_attention


@dataclass(frozen=True, slots=True)
class RowReference:
    """A reference as a row of a batch sees it.

    `tokens` are (T, D), the projected embedding; `mask` is (H, W) in the picture's pixels, 1 where
    the reference is seen, and None where that is everywhere.
    """

    tokens: torch.Tensor
    scale: float
    mask: torch.Tensor | None = None


@dataclass(frozen=True, slots=True)
class RowReferences:
    """The references of all rows of a forward, in pairs.

    `rows` names the row of each pair, `tokens` are (pairs, T, D). `turns` are pairs of which no
    row has two: adding them to their rows turn by turn has one order, on a GPU, too.
    """

    rows: torch.Tensor
    tokens: torch.Tensor
    turns: Sequence[torch.Tensor]
    _shown: Sequence[RowReference]
    _weights: dict[int, torch.Tensor] = field(default_factory=dict)

    def weights(self, queries: int) -> torch.Tensor:
        """Returns how much each pair counts at each place of a layer, (pairs, queries, 1)."""
        if queries not in self._weights:
            columns = [_column(shown.mask, queries, self.tokens) for shown in self._shown]
            scales = self.tokens.new_tensor([shown.scale for shown in self._shown])
            self._weights[queries] = scales[:, None, None] * torch.stack(columns)[..., None]
        return self._weights[queries]


def row_references(rows: Sequence[Sequence[RowReference]]) -> RowReferences | None:
    """Returns the pairs of the references of each row; None where no row has one.

    References that count for nothing are left out, as diffusers skips a scale of 0.
    """
    pairs = [(row, shown) for row, each in enumerate(rows) for shown in each if shown.scale]
    if not pairs:
        return None
    tokens = torch.stack([shown.tokens for _, shown in pairs])
    numbers = torch.tensor([row for row, _ in pairs], device=tokens.device)
    turns: dict[int, list[int]] = {}
    for pair, (row, _) in enumerate(pairs):
        before = sum(other == row for other, _ in pairs[:pair])
        turns.setdefault(before, []).append(pair)
    in_turn = [torch.tensor(turn, device=tokens.device) for turn in turns.values()]
    return RowReferences(numbers, tokens, in_turn, [shown for _, shown in pairs])


def _column(mask: torch.Tensor | None, queries: int, like: torch.Tensor) -> torch.Tensor:
    if mask is None:
        return like.new_ones(queries)
    small: torch.Tensor = IPAdapterMaskProcessor.downsample(mask[None].float(), 1, queries, 1)
    return small.reshape(queries).to(like)


class RowAttention(nn.Module):
    """The attention of a transformer block of SDXL's UNet; stands in for diffusers' processors.

    `to_k` and `to_v` are the adapter's layers; a layer that reads no references has none. Where its
    layers are fused, one product makes query, key and value, unless one of them has another
    weight for a while.
    """

    def __init__(self, to_k: nn.Module | None = None, to_v: nn.Module | None = None) -> None:
        super().__init__()
        self.to_k = to_k
        self.to_v = to_v
        self._fused: torch.Tensor | None = None
        self._parts: tuple[nn.Parameter, ...] = ()

    def fuse(self, attn: Any) -> None:
        """Joins the weights of a block's layers, which become views of one: no memory is added.

        A block that reads a prompt has its query apart. Layers with a bias are left as they are.
        """
        layers = [attn.to_k, attn.to_v]
        if not attn.is_cross_attention:
            layers.insert(0, attn.to_q)
        if any(layer.bias is not None for layer in layers):
            return
        self._fused = torch.cat([layer.weight.detach() for layer in layers])
        sizes = [len(layer.weight) for layer in layers]
        for layer, part in zip(layers, torch.split(self._fused, sizes), strict=True):
            layer.weight = nn.Parameter(part, requires_grad=False)
        self._parts = tuple(layer.weight for layer in layers)

    def _read(
        self, attn: Any, hidden_states: torch.Tensor, read: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Returns query, key and value, each (rows, places, D)."""
        layers = [attn.to_q, attn.to_k, attn.to_v][-len(self._parts) :]
        is_own = all(layer.weight is part for layer, part in zip(layers, self._parts, strict=False))
        if self._fused is None or not is_own:
            return attn.to_q(hidden_states), attn.to_k(read), attn.to_v(read)
        sizes = [len(part) for part in self._parts]
        found = torch.split(linear(read, self._fused), sizes, dim=-1)
        return found if len(found) == 3 else (attn.to_q(hidden_states), *found)

    # diffusers reads from the signature of `__call__` which arguments a processor takes.
    def __call__(
        self,
        attn: Any,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        temb: torch.Tensor | None = None,
        references: RowReferences | None = None,
    ) -> torch.Tensor:
        """Attends (rows, queries, D) to itself or to (rows, keys, D); diffusers' own signature.

        `attention_mask` is a bias, (rows, 1, keys). `temb` is of no use to these blocks.
        """
        del temb
        read = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        query, key, value = (_heads(attn, each) for each in self._read(attn, hidden_states, read))
        bias = None if attention_mask is None else attention_mask[:, None]
        found = scaled_dot_product_attention(query, key, value, attn_mask=bias)
        seen = _joined(found)
        if references is not None and self.to_k is not None and self.to_v is not None:
            seen = self._refer(attn, query, seen, references)
        drawn: torch.Tensor = attn.to_out[0](seen)
        return drawn

    def _refer(
        self, attn: Any, query: torch.Tensor, seen: torch.Tensor, references: RowReferences
    ) -> torch.Tensor:
        assert self.to_k is not None
        assert self.to_v is not None
        key = _heads(attn, self.to_k(references.tokens))
        value = _heads(attn, self.to_v(references.tokens))
        found = _joined(scaled_dot_product_attention(query[references.rows], key, value))
        weighed = found * references.weights(found.shape[1])
        for turn in references.turns:
            seen = seen.index_add(0, references.rows[turn], weighed[turn])
        return seen


def _heads(attn: Any, values: torch.Tensor) -> torch.Tensor:
    """Returns (rows, heads, places, width of a head) of (rows, places, D)."""
    rows, places, _ = values.shape
    return values.reshape(rows, places, int(attn.heads), -1).transpose(1, 2)


def _joined(values: torch.Tensor) -> torch.Tensor:
    return values.transpose(1, 2).flatten(2)


def use_row_attention(unet: Any) -> None:
    """Gives a UNet this attention, with the layers of the adapter that was loaded into it, if any.

    The projection of embeddings into tokens leaves the UNet, which would repeat it at every step:
    take it with `projection_of` before.
    """
    unet.set_attn_processor(
        {name: _taken(processor) for name, processor in _processors(unet).items()}
    )
    unet.encoder_hid_proj = None
    unet.register_to_config(encoder_hid_dim_type=None)


def projection_of(unet: Any) -> nn.Module:
    """Returns what turns embeddings, (references, ...), into tokens, (references, T, D)."""
    layer: nn.Module = unet.encoder_hid_proj.image_projection_layers[0]
    return layer


def _processors(unet: Any) -> Mapping[str, Any]:
    found: Mapping[str, Any] = unet.attn_processors
    return found


def _taken(processor: Any) -> RowAttention:
    to_k, to_v = (getattr(processor, name, None) for name in ("to_k_ip", "to_v_ip"))
    return RowAttention(to_k[0], to_v[0]) if to_k and to_v else RowAttention()
