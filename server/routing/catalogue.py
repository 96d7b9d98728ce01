"""The models that imggen knows, and those that an installation offers."""

from collections.abc import Iterable
from types import MappingProxyType
from typing import Self

from server.domain.models import Format, Model, Size
from server.domain.states import Lane

_SQUARE = Size(1024, 1024)

STORYBOOK = Model(
    name="storybook",
    provider="local",
    lane=Lane.LOCAL,
    max_characters=2,
    portraits=MappingProxyType({"1024x1024": Format(_SQUARE, Size(256, 256))}),
    scenes=MappingProxyType({"1:1": Size(256, 256)}),
    price_micros=0,
)
"""The small checkpoint that ships with imggen. It was trained on squares only."""

SDXL = Model(
    name="sdxl",
    provider="local",
    lane=Lane.LOCAL,
    max_characters=4,
    # The native sizes are the buckets SDXL was trained on (arXiv 2307.01952, appendix I).
    portraits=MappingProxyType(
        {
            "1024x1024": Format(_SQUARE, _SQUARE),
            "1024x1536": Format(Size(1024, 1536), Size(832, 1216)),
        }
    ),
    scenes=MappingProxyType({"16:9": Size(1344, 768), "4:3": Size(1152, 896), "1:1": _SQUARE}),
    price_micros=0,
)
"""Stable Diffusion XL with its full weights, on a GPU."""

KNOWN = MappingProxyType({model.name: model for model in (STORYBOOK, SDXL)})


class Catalogue:
    """The models that this installation offers, the preferred one first."""

    def __init__(self, models: Iterable[Model]) -> None:
        self.models = tuple(models)

    @classmethod
    def named(cls, names: Iterable[str]) -> Self:
        """Returns a catalogue of known models; raises ValueError for a name that is not known."""
        names = list(names)
        unknown = [name for name in names if name not in KNOWN]
        if unknown or not names:
            raise ValueError(
                f"models: {', '.join(unknown) or 'none given'}; use some of {', '.join(KNOWN)}"
            )
        return cls(KNOWN[name] for name in names)

    def get(self, name: str) -> Model | None:
        """Returns the offered model of that name."""
        return next((model for model in self.models if model.name == name), None)
