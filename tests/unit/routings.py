"""Models, wishes and conditions for the tests of the router."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from server.domain.health import HealthState, ProviderHealth
from server.domain.states import ImageType
from server.routing.catalogue import KNOWN, SDXL, STORYBOOK, Catalogue
from server.routing.conditions import Conditions
from server.routing.reasons import Exclusion
from server.routing.router import Routing
from server.routing.wishes import Wish

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
FLARE, SUNBURST = KNOWN["gpt-image-2.5-flare"], KNOWN["gpt-image-2.5-sunburst"]
BIG = KNOWN["gpt-image-2"]
ALL = Catalogue([STORYBOOK, SDXL, FLARE, SUNBURST, BIG])
CALM = Conditions(NOW)


def a_wish(**changes: Any) -> Wish:
    """Returns a wish for a scene of one character, with these changes."""
    fields: dict[str, Any] = {"image_type": ImageType.SCENE, "shape": "", "characters": 1}
    return Wish(**{"model": "", **fields, **changes})


def names(routing: Routing) -> list[str]:
    """Returns the models that may draw, the chosen one first."""
    return [offer.model.name for offer in routing.offers]


def exclusions(routing: Routing) -> dict[str, Exclusion]:
    """Returns what excludes the other models."""
    return {loser.model.name: loser.exclusion for loser in routing.losers}


def reason(routing: Routing, name: str) -> str:
    """Returns why a model may not draw."""
    return next(loser.reason for loser in routing.losers if loser.model.name == name)


def unwell(state: HealthState, model: str = "", seconds: float | None = None) -> Conditions:
    """Returns conditions in which OpenAI, or a model of it, is not well."""
    until = None if seconds is None else NOW + timedelta(seconds=seconds)
    health = ProviderHealth("openai", model, state, 5, until, "not_connected")
    return replace(CALM, health={("openai", model): health})
