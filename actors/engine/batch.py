"""Batches: the rows of several drawings in one forward of the UNet, each at its own time."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from actors.engine.attention import RowReferences, row_references
from actors.engine.compiling import CompiledBlocks
from actors.engine.drawing import Drawing, scaled_together
from actors.engine.lora import Wearing
from actors.engine.streams import settle


@dataclass(frozen=True, slots=True)
class _Fixed:
    """What stays as long as a batch has the same rows of the same drawings."""

    places: torch.Tensor
    """Which of the drawings each row is of."""
    prompts: torch.Tensor
    mask: torch.Tensor | None
    added: dict[str, torch.Tensor]
    condition: torch.Tensor | None
    references: RowReferences | None


class BatchedUNet:
    """Predicts for several drawings at once; they have one size and one set of LoRA adapters.

    `forwards` counts the forwards, and `rows` the rows that were in them. `compiled` are the blocks
    of the UNet where they were compiled.
    """

    def __init__(self, unet: Any, compiled: CompiledBlocks | None = None) -> None:
        self.forwards = 0
        self._compiled = compiled
        self.rows = 0
        self._unet = unet
        self._wearing = Wearing(unet)
        self._of: tuple[tuple[Drawing, int], ...] = ()
        self._fixed: _Fixed | None = None

    @torch.no_grad()
    def predict(self, drawings: Sequence[Drawing]) -> list[torch.Tensor]:
        """Returns what the UNet predicts for the next rows of each drawing, (its rows, C, h, w)."""
        self._wearing.wear(drawings[0].loras)
        counts = [len(drawing.next_rows) for drawing in drawings]
        fixed = self._fix(tuple(zip(drawings, counts, strict=True)))
        # Latents that a VAE gave may have their channels last, which convolutions round otherwise;
        # those of a record have not.
        sample = scaled_together(drawings)[fixed.places].contiguous()
        times: list[float] = []
        for drawing, count in zip(drawings, counts, strict=True):
            times += [drawing.time] * count
        attended = {"references": fixed.references} if fixed.references else None
        forward = partial(
            self._unet,
            sample,
            torch.tensor(times, dtype=torch.float32).to(sample.device),
            encoder_hidden_states=fixed.prompts,
            encoder_attention_mask=fixed.mask,
            timestep_cond=fixed.condition,
            cross_attention_kwargs=attended,
            added_cond_kwargs=fixed.added,
            return_dict=False,
        )
        predicted = (forward() if self._compiled is None else self._compiled.run(forward))[0]
        # Kernels run later than the Python that queues them: without this a step would be
        # reported while it is still queued, and a cancel would come steps too late. It waits for
        # this step alone, and not for what is decoded beside it.
        settle(sample.device)
        self.forwards += 1
        self.rows += len(sample)
        return list(predicted.split(counts))

    def _fix(self, batch: tuple[tuple[Drawing, int], ...]) -> _Fixed:
        fixed = self._fixed
        same = len(batch) == len(self._of) and all(map(_is, batch, self._of))
        if fixed is None or not same:
            fixed = _fixed([drawing for drawing, _ in batch])
            self._fixed, self._of = fixed, batch
        return fixed

    def forget(self) -> None:
        """Lets go of the tensors of the last batch, and of its adapters."""
        self._of, self._fixed = (), None
        self._wearing.wear(None)


def _is(one: tuple[Drawing, int], other: tuple[Drawing, int]) -> bool:
    return one[0] is other[0] and one[1] == other[1]


def _fixed(drawings: Sequence[Drawing]) -> _Fixed:
    rows = [row for drawing in drawings for row in drawing.next_rows]
    prompts, mask = _padded([row.prompt for row in rows])
    conditions = [drawing.condition for drawing in drawings if drawing.condition is not None]
    places = [number for number, drawing in enumerate(drawings) for _ in drawing.next_rows]
    return _Fixed(
        torch.tensor(places).to(prompts.device),
        prompts,
        mask,
        {
            "text_embeds": torch.stack([row.pooled for row in rows]),
            "time_ids": torch.stack([row.sizes for row in rows]),
        },
        torch.cat(conditions) if conditions else None,
        row_references([row.references for row in rows]),
    )


def _padded(prompts: Sequence[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Returns prompts (tokens, D) as one tensor, and what of it is theirs if they differ."""
    longest = max(len(prompt) for prompt in prompts)
    if all(len(prompt) == longest for prompt in prompts):
        return torch.stack(list(prompts)), None
    padded = prompts[0].new_zeros(len(prompts), longest, prompts[0].shape[-1])
    mask = padded.new_zeros(len(prompts), longest)
    for row, prompt in enumerate(prompts):
        padded[row, : len(prompt)] = prompt
        mask[row, : len(prompt)] = 1
    return padded, mask
