"""OpenAI's provider passes the suite of every provider, at the stand-in for its API."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from actors.providers.base import Provider
from actors.providers.hosted import hosted_model
from server.routing.catalogue import KNOWN
from server.routing.failover import FailureKind
from tests.provider_suite import Bench, ProviderSuite
from tests.unit.hosted import KEY, provider
from tests.unit.test_providers import PNG
from tests.wire.records import Outcome
from tests.wire.server import WireServer, closed_url

ROW = KNOWN["gpt-image-2.5-flare"]
FAILING = {
    FailureKind.OUTCOME_UNKNOWN: "server_error",
    FailureKind.RATE_LIMITED: "rate_limit",
    FailureKind.MODERATED: "moderation_input",
    FailureKind.MODERATED_OUTPUT: "moderation_output",
}


class TestOpenAi(ProviderSuite):
    """The provider of one of OpenAI's models."""

    @pytest.fixture
    async def bench(self) -> AsyncIterator[Bench]:
        async with AsyncExitStack() as stack:
            wire = stack.enter_context(WireServer(api_key=KEY))

            async def at(url: str) -> Provider:
                return await stack.enter_async_context(provider(url, hosted_model(ROW)))

            async def failing(behaviour: str) -> Provider:
                server = stack.enter_context(WireServer(api_key=KEY))
                server.script.always(behaviour)
                return await at(server.base_url)

            def running() -> int:
                """Returns the calls that the server has not seen the end of, after a moment."""
                ended = wire.journal.wait(
                    lambda journal: all(one.outcome is not Outcome.OPEN for one in journal.accepted)
                )
                return 0 if ended else 1

            yield Bench(
                provider=await at(wire.base_url),
                row=ROW,
                arrived=lambda: len(wire.journal.accepted[-1].parts),
                running=running,
                reference=PNG,
                takes_seed=False,
                turns_previews_on=False,
                hook=0,
                failing={kind: await failing(name) for kind, name in FAILING.items()},
                down=await at(closed_url()),
            )
