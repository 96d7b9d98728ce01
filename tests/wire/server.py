"""The server in a thread of its own, on a free port of this machine."""

import asyncio
import socket
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Thread
from typing import Self

from aiohttp import web

from tests.wire.admin import add_admin
from tests.wire.app import WireApp
from tests.wire.contract import Terms
from tests.wire.models import DALLE_3, OFFERED, Model
from tests.wire.records import Journal
from tests.wire.script import Script

API_KEY = "sk-wire-0123456789abcdef"
"""The key that the server takes unless it is given another."""
_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class _Running:
    """What the server's thread hands out once it listens."""

    port: int
    loop: asyncio.AbstractEventLoop
    stopping: asyncio.Event
    gate: asyncio.Semaphore


class WireServer:
    """A server of the images API and of chat completions that runs while its `with` block does.

    `serves` adds models to those that are offered: `dall-e-3` is the retired one, any other id
    has the contract of gpt-image-2.5-flare.
    """

    def __init__(
        self,
        *,
        api_key: str = API_KEY,
        port: int = 0,
        serves: Sequence[str] = (),
        retired_is_invalid: bool = False,
        most_picture_bytes: int = 50_000_000,
    ) -> None:
        self.api_key = api_key
        self.script = Script()
        self.journal = Journal()
        models = {**OFFERED, **{id: _model(id) for id in serves}}
        self._terms = Terms(models, retired_is_invalid, most_picture_bytes)
        self._asked_port = port
        self._started: Future[_Running] = Future()
        self._thread = Thread(target=self._run, name="wire-server", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.result()
        return self

    def __exit__(self, *_raised: object) -> None:
        running = self._started.result()
        running.loop.call_soon_threadsafe(running.stopping.set)
        self._thread.join()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._started.result().port

    @property
    def origin(self) -> str:
        """The server without a path, for instance `http://127.0.0.1:40123`."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def base_url(self) -> str:
        """What a client takes for the API's base URL."""
        return f"{self.origin}/v1"

    def release(self) -> None:
        """Ends one pause that has no end of its own, be it a present or a coming one."""
        running = self._started.result()
        running.loop.call_soon_threadsafe(running.gate.release)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except OSError as failed:
            self._started.set_exception(failed)

    async def _serve(self) -> None:
        loop, stopping = asyncio.get_running_loop(), asyncio.Event()
        app = WireApp(self._terms, self.api_key, self.script, self.journal)
        routes = app.application()
        add_admin(routes, self.script, self.journal, app.gate)
        runner = web.AppRunner(
            routes, handler_cancellation=True, access_log=None, shutdown_timeout=0.1
        )
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", self._asked_port)
            await site.start()
            port: int = runner.addresses[0][1]
            self._started.set_result(_Running(port, loop, stopping, app.gate))
            await stopping.wait()
        finally:
            await runner.cleanup()
            # A connection that was accepted or closed last is closed in the loop's next rounds; one
            # that is left open warns in whichever test runs when it is collected.
            for _ in range(_ROUNDS):
                await asyncio.sleep(0)


def closed_url() -> str:
    """Returns a base URL whose port refuses connections."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{closed.getsockname()[1]}/v1"


def _model(id: str) -> Model:
    if id == DALLE_3.id:
        return DALLE_3
    flare = OFFERED["gpt-image-2.5-flare"]
    return Model(id, flare.family, flare.created, flare.qualities, markup=flare.markup)
