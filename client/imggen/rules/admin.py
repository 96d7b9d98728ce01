"""What admins ask of the jobs of others: how their requests are read."""

from typing import NamedTuple

from imggen.fields import short_names
from imggen.rules.checks import SHORT_TEXT, Checks
from imggen.rules.filters import wanted
from imggen.rules.graphemes import first
from imggen.v1 import errors_pb2 as reasons
from imggen.v1.admin_pb2 import Lane, RequeueJobsRequest

_LANES = {name: number for name, number in short_names(Lane).items() if number}
MOST_JOBS = 100
"""How many jobs a request may name."""


class Target(NamedTuple):
    """Whose failed jobs are meant, or which ones: one of both is there."""

    user_id: str | None
    job_ids: tuple[str, ...]

    def __str__(self) -> str:
        """Returns the target as it is audited."""
        return "jobs" if self.user_id is None else target_of(self.user_id)


def target_of(user_id: object) -> str:
    """Returns the jobs of a user as they are audited."""
    return f"user:{user_id}"


def read_lane(checks: Checks, value: int) -> str | None:
    """Reads a lane by its number in the contract; None where it is a violation."""
    found = wanted(checks, "lane", value, _LANES)
    if not value:
        checks.add(
            "lane",
            f"is required; use one of {', '.join(name.upper() for name in _LANES)}",
            reasons.ERROR_REASON_FIELD_REQUIRED,
        )
    return found


def read_worker(checks: Checks, name: str) -> str | None:
    """Reads the name of a worker; None where it is a violation."""
    return checks.line("name", name, SHORT_TEXT, required=True)


def unknown_worker(checks: Checks, name: str) -> None:
    """Adds the violation of a name that no worker has which is ready or drains."""
    checks.add(
        "name",
        f'"{first(name, 60)}" is no worker that is ready or drains; `imggen top` shows their names',
        reasons.ERROR_REASON_VALUE_UNKNOWN,
    )


def target_of_lane(lane: str) -> str:
    """Returns a lane as it is audited."""
    return f"lane:{lane}"


def read_target(checks: Checks, request: RequeueJobsRequest) -> Target | None:
    """Reads whose or which jobs are queued again; None where that is a violation."""
    found = len(checks.violations)
    if not request.user_id and not request.job_ids:
        checks.add(
            "user_id",
            "is required where job_ids is empty; give one of both",
            reasons.ERROR_REASON_FIELD_REQUIRED,
        )
    if request.user_id and request.job_ids:
        checks.add(
            "job_ids",
            "must be empty where user_id is given; give one of both",
            reasons.ERROR_REASON_TOO_MANY_ITEMS,
        )
    checks.at_most("job_ids", len(request.job_ids), MOST_JOBS, "ids")
    user = checks.id("user_id", request.user_id, str, required=False)
    read = [checks.id(f"job_ids[{at}]", one, str) for at, one in enumerate(request.job_ids)]
    if len(checks.violations) > found:
        return None
    return Target(user, tuple(dict.fromkeys(one for one in read if one is not None)))
