"""Prompts as embeddings: short ones like the pipeline's, long ones in full."""

from typing import Any

import pytest
import torch

from actors.engine.diffuser import load_pipeline
from actors.engine.text import CHUNK, encode
from actors.prompts.storybook import StorybookDialect
from actors.settings import DiffuserSettings
from server.domain.characters import Gender
from tests.unit.content import character, render_spec

SHORT = "cartoon style, portrait of a young girl with long red hair, in a forest"


@pytest.fixture(scope="module")
def pipeline() -> Any:
    return load_pipeline(DiffuserSettings(device="cpu", torch_threads=1))


def of_tokens(count: int, last: str = "girl") -> str:
    """Returns a prompt of `count` tokens; every word of the grammar is one token."""
    return " ".join(["red"] * (count - 1) + [last])


@pytest.mark.parametrize("prompt", [SHORT, "", "x", of_tokens(74), of_tokens(75)])
@pytest.mark.parametrize("negative", ["", "blurry, text"])
def test_a_short_prompt_is_what_the_pipeline_itself_encodes(
    pipeline: Any, prompt: str, negative: str
) -> None:
    ours = encode(pipeline, prompt, negative)
    theirs = pipeline.encode_prompt(
        prompt, negative_prompt=negative or None, do_classifier_free_guidance=True
    )
    for mine, its in zip(
        (ours.prompt, ours.negative, ours.pooled, ours.negative_pooled), theirs, strict=True
    ):
        assert torch.equal(mine, its)


@pytest.mark.parametrize(("tokens", "chunks"), [(75, 1), (76, 2), (150, 2), (151, 3), (700, 10)])
def test_a_long_prompt_is_read_in_chunks_of_75(pipeline: Any, tokens: int, chunks: int) -> None:
    embeddings = encode(pipeline, of_tokens(tokens), "blurry")
    assert embeddings.prompt.shape == (1, 77 * chunks, 256)
    assert embeddings.negative.shape == embeddings.prompt.shape
    assert embeddings.pooled.shape == embeddings.negative_pooled.shape == (1, 128)


@pytest.mark.parametrize("tokens", [76, 77, 78, 150, 700])
def test_the_last_word_of_a_long_prompt_counts(pipeline: Any, tokens: int) -> None:
    girl = encode(pipeline, of_tokens(tokens, "girl"), "").prompt
    boy = encode(pipeline, of_tokens(tokens, "boy"), "").prompt
    assert torch.equal(girl[:, :77], boy[:, :77])
    assert not torch.equal(girl[:, 77:], boy[:, 77:])


def test_the_first_chunk_is_read_as_if_it_stood_alone(pipeline: Any) -> None:
    alone = encode(pipeline, of_tokens(CHUNK, "red"), "")
    long = encode(pipeline, of_tokens(200), "")
    assert torch.equal(long.prompt[:, :77], alone.prompt)
    assert torch.equal(long.pooled, alone.pooled)


def test_a_long_negative_prompt_lengthens_the_prompt_with_empty_chunks(pipeline: Any) -> None:
    embeddings = encode(pipeline, SHORT, of_tokens(100))
    empty = encode(pipeline, "", "").prompt
    assert torch.equal(embeddings.prompt[:, 77:], empty)


def test_no_negative_prompt_is_all_zeros(pipeline: Any) -> None:
    embeddings = encode(pipeline, of_tokens(100), "")
    assert not embeddings.negative.any()
    assert not embeddings.negative_pooled.any()
    assert embeddings.negative.shape == embeddings.prompt.shape


@pytest.mark.parametrize("count", [1, 2])
def test_the_longest_caption_of_the_grammar_fits_into_one_chunk(pipeline: Any, count: int) -> None:
    longest = character(
        age=70,
        gender=Gender.MALE,
        hair="brown ponytail",
        clothing="purple overalls and a wizard hat",
        features=("glasses", "freckles", "a beard"),
        traits=("brave", "furious"),
    )
    spec = render_spec([longest] * count)
    prompt = StorybookDialect().compile(spec, "surprised, in front of a castle, by day").prompt
    assert encode(pipeline, prompt, "").prompt.shape[1] == 77
