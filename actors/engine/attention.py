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
from diffusers.models import Transformer2DModel
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
class PlacedReferences:
    """The references of all rows of a forward, in pairs, as a layer of some size reads them.

    `rows` names the row of each pair, `tokens` are (pairs, T, D), and `weights` how much each pair
    counts at each place, (pairs, places, 1). `turns` is the turn of each pair, in order and on the
    CPU: no row has two pairs in a turn.
    """

    rows: torch.Tensor
    tokens: torch.Tensor
    weights: torch.Tensor
    turns: torch.Tensor


@dataclass(frozen=True, slots=True)
class RowReferences:
    """The references of all rows of a forward, for layers of every size."""

    rows: torch.Tensor
    tokens: torch.Tensor
    turns: torch.Tensor
    _shown: Sequence[RowReference]
    _placed: dict[int, PlacedReferences] = field(default_factory=dict)

    def at(self, places: int) -> PlacedReferences:
        """Returns what a layer of so many places reads."""
        if places not in self._placed:
            columns = [_column(shown.mask, places, self.tokens) for shown in self._shown]
            scales = self.tokens.new_tensor([shown.scale for shown in self._shown])
            weights = scales[:, None, None] * torch.stack(columns)[..., None]
            placed = PlacedReferences(self.rows, self.tokens, weights, self.turns)
            self._placed[places] = placed
        return self._placed[places]


def row_references(rows: Sequence[Sequence[RowReference]]) -> RowReferences | None:
    """Returns the pairs of the references of each row; None where no row has one.

    References that count for nothing are left out, as diffusers skips a scale of 0.
    """
    counted = [[shown for shown in each if shown.scale] for each in rows]
    pairs = [
        (turn, row, shown) for row, each in enumerate(counted) for turn, shown in enumerate(each)
    ]
    if not pairs:
        return None
    pairs.sort(key=lambda pair: pair[:2])
    tokens = torch.stack([shown.tokens for _, _, shown in pairs])
    return RowReferences(
        torch.tensor([row for _, row, _ in pairs], device=tokens.device),
        tokens,
        torch.tensor([turn for turn, _, _ in pairs]),
        [shown for _, _, shown in pairs],
    )


def _column(mask: torch.Tensor | None, places: int, like: torch.Tensor) -> torch.Tensor:
    if mask is None:
        return like.new_ones(places)
    small: torch.Tensor = IPAdapterMaskProcessor.downsample(mask[None].float(), 1, places, 1)
    return small.reshape(places).to(like)


def refer(
    seen: torch.Tensor,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    rows: torch.Tensor,
    weights: torch.Tensor,
    turns: torch.Tensor,
) -> torch.Tensor:
    """Adds to what rows have seen, (rows, places, D), what they see of their references.

    Turn by turn, so that a row's sum has one order, on a GPU, too.
    """
    found = _joined(scaled_dot_product_attention(query[rows], key, value)) * weights
    at = 0
    for count in torch.bincount(turns).tolist():
        turn = slice(at, at + count)
        seen = seen.index_add(0, rows[turn], found[turn])
        at += count
    return seen


# One operation to the compiler, which would make another version for each number of turns.
_compiled_refer: Any = torch.library.custom_op("imggen::refer", refer, mutates_args=())
_compiled_refer.register_fake(lambda seen, *_: torch.empty_like(seen))


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
        references: PlacedReferences | None = None,
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
        self, attn: Any, query: torch.Tensor, seen: torch.Tensor, references: PlacedReferences
    ) -> torch.Tensor:
        assert self.to_k is not None
        assert self.to_v is not None
        key = _heads(attn, self.to_k(references.tokens))
        value = _heads(attn, self.to_v(references.tokens))
        add = _compiled_refer if torch.compiler.is_compiling() else refer
        added: torch.Tensor = add(
            seen, query, key, value, references.rows, references.weights, references.turns
        )
        return added


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
    for module in unet.modules():
        if isinstance(module, Transformer2DModel):
            module.register_forward_pre_hook(_place, with_kwargs=True)


def _place(_: Any, inputs: tuple[Any, ...], given: dict[str, Any]) -> tuple[Any, Any]:
    """Gives the blocks of a transformer the references of its size, before they run."""
    attended = given.get("cross_attention_kwargs") or {}
    references = attended.get("references")
    if isinstance(references, RowReferences):
        height, width = inputs[0].shape[-2:]
        placed = references.at(height * width)
        given = given | {"cross_attention_kwargs": attended | {"references": placed}}
    return inputs, given


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
