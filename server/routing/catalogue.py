"""The models that an installation offers, of those that imggen knows."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

from server.domain.health import ProviderHealth
from server.domain.states import Lane
from server.routing.listing import read_listing
from server.routing.prices import FreePrice
from server.routing.rows import PROVIDERS, Capability, Row

_LISTING = read_listing()
_NOTICE = timedelta(days=30)

KNOWN = _LISTING.rows
"""The models that come with imggen, by name."""

STORYBOOK = KNOWN["storybook"]
SDXL = KNOWN["sdxl"]

FLOORS = _LISTING.floors
"""The score that each label of `min_quality` stands for, unless an operator's file says else."""


class Catalogue:
    """The models that this installation offers, the preferred one first."""

    def __init__(self, models: Iterable[Row], floors: Mapping[str, float] = FLOORS) -> None:
        self.models = tuple(models)
        self.floors = floors

    @classmethod
    def named(
        cls,
        names: Iterable[str],
        known: Mapping[str, Row] = KNOWN,
        floors: Mapping[str, float] = FLOORS,
    ) -> Self:
        """Returns a catalogue of known models; raises ValueError for a name that is not known.

        A model that another one succeeds stands for its successor.
        """
        names = list(names)
        found = {name: known.get(name) or successor(known.values(), name) for name in names}
        unknown = [name for name, row in found.items() if row is None]
        if unknown or not names:
            raise ValueError(
                f"{', '.join(unknown) or 'no model'}: not offered; use some of {', '.join(known)}"
            )
        return cls({row.name: row for row in found.values() if row}.values(), floors)

    @classmethod
    def read(cls, names: Iterable[str], file: Path | None) -> Self:
        """Returns a catalogue of known models, and of those that an operator's file has.

        Raises ValueError for a name that is not known and for a file that is no catalogue, OSError
        for one that cannot be read.
        """
        listing = read_listing(file)
        return cls.named(names, listing.rows, listing.floors)

    def get(self, name: str) -> Row | None:
        """Returns the offered model of that name."""
        return next((model for model in self.models if model.name == name), None)

    @property
    def paid(self) -> frozenset[str]:
        """The providers that send an invoice, and those whose models cost something here."""
        hosted = {name for name, lane in PROVIDERS.items() if lane is Lane.HOSTED}
        priced = {row.provider for row in self.models if not isinstance(row.price, FreePrice)}
        return frozenset(hosted | priced)

    def offered(self, health: Iterable[ProviderHealth]) -> list[ProviderHealth]:
        """Returns the health of offered models and of their providers.

        What has failed and is not offered any more keeps its state, and concerns nobody.
        """
        providers = {row.provider for row in self.models}
        models = {(row.provider, row.name) for row in self.models}
        return [
            one
            for one in health
            if (one.provider in providers if not one.model else (one.provider, one.model) in models)
        ]

    def resolve(self, name: str, now: datetime) -> Row | None:
        """Returns what draws for a name: its model, or the successor of one that is gone."""
        named = self.get(name)
        if named is not None and not named.retired(now):
            return named
        return successor(self.models, name) or named

    def resolve_soon(self, name: str, now: datetime) -> list[Row]:
        """Returns what draws for a name now, and what will before a job of now has ended.

        That is another model where the one that is named is retired within 30 days.
        """
        found = (self.resolve(name, now), self.resolve(name, now + _NOTICE))
        return list({row.name: row for row in found if row}.values())

    def takes_seeds(self, name: str) -> bool:
        """Returns whether a model takes seeds; one that is not offered any more may be known."""
        row = self.get(name) or KNOWN.get(name)
        return row is not None and Capability.SEED in row.capabilities

    def warnings(self, now: datetime) -> list[str]:
        """Returns a sentence on each model that is retired within 30 days, or was."""
        return [
            f"{row.name}: {row.provider} "
            + (f"retired it on {row.retires_on}" if row.retired(now) else f"retires it on {day}")
            + f"; take it out of IMGGEN_MODELS{_instead(self.models, row)}"
            for row in self.models
            if (day := row.retires_on) is not None and row.retired(now + _NOTICE)
        ]


def successor(models: Iterable[Row], name: str) -> Row | None:
    """Returns the model that draws what is asked of another one."""
    return next((row for row in models if name in row.successor_of), None)


def _instead(models: Iterable[Row], row: Row) -> str:
    heir = successor(models, row.name)
    return f", {heir.name} draws what is asked of it" if heir else ""
