"""Jobs that a worker leaves to others, since it does not hold their models."""

from time import monotonic

from server.domain.ids import JobId

_PAUSE_S = 15.0
_MOST = 1_000


class LeftAlone:
    """The jobs that this worker does not claim for some seconds; others may at once."""

    def __init__(self, pause_s: float = _PAUSE_S, most: int = _MOST) -> None:
        self._pause_s = pause_s
        self._most = most
        self._until: dict[JobId, float] = {}

    def add(self, job: JobId) -> bool:
        """Leaves a job alone; returns False where it leaves so many that a claim would suffer."""
        if len(self.jobs()) >= self._most:
            return False
        self._until[job] = monotonic() + self._pause_s
        return True

    def jobs(self) -> list[JobId]:
        """Returns the jobs that are left alone now."""
        now = monotonic()
        self._until = {job: until for job, until in self._until.items() if until > now}
        return list(self._until)
