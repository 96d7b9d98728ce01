"""Batches: their fraction, and the jobs that a retry queues again."""

from uuid import uuid4

import pytest

from imggen.rules.retries import all_retryable, retried_with
from server.domain.batches import Node
from server.domain.ids import JobId
from server.domain.states import JobStatus
from tests.builders import batch as _batch

FAILED, CANCELLED, COMPLETED = JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.COMPLETED
A, B, C, D = [JobId(uuid4()) for _ in range(4)]


def graph(*nodes: Node) -> dict[JobId, Node]:
    return {node.id: node for node in nodes}


def node(
    id: JobId, status: JobStatus, *needs: JobId, because: bool = False, deleted: bool = False
) -> Node:
    return Node(id, status, False, because, deleted, frozenset(needs))


@pytest.mark.parametrize(
    ("nodes", "asked", "chosen"),
    [
        # its needs are queued again, too
        ((node(A, FAILED), node(B, FAILED, A, because=True)), B, {A, B}),
        # and the jobs that failed because of it
        ((node(A, FAILED), node(B, FAILED, A, because=True)), A, {A, B}),
        # but not jobs that failed or were cancelled for another reason
        ((node(A, CANCELLED), node(B, CANCELLED, A)), A, {A}),
        ((node(A, COMPLETED), node(B, FAILED, A)), B, {B}),
        # nor jobs with another need that is not met
        ((node(A, FAILED), node(B, FAILED), node(C, FAILED, A, B, because=True)), A, {A}),
        # and the jobs that need those
        (
            (node(A, FAILED), node(B, FAILED, A, because=True), node(C, FAILED, B, because=True)),
            A,
            {A, B, C},
        ),
        # nothing, if a need can never be met
        ((node(A, FAILED, deleted=True), node(B, FAILED, A, because=True)), B, set()),
        ((node(A, FAILED, deleted=True),), A, set()),
        ((node(A, COMPLETED),), A, set()),
    ],
)
def test_a_retry_queues_jobs_that_can_run(
    nodes: tuple[Node, ...], asked: JobId, chosen: set[JobId]
) -> None:
    assert retried_with(graph(*nodes), asked) == chosen


def test_a_retry_of_all_skips_jobs_that_can_never_run() -> None:
    nodes = graph(
        node(A, FAILED, deleted=True),
        node(B, FAILED, A, because=True),
        node(C, CANCELLED),
        node(D, COMPLETED),
    )
    assert all_retryable(nodes) == {C}


def test_a_fraction_counts_ended_jobs_and_parts_of_running_ones() -> None:
    counts = {**dict.fromkeys(JobStatus, 0), COMPLETED: 1, FAILED: 1, JobStatus.PROCESSING: 2}
    assert _batch(0.5, 0.5, counts=counts).fraction == 0.75
