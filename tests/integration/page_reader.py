"""A reader of pages that finds nobody but the listed characters, for tests that need no worker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from server.domain.ids import CharacterId
from server.domain.jobs import Outcome
from server.domain.scenes import Figure, LossKind, Scene, Unsure, overridden
from server.domain.states import Lane
from tests.integration.gateway_fixture import LEASE, GatewayFixture

UNSURE = (Unsure("", LossKind.PLACE, "the page does not say where it is"),)
"""What the reader is unsure of, on every page."""


@asynccontextmanager
async def reading_pages(gateway: GatewayFixture) -> AsyncIterator[None]:
    """Reads the pages of plans in the background until the block ends."""
    task = asyncio.create_task(_read_all(gateway))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _read_all(gateway: GatewayFixture) -> None:
    while True:
        if not await read_pages(gateway):
            await asyncio.sleep(0.01)


async def read_pages(gateway: GatewayFixture) -> int:
    """Reads the pages that wait; returns how many."""
    store = gateway.store
    claims = await store.leases.claim("reader", Lane.READ, 100, LEASE)
    for claim in claims:
        figures = tuple(Figure(CharacterId(one.id)) for one in claim.spec.characters)
        scene, fixed = Scene(figures, unsure=UNSURE), claim.spec.fixed
        if fixed is not None:
            scene = overridden(scene, fixed, [one.character for one in figures])
        await store.scenes.keep(claim, scene)
        assert await store.leases.complete(claim, Outcome("", "", (), {}, 0))
    gateway.signals.tell([claim.job_id for claim in claims])
    return len(claims)
