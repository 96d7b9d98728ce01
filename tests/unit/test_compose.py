"""`cluster/compose.yaml`: what it sets exists, and nothing is open to other machines."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic_settings import BaseSettings

from actors.settings import DATA_PLANE_SETTINGS
from server.settings import GatewaySettings
from server.storage.settings import StorageSettings
from tests.compose import COMPOSE, secrets, services, variables
from tests.images import IMAGES, TARGETS, stages
from tests.settings_names import DATA_PLANE, GATEWAY, unread

CLUSTER = COMPOSE.parent
SERVICES = services(secrets())
RAY = ("ray-head", "ray-worker")
EMBEDDED = yaml.safe_load((CLUSTER / "serve" / "embedded.yaml").read_text())
OBSERVE = CLUSTER / "observe"


def seconds(text: str) -> float:
    return float(text.removesuffix("s"))


def ours() -> dict[str, dict[str, Any]]:
    return {name: each for name, each in SERVICES.items() if each["image"].startswith("imggen/")}


def test_every_variable_is_read_by_the_process_that_gets_it() -> None:
    for name in ("gateway", "migrate", "bucket"):
        assert unread(SERVICES[name]["environment"], GATEWAY) == set(), name
    for name in (*RAY, "deploy"):
        assert unread(SERVICES[name]["environment"], DATA_PLANE) == set(), name


def test_a_variable_that_nothing_reads_is_found() -> None:
    assert unread(["IMGGEN_MODEL", "IMGGEN_MODLES", "PATH"], DATA_PLANE) == {"IMGGEN_MODLES"}


@pytest.mark.parametrize("name", RAY)
def test_workers_and_models_need_no_other_setting(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in SERVICES[name]["environment"].items():
        monkeypatch.setenv(variable, value)
    classes: list[type[BaseSettings]] = [*DATA_PLANE_SETTINGS, StorageSettings]
    for settings in classes:
        settings()


def test_every_node_of_ray_has_the_same_settings() -> None:
    head, worker = (SERVICES[name]["environment"] for name in RAY)
    assert head == worker


def test_every_secret_comes_from_a_file_that_a_command_writes(tmp_path: Path) -> None:
    command = tmp_path / "compose-secrets"
    shutil.copy(CLUSTER / "compose-secrets", command)
    subprocess.run([command], check=True, capture_output=True)
    written = (tmp_path / ".env").read_text()
    lines = dict(line.split("=", 1) for line in written.splitlines())
    assert set(lines) == variables(COMPOSE.read_text())
    assert all(re.fullmatch(r"[0-9a-f]{48}", value) for value in lines.values())
    assert len(set(lines.values())) == len(lines)
    assert (tmp_path / ".env").stat().st_mode & 0o077 == 0
    subprocess.run([command], check=True, capture_output=True)
    assert (tmp_path / ".env").read_text() == written


def test_ports_are_open_on_this_machine_only() -> None:
    ports = [port for each in SERVICES.values() for port in each.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_our_containers_have_no_rights_and_write_only_to_tmp() -> None:
    assert set(ours()) == {"bucket", "migrate", "gateway", *RAY, "deploy"}
    for name, each in ours().items():
        assert each["read_only"] is True, name
        assert each["cap_drop"] == ["ALL"], name
        assert each["tmpfs"] == ["/tmp"], name
        assert "volumes" not in each, name


def test_every_image_has_a_version_and_ours_are_targets() -> None:
    targets = stages((IMAGES / "Dockerfile").read_text())
    for name, each in SERVICES.items():
        image, _, tag = each["image"].partition(":")
        assert re.search(r"\d", tag), name
        if "build" in each:
            assert each["build"]["target"] in targets, name
            assert image == f"imggen/{each['build']['target']}"
            assert each["build"]["target"] in TARGETS


def test_every_file_that_is_mounted_is_there() -> None:
    mounts = [mount for each in SERVICES.values() for mount in each.get("volumes", [])]
    named = set(yaml.safe_load(COMPOSE.read_text())["volumes"])
    for mount in mounts:
        source = mount.partition(":")[0]
        assert source in named or (CLUSTER / source).is_dir(), mount


def test_services_wait_for_services_that_can_be_waited_for() -> None:
    for name, each in SERVICES.items():
        waits = each.get("depends_on", {})
        for other in waits:
            condition = waits[other]["condition"] if isinstance(waits, dict) else ""
            if condition == "service_healthy":
                assert "healthcheck" in SERVICES[other], (name, other)
            if condition == "service_completed_successfully":
                assert SERVICES[other]["restart"] == "no", (name, other)


def test_processes_are_given_the_time_to_drain() -> None:
    defaults = GatewaySettings.model_fields
    drain = defaults["drain_delay_s"].default + defaults["drain_s"].default + 15
    assert seconds(SERVICES["gateway"]["stop_grace_period"]) > drain
    stops = [
        each["graceful_shutdown_timeout_s"] for each in EMBEDDED["applications"][0]["deployments"]
    ]
    assert seconds(SERVICES["ray-worker"]["stop_grace_period"]) > max(stops)


def test_the_config_fits_the_node_that_works_and_not_the_head() -> None:
    needed = sum(
        each["ray_actor_options"]["num_cpus"] for each in EMBEDDED["applications"][0]["deployments"]
    )
    head, worker = (_options(SERVICES[name]["command"]) for name in RAY)
    assert (head["--num-cpus"], head["--num-gpus"]) == ("0", "0")
    assert float(worker["--num-cpus"]) >= needed
    assert SERVICES["deploy"]["command"][-1] == "cluster/serve/embedded.yaml"


def test_prometheus_reads_every_process_where_it_exports() -> None:
    config = yaml.safe_load((OBSERVE / "prometheus.yaml").read_text())
    read = {
        (name, target["port"])
        for job in config["scrape_configs"]
        for target in job["dns_sd_configs"]
        for name in target["names"]
    }
    ray = {
        (name, int(_options(SERVICES[name]["command"])["--metrics-export-port"])) for name in RAY
    }
    assert read == {("gateway", GatewaySettings.model_fields["metrics_port"].default), *ray}


def test_grafana_reads_the_prometheus_beside_it() -> None:
    [source] = yaml.safe_load(
        (OBSERVE / "grafana" / "datasources" / "prometheus.yaml").read_text()
    )["datasources"]
    assert source["url"] == "http://prometheus:9090"
    assert "prometheus" in SERVICES
    [files] = yaml.safe_load((OBSERVE / "grafana" / "dashboards" / "files.yaml").read_text())[
        "providers"
    ]
    assert f"./observe:{files['options']['path']}:ro" in SERVICES["grafana"]["volumes"]


def _options(command: list[str]) -> dict[str, str]:
    return dict(part.split("=", 1) for part in command if "=" in part)
