"""The comparison: one script, played on the gateway and on the fake."""

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

from imggen.testing import FakeService
from server.routing.catalogue import Catalogue
from tests.integration.gateway_fixture import open_gateway_fixture
from tests.integration.page_reader import reading_pages
from tests.integration.parity.sides import FakeSide, RealSide, Seen

Script = Callable[[Seen], Awaitable[None]]


async def differences(database: str, folder: Path, script: Script) -> list[str]:
    """Returns a line for each field of each answer that differs."""
    catalogue = Catalogue.named(["storybook"])
    async with (
        open_gateway_fixture(database, folder, catalogue=catalogue) as gateway,
        reading_pages(gateway),
    ):
        real = Seen(RealSide(gateway))
        await script(real)
    async with FakeService() as service:
        side = FakeSide(service)
        fake = Seen(side)
        await script(fake)
        await side.channel.close()
    assert [name for name, _ in real.answers] == [name for name, _ in fake.answers]
    return [
        difference
        for (name, one), (_, other) in zip(real.answers, fake.answers, strict=True)
        for difference in _between(name, one, other)
    ]


def _between(path: str, real: Any, fake: Any) -> Iterator[str]:
    if isinstance(real, dict) and isinstance(fake, dict):
        for key in dict.fromkeys((*real, *fake)):
            yield from _between(f"{path}.{key}", real.get(key), fake.get(key))
    elif isinstance(real, list) and isinstance(fake, list) and len(real) == len(fake):
        for place, (one, other) in enumerate(zip(real, fake, strict=True)):
            yield from _between(f"{path}[{place}]", one, other)
    elif real != fake:
        yield f"{path}: the gateway says {real!r}, the fake {fake!r}"
