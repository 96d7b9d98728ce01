"""Prompts as embeddings: short ones like the pipeline's, long ones in full."""

import copy
from typing import Any

import pytest
import torch

from actors.engine.loading import load_pipeline
from actors.engine.text import CHUNK, chunks_of, encode
from actors.prompts.sdxl import SdxlDialect
from actors.prompts.storybook import StorybookDialect
from actors.settings import DiffuserSettings
from server.domain.characters import Gender
from server.domain.scenes import DayTime, Mood, Scene
from tests.unit.content import character, figure, render_spec

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


SPECIAL = ["<|endoftext|>", "<|startoftext|>", "<sks>"]
SYNTAX = ["(red hair:1.4)", "[red|blue] hair", "BREAK", "<lora:ink:1>", "{name}", "((red)) hair"]


@pytest.mark.parametrize("special", SPECIAL)
def test_an_added_token_in_a_text_is_text(pipeline: Any, special: str) -> None:
    tokenizer = copy.deepcopy(pipeline.tokenizer_2)
    tokenizer.add_tokens(["<sks>"])
    [ids] = chunks_of(tokenizer, f"a girl {special} with red hair")
    assert len(tokenizer(special, add_special_tokens=False).input_ids) == 1
    assert not {*ids} & {*tokenizer.added_tokens_decoder}
    assert len(ids) > 6
    said = pipeline.tokenizer_2.decode(ids)
    assert said.replace(" ", "") == f"agirl{special}withredhair"


def test_what_comes_after_an_end_of_text_in_a_text_counts(pipeline: Any) -> None:
    girl, boy = (encode(pipeline, f"<|endoftext|> a {noun}", "") for noun in ("girl", "boy"))
    assert not torch.equal(girl.pooled, boy.pooled)
    plain = encode(pipeline, "a girl", "")
    assert not torch.equal(girl.prompt, plain.prompt)


@pytest.mark.parametrize("syntax", SYNTAX)
def test_the_syntax_of_other_programs_is_text(pipeline: Any, syntax: str) -> None:
    who = character(name=syntax, hair=syntax, features=(syntax,))
    spec = render_spec([who], scene=f"{syntax} in a forest")
    prompt = SdxlDialect().compile(spec, Scene()).prompt
    assert prompt.count(syntax) == 4
    [ids] = chunks_of(pipeline.tokenizer, syntax)
    assert pipeline.tokenizer.decode(ids).replace(" ", "") == syntax.lower().replace(" ", "")
    ours = encode(pipeline, syntax, "")
    # Diffusers itself knows no syntax either.
    theirs, *_ = pipeline.encode_prompt(syntax, do_classifier_free_guidance=True)
    assert torch.equal(ours.prompt, theirs)


@pytest.mark.parametrize(
    "text", ["Ünïcode ärger", "🦊 fox", "don't   stop\nhere", "a" * 400, "  ,"]
)
def test_a_text_has_the_tokens_that_its_tokenizer_gives_it(pipeline: Any, text: str) -> None:
    tokenizer = pipeline.tokenizer
    ids = tokenizer(text, add_special_tokens=False, verbose=False).input_ids
    assert [one for chunk in chunks_of(tokenizer, text) for one in chunk] == ids
    assert not {*ids} & {tokenizer.bos_token_id, tokenizer.eos_token_id}


def test_a_chunk_ends_after_a_word(pipeline: Any) -> None:
    # Four tokens: 74 and 4 do not fit into 75.
    long = "xylophonist"
    [word] = chunks_of(pipeline.tokenizer, long)
    assert len(word) > 1
    text = f"{of_tokens(CHUNK - 1)} {long} red"
    assert list(map(len, chunks_of(pipeline.tokenizer, text))) == [CHUNK - 1, len(word) + 1]


def test_a_word_keeps_its_punctuation(pipeline: Any) -> None:
    chunks = chunks_of(pipeline.tokenizer, f"{of_tokens(CHUNK)}, red")
    assert list(map(len, chunks)) == [CHUNK - 1, 3]


@pytest.mark.parametrize(
    ("before", "after", "first"), [(60, 20, 61), (40, 40, 75), (74, 10, 75), (60, 14, 75)]
)
def test_a_chunk_ends_after_a_comma_if_one_is_near(
    pipeline: Any, before: int, after: int, first: int
) -> None:
    text = f"{of_tokens(before)}, {of_tokens(after)}"
    chunks = chunks_of(pipeline.tokenizer, text)
    assert len(chunks[0]) == first
    assert sum(map(len, chunks)) == before + 1 + after


def test_a_long_word_is_not_cut_for_the_sake_of_a_comma(pipeline: Any) -> None:
    long = "zqx" * 20
    [word] = chunks_of(pipeline.tokenizer, long)
    assert CHUNK - 20 < len(word) <= CHUNK
    text = f"{of_tokens(54)}, {of_tokens(19)} {long}"
    assert list(map(len, chunks_of(pipeline.tokenizer, text))) == [CHUNK - 1, len(word)]


def test_only_a_word_that_is_longer_than_a_chunk_is_cut(pipeline: Any) -> None:
    chunks = chunks_of(pipeline.tokenizer, f"red, {'zqx' * 100} girl")
    assert max(map(len, chunks)) == CHUNK
    assert len(chunks[0]) == 2


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
    cast = [longest] * count
    surprised = tuple(figure(one, mood=Mood.SURPRISED) for one in cast)
    scene = Scene(figures=surprised, place="castle", time=DayTime.DAY)
    prompt = StorybookDialect().compile(render_spec(cast), scene).prompt
    assert encode(pipeline, prompt, "").prompt.shape[1] == 77
