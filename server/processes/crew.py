"""A crew: gateway processes in their places, each of which is filled again when it falls empty."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress

from server.metrics import GatewayMetrics
from server.processes.member import Answer, Member, Ports, started
from server.processes.pages import (
    Family,
    Key,
    Page,
    lasting,
    merged,
    page_of,
    passing,
    read,
    render,
    tell,
    total,
)
from server.stopping import unless

_PAUSE_S = 0.25
_PAUSE_MAX_S = 30.0
_STEADY_S = 60.0
_WRONG_SETTING = 2
_NOTHING: Page = {}
_log = logging.getLogger(__name__)


class Place:
    """One of the N gateway processes: its number, the process now, and what ended ones counted."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.member: Member | None = None
        self.restarts = 0
        self._page = _NOTHING
        self._before = _NOTHING

    @property
    def listens(self) -> bool:
        """Whether a process is here that serves calls."""
        return self.member is not None and self.member.listens

    @property
    def counted(self) -> Page:
        """What was counted here, as far as it was told: by this process and by those before it."""
        return merged([lasting(self._page), self._before])

    async def run(self, ports: Ports, on_ready: Callable[[], None], end: asyncio.Event) -> int:
        """Runs one process until it ends, and returns its exit status."""
        async with started(self.number, ports, on_ready) as member:
            self.member = member
            if end.is_set():  # it came while the process was started, so that nobody drains it
                member.drain()
            try:
                return await member.ended()
            finally:
                self.member = None
                self._before, self._page = self.counted, _NOTHING

    async def ask(self, *, metrics: bool = False, fleet: bool = False) -> Answer | None:
        """Returns what the process here says; None if there is none, or it does not answer."""
        member = self.member
        if member is None or not member.listens:
            return None
        answer = await member.ask(metrics=metrics, fleet=fleet)
        if answer is not None and metrics and member is self.member:
            self._page = answer.page
        return answer


class Crew:
    """All processes of a supervisor, which end when `end` is set; they may set it themselves.

    `status` is then what the command ends with. A drain may take `patience_s`.
    """

    def __init__(self, processes: int, ports: Ports, end: asyncio.Event, patience_s: float) -> None:
        self.status = 0
        self.metrics = GatewayMetrics()
        """What the supervisor's own process counts."""
        self._places = [Place(number) for number in range(processes)]
        self._ports = ports
        self._end = end
        self._patience_s = patience_s
        self._whole = False
        self._changed = asyncio.Event()

    async def run(self, on_whole: Callable[[], None]) -> None:
        """Runs all processes until the end, and drains them; calls `on_whole` when all serve.

        The first one starts alone, so that what keeps all from starting is said once.
        """
        async with asyncio.TaskGroup() as group:
            keeping: list[asyncio.Task[None]] = []
            async with unless(self._end):
                for places in (self._places[:1], self._places[1:]):
                    keeping += [group.create_task(self._keep(place)) for place in places]
                    while not all(place.listens for place in places):
                        self._changed.clear()
                        await self._changed.wait()
                self._whole = True
                on_whole()
                await self._end.wait()
            await self._drain(keeping)

    async def page(self) -> bytes:
        """Returns the metrics of all processes as those of one gateway, and the supervisor's."""
        listening = [place for place in self._places if place.listens]
        answers = await asyncio.gather(
            *(place.ask(metrics=True, fleet=place is listening[0]) for place in listening)
        )
        own = read(tell(self.metrics.registry))
        counts = merged([lasting(own), *(place.counted for place in self._places)])
        # One that listens and does not answer serves nobody.
        silent = {"imggen_serving": own["imggen_serving"]}
        states = merged([passing(one.page) if one else silent for one in answers])
        return render({**counts, **states, **page_of(self._own())})

    async def is_serving(self) -> bool:
        """Returns whether there are processes that listen, and all of them say SERVING."""
        answers = await self._ask()
        return bool(answers) and all(one is not None and one.serving for one in answers)

    async def is_alive(self) -> bool:
        """Returns whether all processes that listen answer."""
        return None not in await self._ask()

    async def _ask(self) -> Sequence[Answer | None]:
        return await asyncio.gather(*(place.ask() for place in self._places if place.listens))

    async def _drain(self, keeping: Sequence["asyncio.Task[None]"]) -> None:
        for member in self._members():
            member.drain()
        _, late = await asyncio.wait(keeping, timeout=self._patience_s)
        if late:
            _log.error("drain took too long", extra={"processes": len(late)})
            self.status = self.status or 1
            for member in self._members():
                member.kill()

    def _members(self) -> list[Member]:
        return [place.member for place in self._places if place.member is not None]

    async def _keep(self, place: Place) -> None:
        """Fills a place again and again, until the end."""
        clock, deaths = asyncio.get_running_loop().time, 0
        while not self._end.is_set():
            began = clock()
            try:
                status = await place.run(self._ports, self._changed.set, self._end)
            except OSError as error:
                status = 1
                _log.error("process not started", extra={"error": str(error)})
            if self._end.is_set():
                return
            if self._gives_up(status):
                self.status = status if status > 0 else 1
                self._end.set()
                return
            deaths = 0 if clock() - began >= _STEADY_S else deaths + 1
            await self._pause(place, status, min(_PAUSE_S * 2**deaths, _PAUSE_MAX_S))

    def _gives_up(self, status: int) -> bool:
        """Returns whether the end of a process is the end of all.

        It is while they start, since what is wrong for one is for all. Later the others go on, and
        a wrong setting is the end, as it is of one gateway, only when no process is left.
        """
        if not self._whole:
            return True
        return status == _WRONG_SETTING and not any(place.listens for place in self._places)

    async def _pause(self, place: Place, status: int, pause_s: float) -> None:
        fields = {"process_number": place.number, "status": status, "again_in_s": pause_s}
        _log.error("process ended", extra=fields)
        place.restarts += 1
        with suppress(TimeoutError):
            async with asyncio.timeout(pause_s):
                await self._end.wait()

    def _own(self) -> list[Family]:
        """Returns what the supervisor itself tells."""
        calls = {
            Key("imggen_process_calls_total", (("process", str(place.number)),)): total(
                place.counted, "imggen_grpc_calls"
            )
            for place in self._places
        }
        return [
            Family(
                "imggen_processes",
                "gauge",
                "Processes of this gateway that serve calls.",
                {Key("imggen_processes"): float(sum(place.listens for place in self._places))},
            ),
            Family(
                "imggen_process_restarts",
                "counter",
                "Times that a process of this gateway has ended by itself.",
                {
                    Key("imggen_process_restarts_total"): float(
                        sum(place.restarts for place in self._places)
                    )
                },
            ),
            Family(
                "imggen_process_calls",
                "counter",
                "Calls that have ended, by the process that served them.",
                calls,
            ),
        ]
