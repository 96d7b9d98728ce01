"""Reports: what a scenario injected, what was lost or done twice, how long it took to recover."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.faults.checker import Violation, check, rendered_again
from tests.faults.history import History


@dataclass(frozen=True, slots=True)
class Report:
    """Is what came of a scenario.

    `problems` are broken promises of the scenario itself, beside those of every history.
    `again` counts renders beyond the first of each job, which a lost attempt costs.
    """

    scenario: str
    injected: str
    history: History
    recovery_s: float | None
    problems: Sequence[str] = ()
    violations: Sequence[Violation] = field(default_factory=tuple)

    @property
    def sound(self) -> bool:
        """Tells whether every promise was kept."""
        return not self.violations and not self.problems

    @property
    def lost(self) -> int:
        """Is how many acknowledged jobs have not ended."""
        return sum(violation.rule == "lost" for violation in self.violations)

    @property
    def twice(self) -> int:
        """Is how many promises of "once" were broken."""
        return sum(violation.rule not in ("lost", "watch") for violation in self.violations)

    @property
    def again(self) -> int:
        """Is how many renders an attempt that was lost has cost."""
        return rendered_again(self.history)

    def explained(self) -> str:
        """Returns what is wrong, a line each."""
        lines = [*self.problems]
        lines += [f"{one.rule}: job {one.job} {one.how}" for one in self.violations]
        return "\n".join(lines)


def reported(
    scenario: str,
    injected: str,
    history: History,
    recovery_s: float | None,
    problems: Sequence[str] = (),
) -> Report:
    """Returns the report of a run whose history is complete."""
    return Report(scenario, injected, history, recovery_s, problems, check(history))
