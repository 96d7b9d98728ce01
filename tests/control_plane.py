"""A control plane of Kubernetes on this machine: etcd, kube-apiserver and KubeRay's operator.

There is no kubelet: pods are made, and stay Pending.
"""

import json
import os
import signal
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import yaml
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from cluster.embedded.processes import end_with_parent, free_port, stop

Object = dict[str, Any]
"""A Kubernetes object."""

_TOKEN = "of-this-machine"
_READY_S = 120.0
_DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_GROUPS = {
    "v1": "api/v1",
    "apiextensions.k8s.io/v1": "apis/apiextensions.k8s.io/v1",
}
_PLURALS = {
    "NetworkPolicy": "networkpolicies",
}
_EVERYWHERE = {"Namespace", "CustomResourceDefinition", "GatewayClass"}


class Refused(Exception):
    """A request that the API server refuses; the message is its own."""


@dataclass(frozen=True, slots=True)
class Api:
    """The API server, as an administrator."""

    url: str

    def apply(self, made: Object, namespace: str) -> None:
        """Applies an object, with strict validation; raises Refused."""
        path = _path(made["apiVersion"], made["kind"], namespace)
        query = "fieldManager=try&fieldValidation=Strict&force=true"
        body = json.dumps(made).encode()
        self._ask(
            "PATCH",
            f"{path}/{made['metadata']['name']}?{query}",
            body,
            "application/apply-patch+yaml",
        )

    def list(self, version: str, kind: str, namespace: str) -> list[Object]:
        """Returns all objects of a kind."""
        found = self._ask("GET", _path(version, kind, namespace))
        return cast(list[Object], found["items"])

    def set_status(self, made: Object, status: Object, namespace: str) -> None:
        """Changes fields of an object's status, in place of a controller."""
        path = _path(made["apiVersion"], made["kind"], namespace)
        body = json.dumps({"status": status}).encode()
        name = made["metadata"]["name"]
        self._ask("PATCH", f"{path}/{name}/status", body, "application/merge-patch+json")

    def kinds(self) -> set[str]:
        """Returns the kinds of all groups that the server tells of."""
        request = self._request("GET", "apis")
        request.add_header("Accept", _DISCOVERY)
        with urlopen(request, context=_here()) as answer:
            groups = json.loads(answer.read())["items"]
        return {
            resource["responseKind"]["kind"]
            for group in groups
            for version in group["versions"]
            for resource in version["resources"]
        }

    def ready(self) -> bool:
        """Returns whether the server answers, and is ready."""
        try:
            with urlopen(self._request("GET", "readyz"), context=_here()) as answer:
                return bool(answer.status == 200)
        except (HTTPError, URLError, OSError):
            return False

    def _ask(self, method: str, path: str, body: bytes | None = None, kind: str = "") -> Object:
        try:
            with urlopen(self._request(method, path, body, kind), context=_here()) as answer:
                return cast(Object, json.loads(answer.read()))
        except HTTPError as error:
            raise Refused(json.loads(error.read())["message"]) from error

    def _request(
        self, method: str, path: str, body: bytes | None = None, kind: str = ""
    ) -> Request:
        headers = {"Authorization": f"Bearer {_TOKEN}"} | ({"Content-Type": kind} if kind else {})
        return Request(f"{self.url}/{path}", body, headers, method=method)


def _path(version: str, kind: str, namespace: str) -> str:
    plural = _PLURALS.get(kind, f"{kind.lower()}s")
    within = "" if kind in _EVERYWHERE else f"namespaces/{namespace}/"
    return f"{_GROUPS.get(version, f'apis/{version}')}/{within}{plural}"


def _here() -> ssl.SSLContext:
    # The server makes its certificate when it starts, and listens on this machine alone.
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@contextmanager
def control_plane(programs: Path, folder: Path) -> Iterator[Api]:
    """Runs a control plane in an empty folder, with the CRDs beside the programs' folder."""
    with ExitStack() as stack:
        api = _start_api(stack, programs / "bin", folder)
        for file in sorted((programs / "crds").glob("*.yaml")):
            for made in yaml.load_all(file.read_text(), yaml.CSafeLoader):
                if made and made["kind"] == "CustomResourceDefinition":
                    api.apply(made, "")
        _await(lambda: _served(api))
        _start_operator(stack, programs / "bin", folder, api)
        yield api


def _start_api(stack: ExitStack, programs: Path, folder: Path) -> Api:
    clients, peers, port = (free_port() for _ in range(3))
    store, peer = f"http://127.0.0.1:{clients}", f"http://127.0.0.1:{peers}"
    etcd = {
        "data-dir": folder / "etcd",
        "listen-client-urls": store,
        "advertise-client-urls": store,
        "listen-peer-urls": peer,
        "initial-advertise-peer-urls": peer,
        "initial-cluster": f"default={peer}",
    }
    key = rsa.generate_private_key(65537, 2048)
    (folder / "key.pem").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    )
    (folder / "tokens").write_text(f"{_TOKEN},admin,1,system:masters\n")
    server = {
        "etcd-servers": store,
        "cert-dir": folder / "certificates",
        "bind-address": "127.0.0.1",
        "secure-port": port,
        "service-cluster-ip-range": "10.0.0.0/24",
        "service-account-issuer": "https://imggen.example",
        "service-account-key-file": folder / "key.pem",
        "service-account-signing-key-file": folder / "key.pem",
        "authorization-mode": "RBAC",
        "token-auth-file": folder / "tokens",
        "disable-admission-plugins": "ServiceAccount",
    }
    stack.enter_context(_running([programs / "etcd", *_options(etcd)], folder / "etcd.log"))
    stack.enter_context(
        _running([programs / "kube-apiserver", *_options(server)], folder / "api.log")
    )
    api = Api(f"https://127.0.0.1:{port}")
    _await(api.ready)
    return api


def _start_operator(stack: ExitStack, programs: Path, folder: Path, api: Api) -> None:
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "here", "user": "admin"}}],
        "clusters": [
            {"name": "here", "cluster": {"server": api.url, "insecure-skip-tls-verify": True}}
        ],
        "users": [{"name": "admin", "user": {"token": _TOKEN}}],
    }
    (folder / "kubeconfig").write_text(yaml.safe_dump(config))
    options = {
        "metrics-addr": f"127.0.0.1:{free_port()}",
        "health-probe-bind-address": f"127.0.0.1:{free_port()}",
        "enable-leader-election": "false",
        "feature-gates": "RayServiceIncrementalUpgrade=true",
    }
    environment = {"KUBECONFIG": str(folder / "kubeconfig")}
    command: list[str | Path] = [programs / "ray-operator", *_options(options)]
    stack.enter_context(_running(command, folder / "operator.log", environment))


def _served(api: Api) -> bool:
    """Returns whether the server tells of the kinds of the CRDs; the operator asks once."""
    return {"RayService", "RayCluster", "Gateway", "HTTPRoute"} <= api.kinds()


def _options(values: Mapping[str, object]) -> list[str]:
    return [f"--{name}={value}" for name, value in values.items()]


def _await(happens: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _READY_S
    while not happens():
        if time.monotonic() > deadline:
            raise TimeoutError("the control plane is not ready; see its logs")
        time.sleep(0.2)


@contextmanager
def _running(
    command: Sequence[str | Path], log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[None]:
    with log.open("ab") as out:
        child = subprocess.Popen(
            command,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            preexec_fn=lambda: end_with_parent(signal.SIGKILL),  # noqa: PLW1509  # it takes no lock
        )
    try:
        yield
    finally:
        stop(child, 10.0)
