"""Refusals by budgets, confirmed: conditions are kept for a moment, in which a limit may change."""

from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TypeVar

from server.domain.ids import UserId
from server.money.budgets import OverBudget
from server.routing.observer import Observer

T = TypeVar("T")


async def confirmed(observer: Observer, user: UserId, ask: Callable[[], Awaitable[T]]) -> T:
    """Returns what a question gives; one that a budget refuses is asked again by fresh conditions.

    `ask` takes the user's conditions from the observer. Raises OverBudget where they refuse it.
    """
    began = monotonic()
    try:
        return await ask()
    except OverBudget:
        if not observer.forget_before(user, began):
            raise
    return await ask()
