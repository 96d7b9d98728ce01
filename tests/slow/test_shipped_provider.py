"""The shipped checkpoint passes the suite of all providers."""

from collections.abc import Iterator

import pytest

from actors.engine.diffuser import Diffuser
from actors.engine.profiles import profile
from actors.providers.local import LocalProvider
from actors.settings import DiffuserSettings
from actors.testing.stored import draw_pictures
from tests.provider_suite import Bench, CountedRenderer, ProviderSuite


@pytest.fixture(scope="module")
def diffuser() -> Iterator[Diffuser]:
    diffuser = Diffuser.load(DiffuserSettings(device="cpu"))
    yield diffuser
    diffuser.close()


class TestShippedCheckpoint(ProviderSuite):
    """The local provider with the checkpoint that ships."""

    @pytest.fixture
    async def bench(self, diffuser: Diffuser) -> Bench:
        renderer = CountedRenderer(diffuser)
        chosen = profile("storybook")
        embedding = await diffuser.encode(draw_pictures(1, 256)[0])
        return Bench(
            provider=LocalProvider(renderer, chosen, encoder=diffuser),
            row=chosen.model,
            arrived=lambda: len(renderer.requests[-1].references),
            running=lambda: renderer.running,
            reference=embedding.data,
            free=True,
            says_names=False,
            hook=3,
        )
