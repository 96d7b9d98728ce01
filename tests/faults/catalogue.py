"""The catalogue: every scenario, its broken build, and the rule that this build must break."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from tests.faults import mutations
from tests.faults.builds import Build, Mutation
from tests.faults.report import Report
from tests.faults.rules import Rule
from tests.faults.scenarios.answers import lost_answers
from tests.faults.scenarios.database import cut_connections, database_outage
from tests.faults.scenarios.full import full_storage
from tests.faults.scenarios.kills import killed_workers
from tests.faults.scenarios.nodes import four_nodes, lost_nodes
from tests.faults.scenarios.noisy import noisy_neighbour
from tests.faults.scenarios.notifications import lost_notifications
from tests.faults.scenarios.overload import overload
from tests.faults.scenarios.paid_load import paid_load
from tests.faults.scenarios.payments import killed_payments
from tests.faults.scenarios.poison import poison_jobs
from tests.faults.scenarios.refusing import read_only_database, renamed_database
from tests.faults.scenarios.renders import killed_renders
from tests.faults.scenarios.replicas import lost_replicas
from tests.faults.scenarios.rolls import rolled_gateway
from tests.faults.scenarios.stopped import stopped_workers
from tests.faults.scenarios.storage import broken_storage
from tests.faults.scenarios.story import killed_story
from tests.faults.scenarios.versions import rolled_version

Run = Callable[[str, Build, bool], Coroutine[Any, Any, Report]]
"""A coroutine that runs a scenario: on a Postgres server, with a build, quickly or not."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario by its name; `selected` ones run in `make test`, quickly.

    `broken_too` ones also run there on their broken build. That build must break the rule
    `breaks`: another broken rule does not show that the guard which it lacks is needed.
    """

    name: str
    run: Run
    mutation: Mutation
    breaks: Rule
    selected: bool = False
    broken_too: bool = False

    def detected(self, report: Report) -> bool:
        """Returns whether a report of the broken build names the rule `breaks`."""
        return self.breaks in report.broken


SCENARIOS = (
    Scenario("killed_workers", killed_workers, mutations.NO_RESCUE, Rule.LOST, selected=True),
    Scenario("killed_renders", killed_renders, mutations.RECORDS_UNREAD, Rule.AGAIN),
    Scenario(
        "stopped_workers",
        stopped_workers,
        mutations.NO_ATTEMPT_CHECK,
        Rule.FENCE,
        selected=True,
        broken_too=True,
    ),
    Scenario(
        "lost_answers",
        lost_answers,
        mutations.REQUESTS_FORGOTTEN,
        Rule.REQUEST,
        selected=True,
        broken_too=True,
    ),
    Scenario(
        "lost_notifications", lost_notifications, mutations.NOTIFY_ONLY, Rule.LOST, selected=True
    ),
    Scenario("poison_jobs", poison_jobs, mutations.DAMAGE_BREAKS_CLAIMS, Rule.LOST),
    Scenario("cut_connections", cut_connections, mutations.ABSENCE_IS_A_FAULT, Rule.CALLS),
    Scenario("database_outage", database_outage, mutations.NO_PATIENCE, Rule.AGAIN),
    Scenario("read_only_database", read_only_database, mutations.READ_ONLY_IS_A_FAULT, Rule.CALLS),
    Scenario("renamed_database", renamed_database, mutations.NO_DATABASE_IS_A_FAULT, Rule.CALLS),
    Scenario("broken_storage", broken_storage, mutations.STORED_ONCE, Rule.AGAIN),
    Scenario("full_storage", full_storage, mutations.OBJECTS_STAY, Rule.LEFT),
    Scenario("rolled_gateway", rolled_gateway, mutations.DRAIN_ENDS_CALLS, Rule.CALLS),
    Scenario("rolled_version", rolled_version, mutations.ANY_VERSION, Rule.VERSION),
    Scenario("overload", overload, mutations.NO_QUEUE_LIMIT, Rule.REFUSALS),
    Scenario("noisy_neighbour", noisy_neighbour, mutations.NO_TURNS, Rule.SHARE),
    Scenario("killed_payments", killed_payments, mutations.CALLS_UNCHECKED, Rule.BUDGET),
    Scenario("paid_load", paid_load, mutations.LOST_ANSWERS_ARE_FREE, Rule.BOOKED),
    Scenario("killed_story", killed_story, mutations.NO_RESCUE, Rule.LOST),
    Scenario("lost_replicas", lost_replicas, mutations.NO_RESCUE, Rule.LOST),
    # Last, since it kills whole nodes; they run in a separate process.
    Scenario("lost_nodes", lost_nodes, mutations.NO_RESCUE, Rule.LOST),
    Scenario("four_nodes", four_nodes, mutations.NO_RESCUE, Rule.LOST),
)
