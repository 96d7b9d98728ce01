"""The overlays of `cluster/kubernetes`, built, as tests read them."""

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from tests.markdown import ROOT

KUBERNETES = ROOT / "cluster" / "kubernetes"
OVERLAYS = ("dev", "prod")
Object = dict[str, Any]
"""A Kubernetes object, or a part of one."""


def find_manifests() -> str:
    """Returns the program that builds and decodes; skips the test where there is none and no Go."""
    found = shutil.which("manifests", path=str(ROOT / ".tools" / "go" / "bin"))
    if found is None and shutil.which("go") is None:
        pytest.skip("skipped: there is no Go to build `manifests` with (`make manifest-tools`)")
    assert found, "there is no `manifests` although Go is at hand; run `make manifest-tools`"
    return found


def build(program: str, overlay: Path) -> "subprocess.CompletedProcess[str]":
    """Builds an overlay, and decodes each of its objects strictly by its own type."""
    return subprocess.run(
        [program, "kustomize", str(overlay)], capture_output=True, check=False, text=True
    )


@dataclass(frozen=True)
class Overlay:
    """What an overlay deploys."""

    name: str
    objects: list[Object]

    def all(self, kind: str) -> dict[str, Object]:
        """Returns the objects of a kind by name."""
        return {each["metadata"]["name"]: each for each in self.objects if each["kind"] == kind}

    @cached_property
    def gateway(self) -> Object:
        """The pod of the gateway."""
        return pod(self.all("Deployment")["gateway"])

    @cached_property
    def ray(self) -> Object:
        """The specification of the RayService."""
        spec: Object = self.all("RayService")["imggen"]["spec"]
        return spec

    @cached_property
    def ray_pods(self) -> dict[str, Object]:
        """The pods of Ray by group; that of the head is `head`."""
        cluster = self.ray["rayClusterConfig"]
        groups = {each["groupName"]: each["template"] for each in cluster["workerGroupSpecs"]}
        return {"head": cluster["headGroupSpec"]["template"], **groups}

    def pods(self) -> dict[str, Object]:
        """Returns every pod's template, by what makes it."""
        made = {
            f"{each['kind']}/{each['metadata']['name']}": pod(each)
            for each in self.objects
            if each["kind"] in ("Deployment", "StatefulSet", "Job")
        }
        return made | {f"RayService/{name}": each for name, each in self.ray_pods.items()}

    def environment(self, container: Object, secrets: Mapping[str, str]) -> dict[str, str]:
        """Returns a container's variables; a secret's value is that of its variable's name."""
        found: dict[str, str] = {}
        for source in container.get("envFrom", []):
            found |= self.all("ConfigMap")[source["configMapRef"]["name"]]["data"]
        for each in container.get("env", []):
            found[each["name"]] = secrets[each["name"]] if "valueFrom" in each else each["value"]
        return found


def pod(owner: Object) -> Object:
    """Returns the template of the pods that an object makes."""
    template: Object = owner["spec"]["template"]
    return template


def containers(template: Object) -> Iterator[Object]:
    """Yields a pod's containers, those that run first included."""
    yield from template["spec"].get("initContainers", [])
    yield from template["spec"]["containers"]


def matches(selector: Object, labels: Mapping[str, str]) -> bool:
    """Returns whether a selector takes a pod with these labels."""
    fits = all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())
    return fits and all(
        labels.get(each["key"]) in each["values"] for each in selector.get("matchExpressions", [])
    )


def read(program: str, name: str) -> Overlay:
    """Returns an overlay; fails where it cannot be built, or one of its objects decoded."""
    built = build(program, KUBERNETES / "overlays" / name)
    assert built.returncode == 0, built.stderr
    return Overlay(name, json.loads(built.stdout))
