"""LoRA adapters as weights: what a set of them makes of a model's own, swapped between forwards.

A layer of a model reads either its own weight or one that a set changed, which was computed once.
The model's own weights are never written: what it draws after a set has the bytes of before.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from torch import nn

from actors.engine.lora_files import Layer

UNET = "unet"
TEXTS = ("text_encoder", "text_encoder_2")
"""The parts of a pipeline whose weights adapters change."""


@dataclass(frozen=True, slots=True)
class Lora:
    """An adapter with its weight, by its name and the SHA-256 of its file."""

    name: str
    checksum: str
    weight: float


LoraKey = tuple[Lora, ...]
"""The adapters of a set, by name: drawings of one key have one model."""


@dataclass(frozen=True, slots=True, eq=False)
class LoraSet:
    """The weights of a model that some adapters changed, by the layer that reads them."""

    key: LoraKey
    weights: Mapping[Layer, nn.Parameter]

    @property
    def bytes(self) -> int:
        """The memory that it takes."""
        return sum(weight.nbytes for weight in self.weights.values())


class Wearing:
    """A model of a pipeline, and whose weights it has: its own, or a set's."""

    def __init__(self, model: Any, part: str = UNET) -> None:
        # A compiled model has the model itself inside.
        self._model = getattr(model, "_orig_mod", model)
        self._part = part
        self._set: LoraSet | None = None
        self._own: dict[str, nn.Parameter] = {}

    def wear(self, loras: LoraSet | None) -> None:
        """Gives the model a set's weights, or its own; between two forwards of its thread."""
        if loras is self._set:
            return
        for name, own in self._own.items():
            self._model.get_submodule(name).weight = own
        self._own, self._set = {}, loras
        for layer, weight in loras.weights.items() if loras else ():
            if layer.part == self._part:
                module = self._model.get_submodule(layer.name)
                self._own[layer.name] = module.weight
                module.weight = weight


@contextmanager
def text_encoders(pipeline: Any, loras: LoraSet | None) -> Iterator[None]:
    """Gives a pipeline's text encoders a set's weights for a while; one thread at a time."""
    wearing = [Wearing(getattr(pipeline, part), part) for part in TEXTS]
    try:
        for each in wearing:
            each.wear(loras)
        yield
    finally:
        for each in wearing:
            each.wear(None)
