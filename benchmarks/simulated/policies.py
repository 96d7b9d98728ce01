"""Policies of routing: from what a policy knows to the lanes that may take a picture."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random

from server.domain.lanes import JobLane
from server.routing.catalogue import Catalogue
from server.routing.conditions import Conditions
from server.routing.lanes import lanes
from server.routing.router import route, route_again
from server.routing.wishes import Offer, Wish

Plan = tuple[JobLane, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy by its name; `plan` returns nothing while no model may draw the picture."""

    name: str
    plan: Callable[[Catalogue, Wish, Conditions], Plan]


def _ours(catalogue: Catalogue, wish: Wish, conditions: Conditions) -> Plan:
    return lanes(route_again(catalogue, wish, conditions), conditions)


def _cheapest(catalogue: Catalogue, wish: Wish, conditions: Conditions) -> Plan:
    """Chooses by the price alone, of what is not known to be away."""
    anyhow = replace(wish, min_score=0.0, complete_by=conditions.now + timedelta(days=7))
    return _first(route(catalogue, anyhow, conditions).offers, conditions)


def _cheapest_above(catalogue: Catalogue, wish: Wish, conditions: Conditions) -> Plan:
    """Chooses by price and floor, and looks neither at queues nor at deadlines."""
    anyhow = replace(wish, complete_by=conditions.now + timedelta(days=7))
    return _first(route(catalogue, anyhow, conditions).offers, conditions)


def _local(catalogue: Catalogue, wish: Wish, conditions: Conditions) -> Plan:
    anyhow = replace(wish, provider="local", min_score=0.0, complete_by=None)
    return _first(route(catalogue, anyhow, conditions).offers, conditions)


def _openai(catalogue: Catalogue, wish: Wish, conditions: Conditions) -> Plan:
    only = replace(wish, provider="openai")
    return _first(route_again(catalogue, only, conditions).offers, conditions)


def _random(catalogue: Catalogue, wish: Wish, conditions: Conditions) -> Plan:
    offers = route_again(catalogue, wish, conditions).offers
    if not offers:
        return ()
    return _first((Random(f"{wish.key}/{conditions.now}").choice(offers),), conditions)


def _best(catalogue: Catalogue, wish: Wish, conditions: Conditions) -> Plan:
    offers = route_again(catalogue, wish, conditions).offers
    return _first(tuple(sorted(offers, key=lambda one: -one.score)), conditions)


def _first(offers: tuple[Offer, ...], conditions: Conditions) -> Plan:
    return tuple(JobLane(offer.model.lane, (offer.model.name,)) for offer in offers[:1])


POLICIES = (
    Policy("imggen", _ours),
    Policy("cheapest", _cheapest),
    Policy("cheapest above the floor", _cheapest_above),
    Policy("local only", _local),
    Policy("OpenAI only", _openai),
    Policy("random eligible", _random),
    Policy("best quality", _best),
)
"""The router's own policy, and those that it is compared with."""
