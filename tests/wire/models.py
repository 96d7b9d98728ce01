"""The models that the server offers, and what sets each apart."""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Family(StrEnum):
    """Models with one contract."""

    DALLE_3 = "dall-e-3"
    MINI_1 = "gpt-image-1-mini"
    GPT_1_5 = "gpt-image-1.5"
    GPT_2 = "gpt-image-2"
    GPT_2_5 = "gpt-image-2.5"
    GPT_2_6 = "gpt-image-2.6"


_PLAIN = ("low", "medium", "high")
_LONG = (*_PLAIN, "xhigh", "max")


@dataclass(frozen=True, slots=True)
class Model:
    """A model; `shutdown` is the day on which its service ends, by ISO 8601."""

    id: str
    family: Family
    created: int
    qualities: tuple[str, ...] = _LONG
    any_size: bool = True
    sizes: tuple[str, ...] = ("1024x1024", "1536x1024", "1024x1536")
    fidelities: tuple[str, ...] = ()
    complexity: bool = False
    markup: bool = False
    shutdown: str | None = None


_ROWS = (
    Model("gpt-image-2", Family.GPT_2, 1776729600, _PLAIN),
    Model("gpt-image-2-2026-04-21", Family.GPT_2, 1776729600, _PLAIN),
    Model("gpt-image-2.5-sunburst", Family.GPT_2_5, 1788825600, markup=True),
    Model("gpt-image-2.5-sunburst-2026-09-08", Family.GPT_2_5, 1788825600, markup=True),
    Model("gpt-image-2.5-flare", Family.GPT_2_5, 1788825600, markup=True),
    Model("gpt-image-2.5-flare-2026-09-08", Family.GPT_2_5, 1788825600, markup=True),
    Model("gpt-image-2.6-sunburst", Family.GPT_2_6, 1793836800, complexity=True, markup=True),
    Model("gpt-image-2.6-flare", Family.GPT_2_6, 1793836800, complexity=True, markup=True),
    Model(
        "gpt-image-1.5",
        Family.GPT_1_5,
        1765756800,
        _PLAIN,
        any_size=False,
        fidelities=("high", "low"),
        shutdown="2026-12-01",
    ),
    Model(
        "gpt-image-1-mini",
        Family.MINI_1,
        1759708800,
        _PLAIN,
        any_size=False,
        fidelities=("low",),
        shutdown="2026-12-01",
    ),
)

OFFERED = MappingProxyType({model.id: model for model in _ROWS})
"""The models that are offered, by their ids."""

RETIRED = ("dall-e-2", "dall-e-3", "gpt-image-1")
"""The ids that the API once knew."""

DALLE_3 = Model(
    "dall-e-3",
    Family.DALLE_3,
    1698785189,
    ("standard", "hd"),
    any_size=False,
    sizes=("1024x1024", "1792x1024", "1024x1792"),
)
"""The retired model as a compatible endpoint may still serve it."""
