"""Prompts of any length as embeddings: chunks of 75 tokens, so that nothing is cut silently."""

from dataclasses import dataclass
from typing import Any

import torch

CHUNK = 75
"""The tokens of a prompt that a CLIP text encoder reads at once, besides start and end."""


@dataclass(frozen=True, slots=True)
class Embeddings:
    """A prompt and its negative as the UNet reads them.

    `prompt` and `negative` are (1, 77 * chunks, D), the pooled ones (1, P).
    """

    prompt: torch.Tensor
    negative: torch.Tensor
    pooled: torch.Tensor
    negative_pooled: torch.Tensor


@torch.no_grad()
def encode(pipeline: Any, prompt: str, negative_prompt: str) -> Embeddings:
    """Encodes both prompts with the two encoders of an SDXL pipeline.

    A prompt of 75 tokens or fewer gives what the pipeline's own `encode_prompt` gives; a longer
    one is read in chunks whose hidden states are joined along the sequence, and the shorter of
    the two prompts is padded with empty chunks. The pooled embedding is the first chunk's. An
    empty negative prompt is all zeros if the checkpoint was trained that way.
    """
    zero = not negative_prompt and pipeline.config.force_zeros_for_empty_prompt
    texts = [prompt] if zero else [prompt, negative_prompt]
    hidden, pooled = _encode_texts(pipeline, texts)
    if zero:
        hidden = torch.cat([hidden, torch.zeros_like(hidden)])
        pooled = torch.cat([pooled, torch.zeros_like(pooled)])
    return Embeddings(hidden[:1], hidden[1:], pooled[:1], pooled[1:])


def _encode_texts(pipeline: Any, texts: list[str]) -> tuple[torch.Tensor, torch.Tensor]:
    tokenizers = (pipeline.tokenizer, pipeline.tokenizer_2)
    ids = [[_chunks(tokenizer, text) for text in texts] for tokenizer in tokenizers]
    chunks = max(len(rows) for by_text in ids for rows in by_text)
    first, _ = _run(pipeline.text_encoder, pipeline.tokenizer, ids[0], chunks)
    second, pooled = _run(pipeline.text_encoder_2, pipeline.tokenizer_2, ids[1], chunks)
    return torch.cat([first, second], dim=-1).to(pooled.dtype), pooled


def _chunks(tokenizer: Any, text: str) -> list[list[int]]:
    # `verbose=False`: the tokenizer would warn about a length that the chunks handle.
    ids = tokenizer(text, add_special_tokens=False, verbose=False).input_ids
    return [ids[start : start + CHUNK] for start in range(0, max(len(ids), 1), CHUNK)]


def _run(
    encoder: Any, tokenizer: Any, texts: list[list[list[int]]], chunks: int
) -> tuple[torch.Tensor, torch.Tensor]:
    hidden, pooled = [], []
    for rows in texts:
        padded = rows + [[]] * (chunks - len(rows))
        ids = torch.tensor([_framed(tokenizer, row) for row in padded], device=encoder.device)
        # Row by row: a chunk's numbers must not depend on the number of chunks.
        outputs = [encoder(row[None], output_hidden_states=True) for row in ids]
        # SDXL reads the second-to-last layer, without the final norm.
        hidden.append(torch.cat([output.hidden_states[-2] for output in outputs], dim=1))
        pooled.append(outputs[0][0])
    return torch.cat(hidden), torch.cat(pooled)


def _framed(tokenizer: Any, ids: list[int]) -> list[int]:
    padding = [tokenizer.pad_token_id] * (CHUNK - len(ids))
    return [tokenizer.bos_token_id, *ids, tokenizer.eos_token_id, *padding]
