"""Which jobs of a batch a retry queues again."""

from collections.abc import Hashable, Mapping
from collections.abc import Set as AbstractSet
from typing import Protocol, TypeVar

Id = TypeVar("Id", bound=Hashable)
IdOf = TypeVar("IdOf", bound=Hashable, covariant=True)


class Node(Protocol[IdOf]):
    """A job in the graph of its batch."""

    @property
    def needs(self) -> AbstractSet[IdOf]:
        """The jobs that must be COMPLETED before it may run."""

    @property
    def pictureless(self) -> bool:
        """Whether the job ended without a picture."""

    @property
    def retryable(self) -> bool:
        """Whether the job may be retried."""

    @property
    def dependency_failed(self) -> bool:
        """Whether the job failed because one that it needs did."""


def all_retryable(graph: Mapping[Id, Node[Id]]) -> set[Id]:
    """Returns the jobs that a retry of a batch queues again: all whose needs can be met."""
    chosen = {one for one, node in graph.items() if node.retryable}
    while hopeless := {
        one for one in chosen if any(_missing(graph, need, chosen) for need in graph[one].needs)
    }:
        chosen -= hopeless
    return chosen


def retried_with(graph: Mapping[Id, Node[Id]], asked: Id) -> set[Id]:
    """Returns the jobs that a retry of one queues again; empty when it cannot be retried.

    Those are the job, those that it needs and that have no picture, and those that failed only
    because one of these did.
    """
    possible = all_retryable(graph)
    if asked not in possible:
        return set()
    chosen: set[Id] = set()
    waiting = [asked]
    while waiting:
        one = waiting.pop()
        if one in possible and one not in chosen:
            chosen.add(one)
            waiting.extend(graph[one].needs)
    while needing := {
        one
        for one, node in graph.items()
        if one in possible - chosen
        and node.dependency_failed
        and node.needs & chosen
        and not any(_missing(graph, need, chosen) for need in node.needs)
    }:
        chosen |= needing
    return chosen


def _missing(graph: Mapping[Id, Node[Id]], need: Id, chosen: set[Id]) -> bool:
    return graph[need].pictureless and need not in chosen
