"""The catalogue: every scenario, with the broken build in which it must fail."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from tests.faults import mutations
from tests.faults.builds import Build, Mutation
from tests.faults.report import Report
from tests.faults.scenarios.answers import lost_answers
from tests.faults.scenarios.database import cut_connections, database_outage
from tests.faults.scenarios.kills import killed_workers
from tests.faults.scenarios.nodes import lost_nodes
from tests.faults.scenarios.noisy import noisy_neighbour
from tests.faults.scenarios.notifications import lost_notifications
from tests.faults.scenarios.overload import overload
from tests.faults.scenarios.poison import poison_jobs
from tests.faults.scenarios.replicas import lost_replicas
from tests.faults.scenarios.rolls import rolled_gateway
from tests.faults.scenarios.stopped import stopped_workers
from tests.faults.scenarios.storage import broken_storage
from tests.faults.scenarios.story import killed_story

Run = Callable[[str, Build, bool], Coroutine[Any, Any, Report]]
"""Runs a scenario on a Postgres server, with a build, quickly or at full length."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """Is a scenario by its name; `selected` ones run in `make test`, quickly.

    Those that are `broken_too` run there on their broken build as well.
    """

    name: str
    run: Run
    mutation: Mutation
    selected: bool = False
    broken_too: bool = False


SCENARIOS = (
    Scenario("killed_workers", killed_workers, mutations.NO_RESCUE, selected=True),
    Scenario(
        "stopped_workers",
        stopped_workers,
        mutations.NO_ATTEMPT_CHECK,
        selected=True,
        broken_too=True,
    ),
    Scenario(
        "lost_answers", lost_answers, mutations.NO_REQUEST_INDEX, selected=True, broken_too=True
    ),
    Scenario("lost_notifications", lost_notifications, mutations.NOTIFY_ONLY, selected=True),
    Scenario("poison_jobs", poison_jobs, mutations.DAMAGE_BREAKS_CLAIMS),
    Scenario("cut_connections", cut_connections, mutations.ABSENCE_IS_A_FAULT),
    Scenario("database_outage", database_outage, mutations.NO_PATIENCE),
    Scenario("broken_storage", broken_storage, mutations.STORED_ONCE),
    Scenario("rolled_gateway", rolled_gateway, mutations.DRAIN_ENDS_CALLS),
    Scenario("overload", overload, mutations.NO_QUEUE_LIMIT),
    Scenario("noisy_neighbour", noisy_neighbour, mutations.NO_TURNS),
    Scenario("killed_story", killed_story, mutations.NO_RESCUE),
    Scenario("lost_replicas", lost_replicas, mutations.NO_RESCUE),
    # The last one, since it kills whole nodes; they are in a process of their own.
    Scenario("lost_nodes", lost_nodes, mutations.NO_RESCUE),
)
