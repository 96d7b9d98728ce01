"""All of imggen on one Ray for the tests, and a way to kill its replicas."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest
import ray
from ray.util import list_named_actors

from cluster.embedded.local import Local, running
from tests.unit.tiny_vit import checkpoint

SETTINGS = {
    "IMGGEN_LEASE_S": "4",
    "IMGGEN_HEARTBEAT_S": "1",
    "IMGGEN_POLL_S": "0.5",
    "IMGGEN_DIFFUSER_ROWS": "6",
}
"""Short leases, so that a lost worker is noticed soon, and rows that a busy machine has, too."""

CLASSIFIER = "tiny-nsfw"
LABELS = {"nsfw": {"category": "sexual", "threshold": 1.0}}
"""What no picture reaches."""


@contextmanager
def local_imggen() -> Iterator[Local]:
    """Runs all of imggen on new data."""
    # Not in pytest's folder: Postgres may run as another user, who cannot enter it.
    with (
        tempfile.TemporaryDirectory(prefix="imggen-local-", ignore_cleanup_errors=True) as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        classifier = checkpoint(Path(folder) / "classifiers" / CLASSIFIER)
        looking = {
            "IMGGEN_IMAGE_SAFETY": "local",
            "IMGGEN_IMAGE_CLASSIFIER": str(classifier),
            "IMGGEN_IMAGE_CLASSIFIER_LABELS": json.dumps(LABELS),
        }
        for name, value in (SETTINGS | looking).items():
            patch.setenv(name, value)
        with running(Path(folder), print) as local:
            yield local


def replicas(deployment: str) -> list[str]:
    """Returns the actor names of a deployment's running replicas."""
    named: list[dict[str, str]] = list_named_actors(all_namespaces=True)
    return [actor["name"] for actor in named if f"#{deployment}#" in actor["name"]]


def kill_replica(deployment: str) -> None:
    """Kills a replica of a deployment, as a failing machine would."""
    name, *_ = replicas(deployment)
    ray.kill(ray.get_actor(name, namespace="serve"))


def exported_metrics() -> str:
    """Returns what the nodes of Ray export to Prometheus."""
    pages = []
    for node in ray.nodes():  # type: ignore[no-untyped-call]  # ray 2.60
        where = f"http://{node['NodeManagerAddress']}:{node['MetricsExportPort']}/metrics"
        with urlopen(where) as answer:
            pages.append(answer.read().decode())
    return "\n".join(pages)
