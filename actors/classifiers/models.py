"""What the models of transformers have in common: why one is not loaded, its labels, its scores."""

from typing import Any

from safetensors import SafetensorError

from actors.engine.refusal import CheckpointRefused

UNLOADABLE = (
    *(OSError, RuntimeError, ValueError, KeyError, TypeError, AttributeError, ImportError),
    SafetensorError,
)
"""What transformers raises for files that are missing, damaged, or of another kind of model."""


def labels_of(config: Any, source: str) -> dict[str, int]:
    """Returns the number of each label of a classifier.

    Raises CheckpointRefused for one that has none, and for two labels of the same name, of which
    only one could be refused.
    """
    if config.problem_type == "regression":
        raise CheckpointRefused(f"{source}: it is a regression; it must have labels with scores")
    labels = {str(name): int(number) for number, name in config.id2label.items()}
    if len(labels) < len(config.id2label):
        names = sorted(map(str, config.id2label.values()))
        twice = next(name for name in names if names.count(name) > 1)
        raise CheckpointRefused(f'{source}: two of its labels are "{twice}"; they must differ')
    return labels


def scores_of(logits: Any, config: Any) -> list[float]:
    """Returns the score of each label, 0 to 1, as transformers' own pipelines do.

    `logits` has the shape (labels).
    """
    many = config.problem_type == "multi_label_classification" or config.num_labels == 1
    scores: list[float] = (logits.sigmoid() if many else logits.softmax(dim=-1)).tolist()
    return scores


def first_line(error: Exception) -> str:
    """Returns the first line of what transformers told."""
    return str(error).strip().partition("\n")[0]
