"""A transformer's encoder in numpy: a vector for each piece of a page, in the light of all others.

The layers are BERT's (Devlin et al., 2018, https://arxiv.org/abs/1810.04805), with the tanh form of
the Gaussian error linear unit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from actors.extractors.learned.words import Floats

Arrays = Mapping[str, npt.NDArray[np.generic]]
WIDTH = 384
HEADS = 12
_EPSILON = 1e-12


@dataclass(frozen=True, slots=True)
class Linear:
    """A linear layer: `weight` is (in, out)."""

    weight: Floats
    bias: Floats

    @classmethod
    def of_arrays(cls, data: Arrays, *names: str) -> Self:
        """Returns layers of a file side by side: rows of `weight` in steps of its `scale`."""
        weights = [scaled(data, f"{name}.weight") for name in names]
        biases = [np.asarray(data[f"{name}.bias"], np.float32) for name in names]
        return cls(np.ascontiguousarray(np.concatenate(weights).T), np.concatenate(biases))

    def __call__(self, inputs: Floats) -> Floats:
        """Returns the outputs of (n, in)."""
        return np.asarray(inputs @ self.weight + self.bias, np.float32)


@dataclass(frozen=True, slots=True)
class Norm:
    """A layer normalization."""

    weight: Floats
    bias: Floats

    @classmethod
    def of_arrays(cls, data: Arrays, name: str) -> Self:
        """Returns the layer of a file."""
        weight, bias = (np.asarray(data[f"{name}.{one}"], np.float32) for one in ("weight", "bias"))
        return cls(weight, bias)

    def __call__(self, inputs: Floats) -> Floats:
        """Returns each row with a mean of 0 and a variance of 1, scaled and moved."""
        centred = inputs - inputs.mean(-1, keepdims=True)
        variance = np.square(centred).mean(-1, keepdims=True)
        return np.asarray(centred / np.sqrt(variance + _EPSILON) * self.weight + self.bias)


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of the encoder: attention, then two linear layers."""

    attention: Linear
    output: Linear
    output_norm: Norm
    inner: Linear
    outer: Linear
    outer_norm: Norm

    @classmethod
    def of_arrays(cls, data: Arrays, name: str) -> Self:
        """Returns the layer of a file."""
        own = f"{name}.attention.self"
        return cls(
            Linear.of_arrays(data, *(f"{own}.{one}" for one in ("query", "key", "value"))),
            Linear.of_arrays(data, f"{name}.attention.output.dense"),
            Norm.of_arrays(data, f"{name}.attention.output.LayerNorm"),
            Linear.of_arrays(data, f"{name}.intermediate.dense"),
            Linear.of_arrays(data, f"{name}.output.dense"),
            Norm.of_arrays(data, f"{name}.output.LayerNorm"),
        )

    def __call__(self, inputs: Floats) -> Floats:
        """Returns the outputs (n, WIDTH) of (n, WIDTH)."""
        count, width = inputs.shape
        parts = self.attention(inputs).reshape(count, 3, HEADS, width // HEADS)
        queries, keys, values = np.ascontiguousarray(parts.transpose(1, 2, 0, 3))
        scores = queries @ keys.transpose(0, 2, 1) * np.float32((width // HEADS) ** -0.5)
        shares = np.exp(scores - scores.max(-1, keepdims=True))
        shares /= shares.sum(-1, keepdims=True)
        seen = (shares @ values).transpose(1, 0, 2).reshape(count, width)
        attended = self.output_norm(inputs + self.output(seen))
        return self.outer_norm(attended + self.outer(gelu(self.inner(attended))))


class Encoder:
    """Reads pieces of a text by their numbers."""

    def __init__(self, data: Arrays) -> None:
        """`data` has the arrays of BERT by its names, large ones as whole numbers and a scale."""
        self._pieces = scaled(data, "embeddings.word_embeddings.weight")
        places, kinds = (
            np.asarray(data[f"embeddings.{one}_embeddings.weight"], np.float32)
            for one in ("position", "token_type")
        )
        self._places = places + kinds[0]
        self._norm = Norm.of_arrays(data, "embeddings.LayerNorm")
        count = sum(name.endswith(".intermediate.dense.bias") for name in data)
        self._layers = [Layer.of_arrays(data, f"encoder.layer.{at}") for at in range(count)]

    def read(self, pieces: Sequence[int]) -> Floats:
        """Returns a vector for each piece (n, WIDTH)."""
        states = self._norm(self._pieces[list(pieces)] + self._places[: len(pieces)])
        for layer in self._layers:
            states = layer(states)
        return states


def scaled(data: Arrays, name: str) -> Floats:
    """Returns a matrix that is kept in whole numbers, each row in steps of its own size."""
    steps = np.asarray(data[f"{name}.scale"], np.float32)
    return np.asarray(data[name], np.float32) * steps[:, None]


def gelu(values: Floats) -> Floats:
    """Returns the Gaussian error linear unit, in its tanh form (torch: `approximate="tanh"`)."""
    # A product: numpy's powers are twenty times slower.
    inner = values * (1 + np.float32(0.044715) * values * values)
    inner *= np.float32(np.sqrt(2 / np.pi))
    return np.asarray(np.float32(0.5) * values * (1 + np.tanh(inner)), np.float32)
