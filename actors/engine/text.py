"""Prompts of any length as embeddings: chunks of 75 tokens, so that nothing is cut silently."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch

CHUNK = 75
"""The tokens of a prompt that a CLIP text encoder reads at once, besides start and end."""
_BACK = 20
_CLAUSE_ENDS = frozenset(",.;!?")


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

    A prompt of 75 tokens or fewer gives what the pipeline's own `encode_prompt` gives, except
    that special tokens in it are text, as are brackets, weights and tags of other programs. A
    longer one is read in chunks whose hidden states are joined along the sequence, and the
    shorter of the two prompts is padded with empty chunks. The pooled embedding is the first
    chunk's. An empty negative prompt is all zeros if the checkpoint was trained that way.
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
    ids = [[chunks_of(tokenizer, text) for text in texts] for tokenizer in tokenizers]
    chunks = max(len(rows) for by_text in ids for rows in by_text)
    first, _ = _run(pipeline.text_encoder, pipeline.tokenizer, ids[0], chunks)
    second, pooled = _run(pipeline.text_encoder_2, pipeline.tokenizer_2, ids[1], chunks)
    return torch.cat([first, second], dim=-1).to(pooled.dtype), pooled


def chunks_of(tokenizer: Any, text: str) -> list[list[int]]:
    """Returns the tokens of a text in chunks of 75 or fewer; at least one chunk, maybe empty.

    A chunk ends after a word, and after a comma or a sentence if one ends within its last 20
    tokens. Only a word of more than 75 tokens is cut.
    """
    chunks: list[list[int]] = []
    chunk: list[int] = []
    clause = 0  # where the last clause in the chunk ends
    for word, ends_clause in _words(tokenizer, text):
        if chunk and len(chunk) + len(word) > CHUNK:
            rest = len(chunk) - clause
            back = clause and rest <= _BACK and rest + len(word) <= CHUNK
            cut = clause if back else len(chunk)
            chunks.append(chunk[:cut])
            chunk, clause = chunk[cut:], 0
        chunk = chunk + word
        while len(chunk) > CHUNK:
            chunks.append(chunk[:CHUNK])
            chunk = chunk[CHUNK:]
        clause = len(chunk) if ends_clause else clause
    return [*chunks, chunk]


def _words(tokenizer: Any, text: str) -> Iterator[tuple[list[int], bool]]:
    """Yields the tokens of each word with its punctuation, and whether it ends a clause.

    The parts of the tokenizer are used, and not the whole: that would take `<|endoftext|>` and
    other added tokens in a text for the tokens themselves, and the text would end there.
    """
    backend = tokenizer.backend_tokenizer
    normal = backend.normalizer.normalize_str(text)
    word: list[int] = []
    before = 0
    for piece, (start, end) in backend.pre_tokenizer.pre_tokenize_str(normal):
        if word and start > before:
            yield word, normal[before - 1] in _CLAUSE_ENDS
            word = []
        word += [token.id for token in backend.model.tokenize(piece)]
        before = end
    yield word, normal[before - 1 :] in _CLAUSE_ENDS


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
