"""A Ray cluster of a head and nodes, in a separate process; each line on stdin is a command.

`node` kills a node and adds another; `evict` adds a node, and ends one as a pod that is evicted: it
is drained first; `lose` kills a node; `head` kills the head; `new-head` kills it, too, and starts
another, which takes over what it knew; `kill DEPLOYMENT` kills its replica; `deploy FILE` deploys
another config. The end of stdin ends the cluster.
"""

import logging
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import ray
from ray._private.state import actors
from ray.cluster_utils import Cluster
from ray.serve._private.api import serve_start

from cluster.embedded.node import deploy
from tests.integration.local_ray import kill_replica

# Replicas need a resource that only the node has, so that it can be killed without the head.
_HEAD: dict[str, Any] = {"num_cpus": 2, "object_store_memory": 100 * 1024 * 1024}
_DRAINED_S = 90
_NODE: dict[str, Any] = _HEAD | {"resources": {"replicas": 1}}


def main(config: Path, nodes: int) -> None:
    """Starts the cluster with Serve on it, and executes commands from stdin."""
    folder = Path(tempfile.mkdtemp(prefix=f"imggen-ray-{os.getpid()}-"))
    # A Cluster writes its address into Ray's default folder, whatever its nodes are configured to.
    (folder / "ray").mkdir()
    os.environ["RAY_TMPDIR"] = str(folder)
    # What the head knows outlives it, as it would in Redis.
    os.environ |= {"RAY_gcs_storage": "rocksdb", "RAY_gcs_storage_path": str(folder / "gcs")}
    head = _HEAD | {"include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    try:
        workers = [cluster.add_node(**_NODE) for _ in range(nodes)]
        with _driver(cluster.address):
            serve_start(proxy_location="Disabled")
            deploy(config)
        print("serving", flush=True)
        for command in sys.stdin:
            match command.split():
                case ["node"]:
                    cluster.remove_node(workers.pop(0), allow_graceful=False)
                    workers.append(cluster.add_node(**_NODE))
                case ["evict"]:
                    workers.append(cluster.add_node(**_NODE))
                    evicted = workers.pop(0)
                    _drain(cluster.address, evicted.node_id)
                    cluster.remove_node(evicted, allow_graceful=False)
                case ["lose"]:
                    cluster.remove_node(workers.pop(0), allow_graceful=False)
                case ["head"]:
                    _kill_head(cluster)
                case ["new-head"]:
                    port = int(cluster.address.rpartition(":")[2])
                    _kill_head(cluster)
                    cluster.add_node(**head, gcs_server_port=port)
                case ["kill", deployment]:
                    with _driver(cluster.address):
                        kill_replica(deployment)
                case ["deploy", changed]:
                    with _driver(cluster.address):
                        deploy(Path(changed))
                case _:
                    raise ValueError(f"not a command: {command!r}")
            print("done", flush=True)
    finally:
        ray.shutdown()
        cluster.shutdown()  # type: ignore[no-untyped-call]  # ray 2.60
        shutil.rmtree(folder, ignore_errors=True)


def _drain(address: str, node: str) -> None:
    """Drains a node as a pod's `preStop` does, and waits until its replicas have gone."""
    reason = ["--reason", "DRAIN_NODE_REASON_PREEMPTION", "--reason-message", "evicted"]
    command = [sys.executable, "-m", "ray.scripts.scripts", "drain-node", "--address", address]
    deadline = ["--deadline-remaining-seconds", str(_DRAINED_S)]
    subprocess.run([*command, "--node-id", node, *reason, *deadline], check=True, stdout=sys.stderr)
    ended = time.monotonic() + _DRAINED_S
    with _driver(address):
        while any(map(partial(_is_replica_on, node), actors().values())):
            if time.monotonic() > ended:
                raise TimeoutError(f"replicas stay on the node {node}")
            time.sleep(0.2)


def _is_replica_on(node: str, actor: dict[str, Any]) -> bool:
    place, kind = actor["Address"]["NodeID"], str(actor["ActorClassName"])
    return bool(place == node) and kind.startswith("ServeReplica") and actor["State"] == "ALIVE"


def _kill_head(cluster: Cluster) -> None:
    head: Any = cluster.head_node
    cluster.remove_node(head, allow_graceful=False)
    cluster.head_node = None


@contextmanager
def _driver(address: str) -> Iterator[None]:
    """Connects a driver for the block only: it would die with the node that it is on."""
    ray.init(address, log_to_driver=False, logging_level=logging.ERROR)
    try:
        yield
    finally:
        ray.shutdown()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
