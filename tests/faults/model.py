"""The model: how a job store should behave; Hypothesis compares the store with it.

`python -m tests.faults.model URL` runs it on an empty, migrated database, and ends with status 1
and the steps that led to the first difference.
"""

import argparse
import asyncio
import sys
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from server.domain.ids import JobId, UserId
from server.domain.jobs import Claim, Failure, Progress, RequestKey
from server.domain.lanes import JobLane
from server.domain.states import JobStatus, Lane, Stage
from server.store import Store, open_store
from tests.builders import new_job, new_user, outcome
from tests.waiting import OUT_OF_STEP

_LEASE = timedelta(minutes=5)
_NOW = timedelta(0)
_MAX_RETRIES = 3
_LANES = (JobLane(Lane.HOSTED, ("other",)), JobLane(Lane.LOCAL, ("storybook",)))
_END_ALL = """
UPDATE image_generation_jobs SET
  status = 'cancelled', completed_at = now(), lease_expires_at = NULL, worker = NULL
WHERE status IN ('queued', 'processing')
"""


@dataclass
class Model:
    """The expected state of a job."""

    status: str = "queued"
    attempt: int = 0
    retries: int = 0
    cancel: bool = False
    sequence: int = 0
    results: int = 0

    def claim(self) -> None:
        """A worker claims the job: the only way into an attempt."""
        self.status, self.attempt, self.sequence = "processing", self.attempt + 1, 0

    def held_by(self, attempt: int) -> bool:
        """Returns whether an attempt may write: only the newest one of a running job may."""
        return self.status == "processing" and self.attempt == attempt

    def complete(self) -> None:
        """The job gets its one result."""
        self.status, self.results = "completed", self.results + 1

    def requeue(self, *, spend: bool, retryable: bool = True) -> None:
        """The job is queued again, unless it was cancelled or its retries are spent."""
        if spend and (not retryable or self.retries == _MAX_RETRIES):
            # A final failure is FAILED, even if a cancel was requested.
            self.status = "failed"
        else:
            self.status = "cancelled" if self.cancel else "queued"
        self.retries += spend and self.status == "queued"

    def lose(self) -> None:
        """The job's worker is lost."""
        spent = self.retries == _MAX_RETRIES
        self.status = "cancelled" if self.cancel else "failed" if spent else "queued"
        self.retries += self.status == "queued"

    def request_cancel(self) -> bool:
        """The caller cancels; returns whether the job could be cancelled."""
        if self.status not in ("queued", "processing"):
            return False
        self.cancel = True
        self.status = "cancelled" if self.status == "queued" else self.status
        return True

    def retry(self) -> bool:
        """The caller retries; returns whether the job could be retried."""
        if self.status not in ("failed", "cancelled"):
            return False
        self.status, self.retries, self.cancel = "queued", 0, False
        return True


class StoreMachine(RuleBasedStateMachine):
    """Applies the same steps to the store and to the model, and compares them."""

    claims = Bundle("claims")
    requests = Bundle("requests")
    runner: asyncio.Runner
    store: Store
    user: UserId

    def __init__(self) -> None:
        super().__init__()
        self.jobs: dict[JobId, Model] = {}
        self.made: dict[UUID, JobId] = {}

    def do(self, coroutine: Any) -> Any:
        """Runs a coroutine of the store."""
        return self.runner.run(coroutine)

    def teardown(self) -> None:
        """Ends all jobs, so that the next example cannot claim or rescue them."""
        self.do(self.store.database.execute(_END_ALL))

    @initialize(target=requests)
    def begin(self) -> Any:
        """Starts with two requests."""
        return multiple(*(RequestKey(uuid4(), b"same") for _ in range(2)))

    @rule(request=requests)
    def submit(self, request: RequestKey) -> None:
        """A submit makes a job once, however often it is repeated."""
        new = new_job(self.user, request=request)
        job = self.do(self.store.submits.submit(new))
        assert (job is None) == (request.id in self.made), "a request_id made a second job"
        if job is not None:
            self.made[request.id] = new.id
            self.jobs[new.id] = Model()

    @rule(target=requests)
    def ask(self) -> RequestKey:
        """A new request."""
        return RequestKey(uuid4(), b"same")

    @rule(target=claims, slots=st.integers(1, 3))
    def claim(self, slots: int) -> Any:
        """A claim takes queued jobs, up to the number of slots."""
        taken: list[Claim] = self.do(self.store.leases.claim("w", Lane.LOCAL, slots, _LEASE))
        waiting = [job for job in self.jobs.values() if job.status == "queued"]
        assert len(taken) == min(slots, len(waiting))
        for claim in taken:
            assert self.jobs[claim.job_id].status == "queued"
            self.jobs[claim.job_id].claim()
        return multiple(*taken)

    @rule(claim=claims)
    def complete(self, claim: Claim) -> None:
        """An attempt completes, possibly late or twice."""
        job = self.jobs[claim.job_id]
        accepted = self.do(self.store.leases.complete(claim, outcome(claim.job_id, claim.attempt)))
        assert accepted == job.held_by(claim.attempt), "a lost lease completed a job"
        if accepted:
            job.complete()

    @rule(claim=claims, retryable=st.booleans())
    def fail(self, claim: Claim, retryable: bool) -> None:
        """An attempt fails, possibly late."""
        job = self.jobs[claim.job_id]
        failure = Failure("RENDER_FAILED", "it failed")
        status = self.do(self.store.leases.fail(claim, failure, retryable=retryable, backoff=_NOW))
        assert (status is not None) == job.held_by(claim.attempt), "a lost lease failed a job"
        if status is not None:
            job.requeue(spend=True, retryable=retryable)
            assert status == job.status

    @rule(claim=claims, lanes=st.sampled_from([None, _LANES]))
    def release(self, claim: Claim, lanes: tuple[JobLane, ...] | None) -> None:
        """A draining worker releases its job, or one whose lane has nothing for it."""
        job, leases = self.jobs[claim.job_id], self.store.leases
        released = self.do(leases.give_back(claim, lanes) if lanes else leases.release([claim]))
        assert bool(released) == job.held_by(claim.attempt), "a lost lease released a job"
        if released:
            job.requeue(spend=False)

    @rule(claim=claims, sequence=st.integers(1, 5))
    def report(self, claim: Claim, sequence: int) -> None:
        """A worker reports progress, possibly late or out of order."""
        job = self.jobs[claim.job_id]
        progress = Progress(sequence, Stage.RENDERING, sequence, 5, sequence / 5)
        instructions = self.do(self.store.leases.report(claim, progress))
        assert (instructions is not None) == job.held_by(claim.attempt), "a lost lease reported"
        if instructions is not None:
            assert instructions.cancel_requested == job.cancel
            job.sequence = max(job.sequence, sequence)

    @rule(claim=claims)
    def heartbeat(self, claim: Claim) -> None:
        """A worker renews its lease."""
        job = self.jobs[claim.job_id]
        held = self.do(self.store.leases.heartbeat([claim], _LEASE))
        expected = {claim.job_id: job.cancel} if job.held_by(claim.attempt) else {}
        assert held == expected, "a lost lease was renewed"

    @rule(claim=consumes(claims))
    def lose(self, claim: Claim) -> None:
        """A worker is lost, and its lease expires."""
        job = self.jobs[claim.job_id]
        if job.held_by(claim.attempt):
            self.do(self.store.leases.heartbeat([claim], timedelta(seconds=-1)))
            assert self.do(self.store.leases.rescue(_NOW)) == [claim.job_id]
            job.lose()

    @rule(target=claims, claim=claims)
    def lose_and_come_back(self, claim: Claim) -> Claim:
        """A worker is presumed lost, but continues."""
        self.lose(claim)
        return claim

    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        """A caller cancels."""
        if self.jobs:
            name = data.draw(st.sampled_from(list(self.jobs)))
            assert self.do(self.store.jobs.cancel(self.user, name)) == (
                self.jobs[name].request_cancel()
            )

    @rule(data=st.data())
    def retry(self, data: st.DataObject) -> None:
        """A caller retries."""
        if self.jobs:
            name = data.draw(st.sampled_from(list(self.jobs)))
            price = self.do(self.store.jobs.retry(self.user, name, None))
            assert (price is not None) == self.jobs[name].retry()

    @invariant()
    def both_agree(self) -> None:
        """Store and model agree on each job, and no job has more than one result."""
        found = self.do(self.store.jobs.snapshots(list(self.jobs)))
        assert len(found) == len(self.jobs)
        for job in found:
            model = self.jobs[job.id]
            differ = f"{job.status} in the store, {model.status} in the model"
            assert job.status is JobStatus(model.status), differ
            assert (job.attempt, job.retry_count) == (model.attempt, model.retries)
            sequence = job.progress.sequence if job.progress else 0
            assert sequence == model.sequence, "progress went back"
            assert model.results <= 1
        assert self.do(self.store.database.fetch(OUT_OF_STEP)) == [], "lanes out of step"


def run(url: str, examples: int, steps: int) -> None:
    """Runs examples of `steps` steps each; raises AssertionError at the first difference."""
    with asyncio.Runner() as runner:
        opening = open_store(url, max_connections=2, synchronous_commit=False)
        StoreMachine.runner = runner
        StoreMachine.store = runner.run(opening.__aenter__())
        StoreMachine.user = runner.run(new_user(StoreMachine.store))
        try:
            run_state_machine_as_test(
                StoreMachine,
                settings=settings(
                    max_examples=examples,
                    stateful_step_count=steps,
                    phases=[Phase.generate],
                    deadline=None,
                    database=None,
                    derandomize=True,
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            runner.run(opening.__aexit__(None, None, None))


def main() -> int:
    """Runs the command; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.model", description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--examples", type=int, default=20)
    parser.add_argument("--steps", type=int, default=30)
    options = parser.parse_args()
    try:
        run(options.url, options.examples, options.steps)
    except AssertionError as error:
        print(f"the store and the model differ: {error}", file=sys.stderr)
        print("\n".join(getattr(error, "__notes__", [])), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
