"""The tokenizer: CLIP's byte-level BPE, in which every word of the captions is one token."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from random import Random

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import CLIPTokenizer

from actors.storybook import vocabulary
from recipe.illustrator.captions import caption
from recipe.illustrator.sampling import FULL, sample_scene

_SPLIT = r"""'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"""
_ENDS = ("<|startoftext|>", "<|endoftext|>")
_LARGEST = 4_000


def train_tokenizer(folder: Path, captions: int = 4_000) -> CLIPTokenizer:
    """Trains the tokenizer on captions and on the vocabulary, and writes it into a folder."""
    corpus = [*_captions(captions), *_free_words()]
    tokenizer = Tokenizer(models.BPE(end_of_word_suffix="</w>", continuing_subword_prefix=""))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.NFC(),
            normalizers.Replace(Regex(r"\s+"), " "),
            normalizers.Lowercase(),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_SPLIT), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=_LARGEST,
        initial_alphabet=alphabet,
        end_of_word_suffix="</w>",
        continuing_subword_prefix="",
        special_tokens=[],
        show_progress=False,
    )
    tokenizer.train_from_iterator(corpus, trainer)
    return _as_clip(tokenizer, sorted(alphabet), folder)


def load_tokenizer(folder: Path) -> CLIPTokenizer:
    """Returns the tokenizer of a folder."""
    tokenizer: CLIPTokenizer = CLIPTokenizer.from_pretrained(folder)
    return tokenizer


def multi_token_words(tokenizer: CLIPTokenizer, captions: Iterable[str]) -> set[str]:
    """Returns the words of captions that are more than one token."""
    words = {word for text in captions for word in re.findall(r"[a-z]+", text)}
    return {word for word in words if len(tokenizer(word).input_ids) != 3}


def _captions(count: int) -> list[str]:
    chance = Random(0)
    return [caption(sample_scene(chance, FULL), chance) for _ in range(count)]


def _free_words() -> list[str]:
    """Returns the words of the vocabulary, which the service's prompts may contain."""
    tables = vocabulary.tables().values()
    return [" ".join(phrase) for table in tables for phrase in table.phrases] * 4


def _as_clip(tokenizer: Tokenizer, alphabet: list[str], folder: Path) -> CLIPTokenizer:
    """Orders the vocabulary like CLIP's: letters, letters that end a word, merges, two ends."""
    merges = [tuple(merge) for merge in json.loads(tokenizer.to_str())["model"]["merges"]]
    entries = [*alphabet, *(letter + "</w>" for letter in alphabet)]
    entries += [left + right for left, right in merges]
    vocab = {entry: index for index, entry in enumerate(dict.fromkeys([*entries, *_ENDS]))}
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["#version: 0.2", *(" ".join(merge) for merge in merges)]
    (folder / "vocab.json").write_text(json.dumps(vocab, ensure_ascii=False), "utf-8")
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", "utf-8")
    start, end = _ENDS
    config = {
        "tokenizer_class": "CLIPTokenizer",
        "model_max_length": 77,
        "bos_token": start,
        "eos_token": end,
        "unk_token": end,
        "pad_token": end,
        "do_lower_case": True,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config), "utf-8")
    clip: CLIPTokenizer = CLIPTokenizer.from_pretrained(folder)
    clip.save_pretrained(folder)
    (folder / "vocab.json").unlink(missing_ok=True)
    (folder / "merges.txt").unlink(missing_ok=True)
    return clip
