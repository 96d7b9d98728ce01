"""What the overlays deploy holds together: settings, secrets, versions, drains, rights, selectors.

The overlays are built by kustomize and decoded strictly by Kubernetes' and KubeRay's own Go types.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic_settings import BaseSettings
from ray.serve.schema import ServeDeploySchema

from actors.settings import DATA_PLANE_SETTINGS, DiffuserSettings, WorkerSettings
from imggen.release import VERSION
from server.metrics import GatewayMetrics
from server.settings import GatewaySettings
from server.storage.settings import StorageSettings
from tests.compose import COMPOSE, secrets
from tests.kubernetes import (
    KUBERNETES,
    OVERLAYS,
    Object,
    Overlay,
    build,
    containers,
    find_manifests,
    matches,
    read,
)
from tests.markdown import ROOT
from tests.settings_names import DATA_PLANE, GATEWAY, unread

SERVE = {"dev": "embedded.yaml", "prod": "pool.yaml"}
SECRETS = {
    "IMGGEN_DATABASE_URL": "postgresql://imggen:hidden@database:5432/imggen",
    "IMGGEN_JWT_SECRET": "a-secret-of-the-tests-with-enough-bytes",
    "IMGGEN_OPENAI_API_KEY": "a-key",
    "IMGGEN_MODERATION_API_KEY": "a-key",
    "AWS_ACCESS_KEY_ID": "id",
    "AWS_SECRET_ACCESS_KEY": "key",
}
# What KubeRay adds to pods of a cluster (utils.labelPod, KubeRay 1.5.0).
OF_KUBERAY = {"head": "head", "cpu": "worker", "gpu": "worker"}


@pytest.fixture(scope="session")
def program() -> str:
    return find_manifests()


@pytest.fixture(scope="module", params=OVERLAYS)
def overlay(request: pytest.FixtureRequest, program: str) -> Overlay:
    return read(program, request.param)


def serve_config(overlay: Overlay) -> dict[str, dict[str, Any]]:
    """Returns the deployments of the Serve config that an overlay deploys."""
    config = yaml.safe_load(overlay.ray["serveConfigV2"])
    return {each["name"]: each for each in config["applications"][0]["deployments"]}


def test_a_misspelt_field_is_refused(program: str, tmp_path: Path) -> None:
    shutil.copytree(KUBERNETES.parent, tmp_path / "cluster")
    base = tmp_path / "cluster" / "kubernetes" / "base" / "ray.yaml"
    base.write_text(base.read_text().replace("maxReplicas: 4", "maxReplicaz: 4"))
    built = build(program, tmp_path / "cluster" / "kubernetes" / "overlays" / "prod")
    assert built.returncode == 1
    assert built.stderr.startswith("ray.io/v1/RayService imggen: ")
    assert 'unknown field "maxReplicaz"' in built.stderr


def test_compose_reads_its_file(program: str) -> None:
    variables = [f"{name}={value}" for name, value in secrets().items()]
    command = [program, "compose", str(COMPOSE), *variables]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stderr


def test_every_variable_is_read_by_the_process_that_gets_it(overlay: Overlay) -> None:
    for name, template in overlay.pods().items():
        known = DATA_PLANE if name.startswith("RayService/") else GATEWAY
        for container in containers(template):
            assert unread(overlay.environment(container, SECRETS | _any()), known) == set(), name


def test_workers_and_models_need_no_other_setting(
    overlay: Overlay, monkeypatch: pytest.MonkeyPatch
) -> None:
    for group in set(overlay.ray_pods) - {"head"}:
        ray = overlay.ray_pods[group]["spec"]["containers"][0]
        for name, value in overlay.environment(ray, SECRETS).items():
            monkeypatch.setenv(name, value)
        classes: list[type[BaseSettings]] = [*DATA_PLANE_SETTINGS, StorageSettings]
        for settings in classes:
            settings()


def test_gateways_and_workers_have_alike_what_must_be(overlay: Overlay) -> None:
    gateway = overlay.environment(overlay.gateway["spec"]["containers"][0], SECRETS)
    workers = overlay.environment(overlay.ray_pods["cpu"]["spec"]["containers"][0], SECRETS)
    # CloudFront's key signs URLs, which workers do not.
    shared = {
        name
        for name in GATEWAY & DATA_PLANE
        if not name.startswith("IMGGEN_CLOUDFRONT_") and name != "IMGGEN_DRAIN_S"
    }
    assert {name: gateway.get(name) for name in shared} == {
        name: workers.get(name) for name in shared
    }


def test_the_secrets_of_development_are_those_that_it_names(program: str) -> None:
    printed = subprocess.run(
        [KUBERNETES / "dev-secrets"], capture_output=True, check=True, text=True
    ).stdout
    made = {
        (each["metadata"]["name"], key)
        for each in yaml.safe_load_all(printed)
        if each
        for key in each["stringData"]
    }
    assert _secrets(read(program, "dev")) == made


def test_the_secrets_of_production_are_on_the_page(program: str) -> None:
    page = (ROOT / "docs" / "clusters.md").read_text()
    told = set(re.findall(r"^\| `([\w-]+)` \| `([\w.-]+)` \|", page, re.MULTILINE))
    assert _secrets(read(program, "prod")) == told


def test_the_serve_config_is_the_file(overlay: Overlay) -> None:
    text = (ROOT / "cluster" / "serve" / SERVE[overlay.name]).read_text()
    assert overlay.ray["serveConfigV2"] == text
    ServeDeploySchema.model_validate(yaml.safe_load(text))


def test_versions_are_one(overlay: Overlay) -> None:
    pins = (ROOT / "constraints.txt").read_text()
    assert f"ray=={overlay.ray['rayClusterConfig']['rayVersion']}\n" in pins
    images = [
        each["image"] for template in overlay.pods().values() for each in containers(template)
    ]
    assert all(re.search(r":v?\d", image) for image in images)
    [version] = {image.rpartition(":")[2] for image in images if "imggen/" in image}
    assert f"migrate-{version}" in overlay.all("Job")
    assert version == VERSION


def test_new_versions_wait_for_their_schema(overlay: Overlay) -> None:
    assert overlay.gateway["spec"]["initContainers"][0]["args"] == ["migrate", "--wait"]
    for group in set(overlay.ray_pods) - {"head"}:
        first = overlay.ray_pods[group]["spec"]["initContainers"][0]
        assert first["command"] == ["python", "-m", "server", "migrate", "--wait"]
    [job] = [each for name, each in overlay.all("Job").items() if name.startswith("migrate-")]
    [migrate] = job["spec"]["template"]["spec"]["containers"]
    # Nothing that a setting changes: a Job cannot be changed.
    assert [each["name"] for each in migrate["env"]] == ["IMGGEN_DATABASE_URL"]
    assert "envFrom" not in migrate


def test_processes_are_given_the_time_to_drain(
    overlay: Overlay, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = overlay.gateway["spec"]
    gateway = overlay.environment(spec["containers"][0], SECRETS)
    settings = GatewaySettings(
        drain_delay_s=float(gateway["IMGGEN_DRAIN_DELAY_S"]),
        drain_s=float(gateway["IMGGEN_DRAIN_S"]),
    )
    before = spec["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    drain = before + settings.drain_delay_s + settings.drain_s + 15
    assert spec["terminationGracePeriodSeconds"] > drain
    worker = overlay.environment(overlay.ray_pods["cpu"]["spec"]["containers"][0], SECRETS)
    stops = {each["graceful_shutdown_timeout_s"] for each in serve_config(overlay).values()}
    default = WorkerSettings.model_fields["drain_s"].default
    assert min(stops) > float(worker.get("IMGGEN_DRAIN_S", default))
    for group in set(overlay.ray_pods) - {"head"}:
        pod = overlay.ray_pods[group]["spec"]
        told = pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][-1]
        [left] = re.findall(r"ray drain-node .* --deadline-remaining-seconds ([0-9]+) ", told)
        assert pod["terminationGracePeriodSeconds"] > int(left) > max(stops)
    assert overlay.ray["rayClusterDeletionDelaySeconds"] > max(stops)


def test_no_pod_has_rights(overlay: Overlay) -> None:
    for name, template in overlay.pods().items():
        rights = template["spec"]["securityContext"]
        assert rights["runAsNonRoot"] is True, name
        assert rights["seccompProfile"] == {"type": "RuntimeDefault"}, name
        for container in containers(template):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }, name
            assert "memory" in container["resources"]["limits"], name
    [space] = overlay.all("Namespace").values()
    assert space["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_the_head_has_neither_work_nor_a_gpu(overlay: Overlay) -> None:
    head = overlay.ray["rayClusterConfig"]["headGroupSpec"]
    assert head["rayStartParams"]["num-cpus"] == head["rayStartParams"]["num-gpus"] == "0"
    [ray] = head["template"]["spec"]["containers"]
    assert "nvidia.com/gpu" not in ray["resources"]["limits"]
    # KubeRay looks them up by name.
    assert {each["name"] for each in ray["ports"]} >= {"gcs-server", "dashboard", "serve"}
    assert overlay.ray["rayClusterConfig"]["gcsFaultToleranceOptions"]["redisAddress"]


def test_ray_can_place_all_that_serve_may_ask_for(overlay: Overlay) -> None:
    groups = {
        each["groupName"]: each for each in overlay.ray["rayClusterConfig"]["workerGroupSpecs"]
    }
    diffuser, worker = serve_config(overlay)["diffuser"], serve_config(overlay)["worker"]
    cpu = float(groups["cpu"]["template"]["spec"]["containers"][0]["resources"]["limits"]["cpu"])
    assert worker["num_replicas"] <= groups["cpu"]["minReplicas"]
    if overlay.name == "dev":
        assert set(groups) == {"cpu"}
        all_of_it = serve_config(overlay).values()
        assert sum(each["ray_actor_options"]["num_cpus"] for each in all_of_it) <= cpu
        return
    gpu = groups["gpu"]["template"]["spec"]["containers"][0]["resources"]
    assert gpu["limits"]["nvidia.com/gpu"] == "1"
    assert diffuser["ray_actor_options"]["num_gpus"] == 1
    assert diffuser["ray_actor_options"]["num_cpus"] <= float(gpu["limits"]["cpu"])
    scaling = diffuser["autoscaling_config"]
    # Serve asks for nodes; a minimum would be taken twice over in an upgrade.
    assert groups["gpu"]["minReplicas"] == groups["gpu"]["replicas"] == 0
    assert scaling["max_replicas"] <= groups["gpu"]["maxReplicas"]
    assert worker["num_replicas"] >= 2
    assert overlay.ray["upgradeStrategy"]["type"] == "NewClusterWithIncrementalUpgrade"


def test_print_assets_are_enlarged_by_weights_that_nodes_with_a_gpu_mount(
    program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    prod = read(program, "prod")
    pod = prod.ray_pods["gpu"]["spec"]
    for name, value in prod.environment(pod["containers"][0], SECRETS).items():
        monkeypatch.setenv(name, value)
    settings = DiffuserSettings()
    assert (settings.model, WorkerSettings().print_by_model) == ("sdxl", True)
    [volume] = [each for each in pod["volumes"] if "persistentVolumeClaim" in each]
    [mount] = [
        each for each in pod["containers"][0]["volumeMounts"] if each["name"] == volume["name"]
    ]
    assert mount["readOnly"]
    assert settings.upscaler_file
    assert str(settings.upscaler_file.parent) == mount["mountPath"]
    assert "args" not in yaml.safe_load(prod.ray["serveConfigV2"])["applications"][0]


def test_selectors_take_pods_that_are_there(overlay: Overlay) -> None:
    labels = list(_labels(overlay))
    budgets = overlay.all("PodDisruptionBudget").values()
    for each in [*budgets, *overlay.all("Service").values()]:
        selector = each["spec"]["selector"]
        selector = selector if "matchLabels" in selector else {"matchLabels": selector}
        assert any(matches(selector, pod) for pod in labels), each["metadata"]["name"]
    for policy in overlay.all("NetworkPolicy").values():
        for selector in _pod_selectors(policy["spec"]):
            assert any(matches(selector, pod) for pod in labels), policy["metadata"]["name"]


def test_every_pod_is_closed_but_for_what_is_named(overlay: Overlay) -> None:
    closed = [
        each["spec"]
        for each in overlay.all("NetworkPolicy").values()
        if each["spec"]["podSelector"] == {} and "ingress" not in each["spec"]
    ]
    assert {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]} in closed


def test_gateways_are_scaled_on_a_metric_that_they_export(program: str) -> None:
    prod = read(program, "prod")
    scaler = prod.all("HorizontalPodAutoscaler")["gateway"]["spec"]
    [metric] = [each["pods"]["metric"]["name"] for each in scaler["metrics"] if "pods" in each]
    assert metric in {family.name for family in GatewayMetrics().registry.collect()}
    [rule] = yaml.safe_load((KUBERNETES / "adapter.yaml").read_text())["rules"]["custom"]
    assert rule["name"]["as"] == metric
    assert rule["metricsQuery"].count(metric) == 1
    assert scaler["minReplicas"] >= 2
    assert "replicas" not in prod.all("Deployment")["gateway"]["spec"]
    port = prod.gateway["metadata"]["annotations"]["prometheus.io/port"]
    assert int(port) == GatewaySettings.model_fields["metrics_port"].default


def _labels(overlay: Overlay) -> Iterator[dict[str, str]]:
    """Yields the labels of every pod, those that KubeRay makes included."""
    for template in overlay.pods().values():
        yield template["metadata"]["labels"]
    for group, template in overlay.ray_pods.items():
        kind = OF_KUBERAY[group]
        yield template["metadata"]["labels"] | {
            "ray.io/is-ray-node": "yes",
            "ray.io/node-type": kind,
            "ray.io/group": "headgroup" if kind == "head" else group,
        }


def _pod_selectors(policy: Object) -> Iterator[Object]:
    yield policy["podSelector"]
    for rule in [*policy.get("ingress", []), *policy.get("egress", [])]:
        for peer in [*rule.get("from", []), *rule.get("to", [])]:
            if "podSelector" in peer:
                yield peer["podSelector"]


def _secrets(overlay: Overlay) -> set[tuple[str, str]]:
    """Returns the secrets that an overlay's pods need, by name and key."""
    found = {
        (source["secretKeyRef"]["name"], source["secretKeyRef"]["key"])
        for template in overlay.pods().values()
        for container in containers(template)
        for each in container.get("env", [])
        if (source := each.get("valueFrom"))
    }
    redis = overlay.ray["rayClusterConfig"]["gcsFaultToleranceOptions"]["redisPassword"]
    found.add(tuple(redis["valueFrom"]["secretKeyRef"][part] for part in ("name", "key")))
    for template in overlay.pods().values():
        for volume in template["spec"].get("volumes", []):
            if "secret" in volume:
                found.add((volume["secret"]["secretName"], "private-key.pem"))
    return found


def _any() -> dict[str, str]:
    """Returns values for the variables of others' containers."""
    return dict.fromkeys(
        ("POSTGRES_PASSWORD", "PASSWORD", "ROOT_ACCESS_KEY", "ROOT_SECRET_KEY"), "x"
    )
