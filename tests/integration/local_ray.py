"""All of imggen on one Ray for the tests, and a way to kill its replicas."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest
import ray
from ray.util import list_named_actors

from cluster.embedded.guardian import guarded_folder
from cluster.embedded.local import Local, running

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
    """Runs all of imggen on new data, with short leases and a classifier of pictures."""
    with new_imggen(_settings) as local:
        yield local


@contextmanager
def new_imggen(
    settings: Callable[[Path], Mapping[str, str]], say: Callable[[str], None] = print
) -> Iterator[Local]:
    """Runs all of imggen on new data; `settings` takes their folder, which is empty."""
    with guarded_folder("imggen-local-") as folder, pytest.MonkeyPatch.context() as patch:
        for name, value in settings(folder).items():
            patch.setenv(name, value)
        with running(folder, say) as local:
            yield local


def _settings(folder: Path) -> Mapping[str, str]:
    # Torch and transformers take longer to import than all else here, and no other test of this
    # suite needs them.
    from tests.unit.tiny_vit import checkpoint

    return {
        **SETTINGS,
        "IMGGEN_IMAGE_SAFETY": "local",
        "IMGGEN_IMAGE_CLASSIFIER": str(checkpoint(folder / "classifiers" / CLASSIFIER)),
        "IMGGEN_IMAGE_CLASSIFIER_LABELS": json.dumps(LABELS),
    }


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
