"""A tiny checkpoint of BERT's own architecture for sequence classification, which knows two words.

Its weights are set by hand: the first token attends to all tokens alike, so that a word anywhere
in a window raises the score of its label.
"""

from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.normalizers import Lowercase
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing
from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

POSITIONS = 32
LABELS = ("threat", "insult", "calm")
_TELLING = ("volcano", "turnip")
"""The words of the first two labels; the third one's score is high in every text."""
_WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "mia", "sea", "a", ".", *_TELLING)
_WIDTH = 32
_OTHER = len(_TELLING)
"""The place of every other word."""


def save_tiny_classifier(folder: Path, **config: Any) -> None:
    """Writes the model and its tokenizer; `config` changes its configuration."""
    folder.mkdir(parents=True, exist_ok=True)
    tiny_tokenizer().save_pretrained(folder)
    tiny_classifier(**config).save_pretrained(folder)


@torch.no_grad()
def tiny_classifier(**config: Any) -> Any:
    """Returns the model."""
    configured: Any = BertConfig
    model: Any = BertForSequenceClassification(
        configured(
            **{
                "vocab_size": len(_WORDS),
                "hidden_size": _WIDTH,
                "num_hidden_layers": 1,
                "num_attention_heads": 2,
                "intermediate_size": _WIDTH,
                "max_position_embeddings": POSITIONS,
                "problem_type": "multi_label_classification",
                "id2label": dict(enumerate(LABELS)),
                "label2id": {name: at for at, name in enumerate(LABELS)},
                **config,
            }
        )
    )
    for name, weights in model.named_parameters():
        weights.fill_(1.0 if name.endswith("LayerNorm.weight") else 0.0)
    bert, layer = model.bert, model.bert.encoder.layer[0]
    for word, embedding in zip(_WORDS, bert.embeddings.word_embeddings.weight, strict=True):
        embedding[_TELLING.index(word) if word in _TELLING else _OTHER] = 1.0
    # A norm makes of a one among zeros 5.57 among -0.18: the bias takes the latter away.
    attention = layer.attention.self
    for place in range(len(_TELLING)):
        attention.value.weight[place, place] = 100.0
        attention.value.bias[place] = 18.0
        model.classifier.weight[place, place] = 10.0
        model.classifier.bias[place] = -5.0
    layer.attention.output.dense.weight.copy_(torch.eye(_WIDTH))
    bert.pooler.dense.weight.copy_(torch.eye(_WIDTH))
    model.classifier.bias[len(_TELLING) :] = 2.0
    return model.eval()


def tiny_tokenizer() -> Any:
    """Returns the tokenizer."""
    places = {word: place for place, word in enumerate(_WORDS)}
    words = Tokenizer(WordLevel(places, unk_token="[UNK]"))
    words.normalizer = Lowercase()
    words.pre_tokenizer = Whitespace()
    marks = [(mark, places[mark]) for mark in ("[CLS]", "[SEP]")]
    words.post_processor = TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=marks)
    make: Any = PreTrainedTokenizerFast
    return make(
        tokenizer_object=words,
        model_max_length=POSITIONS,
        unk_token="[UNK]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
    )
