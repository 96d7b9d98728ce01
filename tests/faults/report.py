"""Reports: what a scenario injected, what was lost or done twice, and the time to recover."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.faults.checker import Violation, check, rendered_again
from tests.faults.history import History
from tests.faults.rules import Problem, Rule


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a scenario's run.

    `problems` are broken rules of the scenario itself, `violations` those of its history.
    """

    scenario: str
    injected: str
    history: History
    recovery_s: float | None
    problems: Sequence[Problem] = ()
    violations: Sequence[Violation] = field(default_factory=tuple)

    @property
    def sound(self) -> bool:
        """Whether every rule was kept."""
        return not self.violations and not self.problems

    @property
    def broken(self) -> frozenset[Rule]:
        """The rules that were broken."""
        problems = {problem.rule for problem in self.problems}
        return frozenset(problems | {violation.rule for violation in self.violations})

    @property
    def lost(self) -> int:
        """The number of acknowledged jobs that have not ended."""
        return sum(violation.rule is Rule.LOST for violation in self.violations)

    @property
    def twice(self) -> int:
        """The number of violations of the rules that demand "once"."""
        return sum(violation.rule not in (Rule.LOST, Rule.WATCH) for violation in self.violations)

    @property
    def again(self) -> int:
        """The number of renders beyond the first of each job: the cost of lost attempts."""
        return rendered_again(self.history)

    def drawn_again(self, most: int = 0) -> list[Problem]:
        """Returns the broken rule where more renders than so many were begun again.

        Where no render was recorded at all, none was counted.
        """
        if not self.history.done("rendering"):
            return [Problem(Rule.AWAITED, "no render was recorded")]
        if self.again > most:
            of = f"{self.again} pictures were drawn again, and {most} may be"
            return [Problem(Rule.AGAIN, of)]
        return []

    def explained(self) -> str:
        """Returns the problems and violations, one per line."""
        lines = [f"{one.rule}: {one.text}" for one in self.problems]
        lines += [f"{one.rule}: job {one.job} {one.how}" for one in self.violations]
        return "\n".join(lines)


def reported(
    scenario: str,
    injected: str,
    history: History,
    recovery_s: float | None,
    problems: list[Problem] | None = None,
) -> Report:
    """Returns the report of a run with a complete history.

    Rules are about acknowledged jobs: a run without any has broken none, and shown nothing.
    """
    # The scenario may add to its list later.
    problems = [] if problems is None else problems
    if not history.acknowledged():
        problems.append(Problem(Rule.INJECTED, "no job was acknowledged"))
    return Report(scenario, injected, history, recovery_s, problems, check(history))
