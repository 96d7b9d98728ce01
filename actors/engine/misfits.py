"""Shapes of tensors against those that a model has."""

from collections.abc import Mapping

Shapes = Mapping[str, tuple[int, ...]]

_NAMED = 3
"""The tensors that a message names; of a part of another model all are wrong."""


def misfits(wanted: Shapes, given: Shapes) -> str:
    """Returns what is wrong with the given tensors, the first of them by name; empty if nothing."""
    wrong = [
        f"{name} is {list(given[name])}, and must be {list(shape)}"
        for name, shape in wanted.items()
        if name in given and given[name] != shape
    ]
    wrong += [f"{name} is missing" for name in wanted if name not in given]
    wrong += [f"{name} is not in the model" for name in given if name not in wanted]
    more = f" and {len(wrong) - _NAMED} more" if len(wrong) > _NAMED else ""
    return f"{'; '.join(wrong[:_NAMED])}{more}"
