"""The backlog: how many jobs may wait. When it is full, submits are refused at once."""

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from imggen.v1 import errors_pb2 as reasons
from server.domain.ids import UserId
from server.domain.jobs import Outlook
from server.domain.states import Lane
from server.errors import ResourceExhausted
from server.forecast.fresh import Fresh
from server.forecast.jobs import Forecast, duration

_FRESH_S = 0.5
_SHORTEST = timedelta(seconds=1)
_LONGEST = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """The numbers of jobs that may wait, in all and of one user; 0 means any number."""

    all: int = 0
    user: int = 0


@dataclass(slots=True, eq=False)
class _Waiting:
    users: Counter[UserId] = field(default_factory=Counter)
    all: int = 0

    def add(self, user: UserId, jobs: int) -> None:
        self.users[user] += jobs
        self.all += jobs


class Backlog:
    """The number of jobs that wait, kept without a query at every submit.

    `count` asks the database, twice a second at most; in between, what this gateway admits is
    added. A limit can be exceeded by what other gateways submit within half a second, and by a
    batch, which is admitted whole where one more job may wait.
    """

    def __init__(
        self,
        count: Callable[[], Awaitable[Mapping[UserId, int]]],
        forecast: Forecast,
        limits: QueueLimits,
    ) -> None:
        self._count = count
        self._forecast = forecast
        self._limits = limits
        self._newest = _Waiting()
        self._counts = Fresh(self._recount, self._newest, fresh_s=_FRESH_S)

    async def check(self, user: UserId, lanes: Collection[Lane]) -> None:
        """Raises ResourceExhausted when no more jobs may wait, in all or of this user.

        `lanes` are those of the new jobs; how busy they are decides when to try again.
        """
        limits = self._limits
        if not limits.all and not limits.user:
            return
        # Without the database the last count is used; the submit itself then fails.
        waiting = await self._counts.get(None)
        if limits.user and waiting.users[user] >= limits.user:
            raise await self._full(lanes, f"{limits.user} of your jobs", limits.user)
        if limits.all and waiting.all >= limits.all:
            raise await self._full(lanes, f"{limits.all} jobs", limits.all)

    def add(self, user: UserId, jobs: int = 1) -> None:
        """Counts jobs of the user that were just admitted."""
        self._newest.add(user, jobs)

    async def _recount(self, _key: None) -> _Waiting:
        users = Counter(await self._count())
        self._newest = _Waiting(users, users.total())
        return self._newest

    async def _full(self, lanes: Collection[Lane], what: str, limit: int) -> ResourceExhausted:
        outlooks = [await self._forecast.outlook(lane) for lane in lanes]
        wait = max((room_after(outlook, limit) for outlook in outlooks), default=_SHORTEST)
        return ResourceExhausted(
            f"{what} wait already, which is the limit; try again later",
            reasons.ERROR_REASON_QUEUE_FULL,
            metadata={"limit": str(limit)},
            retry_after=wait,
        )


def room_after(outlook: Outlook, limit: int) -> timedelta:
    """Returns the time in which a tenth of a full queue should be done, 1 s to 5 min."""
    wait = duration(outlook) * max(1, limit // 10) / max(1, outlook.at_once)
    return min(max(wait, _SHORTEST), _LONGEST)
