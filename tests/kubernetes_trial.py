"""Every overlay on a real API server with KubeRay's operator: `python -m tests.kubernetes_trial`.

`cluster/kubernetes/try` builds what it needs, and runs it. It prints what the operator makes of an
overlay, then of a changed Serve config, then of a changed setting, and ends with 1 where that is
not what is expected.
"""

import argparse
import copy
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.control_plane import Api, Object, control_plane
from tests.kubernetes import OVERLAYS, Overlay, find_manifests, matches, read

_NAMESPACE = "imggen"
_PATIENCE_S = 60.0
_STILL_S = 15.0
# What is not there yet, and an object that somebody else has changed.
_AWAITED = ("found 0 head", '"imggen-gateway" not found', "the object has been modified")
# The nodes of the first cluster by group. Serve, which needs a kubelet, asks for those with a GPU.
_NODES = {"dev": {"headgroup": 1, "cpu": 1}, "prod": {"headgroup": 1, "cpu": 2}}


@dataclass(slots=True)
class Trial:
    """An overlay's trial: the API server that it is applied to, and what was not as expected."""

    overlay: Overlay
    api: Api
    problems: list[str] = field(default_factory=list)

    def run(self) -> None:
        """Applies the overlay and its changes, prints what becomes of each, and compares."""
        for made in sorted(self.overlay.objects, key=lambda each: each["kind"] != "Namespace"):
            self.api.apply(made, _NAMESPACE)
        print(f"\n{self.overlay.name}: {len(self.overlay.objects)} objects are applied")
        expected = _NODES[self.overlay.name]
        [first] = self._expect("the first cluster", lambda: self._nodes() == [expected])
        self._tell()
        self._check_selectors()
        self._as_if_it_served(first)
        service = copy.deepcopy(self.overlay.all("RayService")["imggen"])
        service["spec"]["serveConfigV2"] += "\n# changed\n"
        self.api.apply(service, _NAMESPACE)
        time.sleep(_STILL_S)
        after = self._expect("a changed Serve config", lambda: self._clusters() == [first])
        print(f"a changed Serve config: {len(after)} cluster, {first} stays")
        groups = service["spec"]["rayClusterConfig"]["workerGroupSpecs"]
        groups[0]["template"]["spec"]["containers"][0]["env"].append(
            {"name": "IMGGEN_POLL_S", "value": "3"}
        )
        self.api.apply(service, _NAMESPACE)
        both = self._expect(
            "a changed setting", lambda: len(self._clusters()) == 2 and first in self._clusters()
        )
        self._expect("the nodes of both", lambda: self._nodes() == [expected, expected])
        print(f"a changed setting: {', '.join(both)}; {first} stays")
        self._tell()

    def _expect(self, what: str, holds: Callable[[], bool]) -> list[str]:
        """Waits until something holds, or notes that it does not; returns the clusters."""
        deadline = time.monotonic() + _PATIENCE_S
        while not holds() and time.monotonic() < deadline:
            time.sleep(0.5)
        if not holds():
            self.problems.append(f"{self.overlay.name}: {what}: {self._nodes()}")
        return self._clusters()

    def _clusters(self) -> list[str]:
        """Returns the names of Ray's clusters, the oldest first."""
        found = self.api.list("ray.io/v1", "RayCluster", _NAMESPACE)
        found.sort(key=lambda each: str(each["metadata"]["creationTimestamp"]))
        return [each["metadata"]["name"] for each in found]

    def _pods(self, cluster: str) -> list[Object]:
        found = self.api.list("v1", "Pod", _NAMESPACE)
        return [each for each in found if each["metadata"]["labels"]["ray.io/cluster"] == cluster]

    def _nodes(self) -> list[dict[str, int]]:
        """Returns how many nodes each cluster has by group."""
        return [
            dict(Counter(pod["metadata"]["labels"]["ray.io/group"] for pod in self._pods(cluster)))
            for cluster in self._clusters()
        ]

    def _tell(self) -> None:
        for cluster in self._clusters():
            for pod in self._pods(cluster):
                labels = pod["metadata"]["labels"]
                parts = pod["spec"].get("initContainers", []) + pod["spec"]["containers"]
                names = ", ".join(part["name"] for part in parts)
                print(
                    f"  {cluster}  {labels['ray.io/group']:<10} {pod['status']['phase']}: {names}"
                )
        for version, kind in (
            ("v1", "Service"),
            ("rbac.authorization.k8s.io/v1", "Role"),
            ("gateway.networking.k8s.io/v1", "Gateway"),
            ("gateway.networking.k8s.io/v1", "HTTPRoute"),
        ):
            ours = set(self.overlay.all(kind))
            for each in self.api.list(version, kind, _NAMESPACE):
                if each["metadata"]["name"] not in ours:
                    print(f"  {kind} {each['metadata']['name']}")

    def _check_selectors(self) -> None:
        """Notes each pod of Ray that no disruption budget or no policy of the network takes."""
        [cluster] = self._clusters()
        budgets = self.overlay.all("PodDisruptionBudget").values()
        closed = self.overlay.all("NetworkPolicy")["ray"]["spec"]["podSelector"]
        for pod in self._pods(cluster):
            labels = pod["metadata"]["labels"]
            taken = sum(matches(each["spec"]["selector"], labels) for each in budgets)
            if taken != (labels["ray.io/node-type"] == "worker") or not matches(closed, labels):
                self.problems.append(f"{self.overlay.name}: {pod['metadata']['name']}: {labels}")

    def _as_if_it_served(self, cluster: str) -> None:
        """Marks a cluster as the one that serves: without a kubelet none ever does."""
        [service] = self.api.list("ray.io/v1", "RayService", _NAMESPACE)
        service |= {"apiVersion": "ray.io/v1", "kind": "RayService"}
        status = {
            "activeServiceStatus": {"rayClusterName": cluster},
            "pendingServiceStatus": {"rayClusterName": ""},
        }
        self.api.set_status(service, status, _NAMESPACE)


def errors_of(folder: Path) -> list[str]:
    """Returns what KubeRay's operator could not do, but for what it waits for and does again."""
    lines = (folder / "operator.log").read_text().splitlines()
    found = [json.loads(line) for line in lines if line.startswith("{")]
    errors = {str(each.get("error", each["msg"])) for each in found if each["level"] == "error"}
    return sorted(each for each in errors if not any(part in each for part in _AWAITED))


def main() -> int:
    """Tries every overlay on a control plane of its own; returns the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("programs", type=Path, help="what build-control-plane has built")
    options = parser.parse_args()
    problems: list[str] = []
    for name in OVERLAYS:
        with (
            tempfile.TemporaryDirectory(prefix="imggen-kubernetes-") as folder,
            control_plane(options.programs, Path(folder)) as api,
        ):
            trial = Trial(read(find_manifests(), name), api)
            trial.run()
            problems += trial.problems
            problems += [f"{name}: the operator: {each}" for each in errors_of(Path(folder))]
    for problem in problems:
        print(f"not as expected: {problem}", file=sys.stderr)
    print("\nall as expected" if not problems else f"\n{len(problems)} not as expected")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
