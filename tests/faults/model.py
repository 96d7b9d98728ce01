"""The model: what a store of jobs should do, in a page, against which Hypothesis drives it.

`python -m tests.faults.model URL` runs it on an empty, migrated database of a Postgres, and ends
with status 1 and the steps that led to where the two differ.
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
from server.domain.states import JobStatus, Lane, Stage
from server.store import Store, open_store
from tests.builders import new_job, new_user, outcome

_LEASE = timedelta(minutes=5)
_NOW = timedelta(0)
_MAX_RETRIES = 3
_END_ALL = """
UPDATE image_generation_jobs SET
  status = 'cancelled', completed_at = now(), lease_expires_at = NULL, worker = NULL
WHERE status IN ('queued', 'processing')
"""


@dataclass
class Model:
    """Is a job as it should be."""

    status: str = "queued"
    attempt: int = 0
    retries: int = 0
    cancel: bool = False
    sequence: int = 0
    results: int = 0

    def claim(self) -> None:
        """A worker takes it: the only way into an attempt."""
        self.status, self.attempt, self.sequence = "processing", self.attempt + 1, 0

    def held_by(self, attempt: int) -> bool:
        """Only the newest attempt of a job that runs may write."""
        return self.status == "processing" and self.attempt == attempt

    def complete(self) -> None:
        """It has its one result."""
        self.status, self.results = "completed", self.results + 1

    def again(self, *, spend: bool, may: bool = True) -> None:
        """It waits again, unless a cancel was asked for or its retries are spent."""
        if spend and (not may or self.retries == _MAX_RETRIES):
            # A failure that is final is FAILED, even of a job that was to be cancelled.
            self.status = "failed"
        else:
            self.status = "cancelled" if self.cancel else "queued"
        self.retries = min(self.retries + spend, _MAX_RETRIES)

    def lose(self) -> None:
        """Its worker is gone."""
        spent = self.retries == _MAX_RETRIES
        self.status = "cancelled" if self.cancel else "failed" if spent else "queued"
        self.retries = min(self.retries + 1, _MAX_RETRIES)

    def ask_to_cancel(self) -> bool:
        """Its caller wants it no more."""
        if self.status not in ("queued", "processing"):
            return False
        self.cancel = True
        self.status = "cancelled" if self.status == "queued" else self.status
        return True

    def retry(self) -> bool:
        """Its caller wants it after all."""
        if self.status not in ("failed", "cancelled"):
            return False
        self.status, self.retries, self.cancel = "queued", 0, False
        return True


class StoreMachine(RuleBasedStateMachine):
    """Does the same to the store and to the model, and compares them."""

    claims = Bundle("claims")
    requests = Bundle("requests")
    runner: asyncio.Runner
    store: Store
    user: UserId

    def __init__(self) -> None:
        super().__init__()
        self.jobs: dict[JobId, Model] = {}
        self.made: dict[UUID, JobId] = {}

    def do(self, what: Any) -> Any:
        """Runs a coroutine of the store."""
        return self.runner.run(what)

    def teardown(self) -> None:
        """Leaves nothing for the next example to claim or to rescue."""
        self.do(self.store.database.execute(_END_ALL))

    @initialize(target=requests)
    def begin(self) -> Any:
        """There is a request at the beginning."""
        return multiple(*(RequestKey(uuid4(), b"same") for _ in range(2)))

    @rule(request=requests)
    def submit(self, request: RequestKey) -> None:
        """A submit makes a job once, however often it is repeated."""
        order = new_job(self.user, request=request)
        job = self.do(self.store.jobs.submit(order))
        assert (job is None) == (request.id in self.made), "a request_id made a second job"
        if job is not None:
            self.made[request.id] = order.id
            self.jobs[order.id] = Model()

    @rule(target=requests)
    def ask(self) -> RequestKey:
        """Somebody asks for something new."""
        return RequestKey(uuid4(), b"same")

    @rule(target=claims, slots=st.integers(1, 3))
    def claim(self, slots: int) -> Any:
        """A claim takes what waits, as much as there are slots for."""
        taken: list[Claim] = self.do(self.store.leases.claim("w", Lane.LOCAL, slots, _LEASE))
        waiting = [job for job in self.jobs.values() if job.status == "queued"]
        assert len(taken) == min(slots, len(waiting))
        for claim in taken:
            assert self.jobs[claim.job_id].status == "queued"
            self.jobs[claim.job_id].claim()
        return multiple(*taken)

    @rule(claim=claims)
    def complete(self, claim: Claim) -> None:
        """The end of an attempt, which may be late, and may come twice."""
        job = self.jobs[claim.job_id]
        accepted = self.do(self.store.leases.complete(claim, outcome(claim.job_id, claim.attempt)))
        assert accepted == job.held_by(claim.attempt), "a lost lease completed a job"
        if accepted:
            job.complete()

    @rule(claim=claims, retryable=st.booleans())
    def fail(self, claim: Claim, retryable: bool) -> None:
        """A failure, which may be late."""
        job = self.jobs[claim.job_id]
        failure = Failure("RENDER_FAILED", "it failed")
        status = self.do(self.store.leases.fail(claim, failure, retryable=retryable, backoff=_NOW))
        assert (status is not None) == job.held_by(claim.attempt), "a lost lease failed a job"
        if status is not None:
            job.again(spend=True, may=retryable)
            assert status == job.status

    @rule(claim=claims)
    def release(self, claim: Claim) -> None:
        """A worker drains."""
        job = self.jobs[claim.job_id]
        released = self.do(self.store.leases.release([claim]))
        assert bool(released) == job.held_by(claim.attempt), "a lost lease released a job"
        if released:
            job.again(spend=False)

    @rule(claim=claims, sequence=st.integers(1, 5))
    def report(self, claim: Claim, sequence: int) -> None:
        """Progress, which may be late or out of order."""
        job = self.jobs[claim.job_id]
        progress = Progress(sequence, Stage.RENDERING, sequence, 5, sequence / 5)
        orders = self.do(self.store.leases.report(claim, progress))
        assert (orders is not None) == job.held_by(claim.attempt), "a lost lease reported"
        if orders is not None:
            assert orders.cancel_requested == job.cancel
            job.sequence = max(job.sequence, sequence)

    @rule(claim=claims)
    def heartbeat(self, claim: Claim) -> None:
        """A worker says that it lives."""
        job = self.jobs[claim.job_id]
        held = self.do(self.store.leases.heartbeat([claim], _LEASE))
        assert held == ({claim.job_id: job.cancel} if job.held_by(claim.attempt) else {})

    @rule(claim=consumes(claims))
    def lose(self, claim: Claim) -> None:
        """A worker is lost and its lease runs out."""
        job = self.jobs[claim.job_id]
        if job.held_by(claim.attempt):
            self.do(self.store.leases.heartbeat([claim], timedelta(seconds=-1)))
            assert self.do(self.store.leases.rescue(_NOW)) == [claim.job_id]
            job.lose()

    @rule(target=claims, claim=claims)
    def lose_and_come_back(self, claim: Claim) -> Claim:
        """A worker is taken for lost, and is not."""
        self.lose(claim)
        return claim

    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        """A caller cancels."""
        if self.jobs:
            name = data.draw(st.sampled_from(list(self.jobs)))
            assert self.do(self.store.jobs.cancel(self.user, name)) == (
                self.jobs[name].ask_to_cancel()
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
        """The store says of each job what the model says, and has one result at most."""
        found = self.do(self.store.jobs.snapshots(list(self.jobs)))
        assert len(found) == len(self.jobs)
        for job in found:
            model = self.jobs[job.id]
            assert job.status is JobStatus(model.status)
            assert (job.attempt, job.retry_count) == (model.attempt, model.retries)
            sequence = job.progress.sequence if job.progress else 0
            assert sequence == model.sequence, "progress went back"
            assert model.results <= 1


def run(url: str, examples: int, steps: int) -> None:
    """Runs examples of so many steps; raises AssertionError at the first that ends badly."""
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
    """Runs examples on the database whose URL is given."""
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
