"""The Serve configs fit Ray's schema and the application that they deploy."""

import importlib
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel
from ray.serve._private.build_app import build_app
from ray.serve.config import AutoscalingConfig, AutoscalingPolicy
from ray.serve.schema import (
    DeploymentSchema,
    LoggingConfig,
    RayActorOptionsSchema,
    ServeApplicationSchema,
    ServeDeploySchema,
)

from actors.app import Arguments
from actors.serve.scaling import BacklogPolicy
from actors.settings import DATA_PLANE_SETTINGS, WorkerSettings
from actors.settings.worker import MEASURED
from tests.markdown import ROOT, rows, section

SERVE = ROOT / "cluster" / "serve"
CONFIGS = [
    pytest.param(path, id=path.name)
    for path in sorted(SERVE.glob("*.yaml"))
    if path.name != "kustomization.yaml"
]
# Ray ignores a key that it does not know.
NESTED: dict[str, type[BaseModel]] = {
    "applications": ServeApplicationSchema,
    "deployments": DeploymentSchema,
    "ray_actor_options": RayActorOptionsSchema,
    "autoscaling_config": AutoscalingConfig,
    "policy": AutoscalingPolicy,
    "logging_config": LoggingConfig,
}
PAGE = (SERVE / "README.md").read_text()


def read(path: Path) -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load(path.read_text())
    return config


def unknown(values: Mapping[str, Any], schema: type[BaseModel], where: str = "") -> Iterator[str]:
    """Yields the keys of a config that Ray has no field for."""
    for key, value in values.items():
        if key not in schema.model_fields:
            yield f"{where}{key}"
        elif nested := NESTED.get(key):
            for each in value if isinstance(value, list) else [value]:
                yield from unknown(each, nested, f"{where}{key}.")


def deployments(path: Path) -> dict[str, dict[str, Any]]:
    """Returns the deployments of a config's one application, by name."""
    [application] = read(path)["applications"]
    return {each["name"]: each for each in application["deployments"]}


@cache
def built(path: Path) -> dict[str, Any]:
    """Returns what the application that a config imports deploys, by name."""
    [application] = read(path)["applications"]
    module, name = application["import_path"].split(":")
    made = getattr(importlib.import_module(module), name)
    arguments = application.get("args", {})
    taken = made.__annotations__["args"]
    whole = taken(**arguments) if isinstance(taken, type) else arguments
    return {each.name: each for each in build_app(made(whole), name="imggen").deployments}


@pytest.mark.parametrize("path", CONFIGS)
def test_ray_reads_the_config_and_knows_every_key(path: Path) -> None:
    ServeDeploySchema.model_validate(read(path))
    assert list(unknown(read(path), ServeDeploySchema)) == []


def test_a_key_that_ray_would_ignore_is_found() -> None:
    config = read(SERVE / "pool.yaml")
    config["applications"][0]["deployments"][0]["ray_actor_options"]["num_gpu"] = 1
    assert list(unknown(config, ServeDeploySchema)) == [
        "applications.deployments.ray_actor_options.num_gpu"
    ]


@pytest.mark.parametrize("path", CONFIGS)
def test_the_config_names_each_deployment_of_its_application_and_no_other(path: Path) -> None:
    assert set(deployments(path)) == set(built(path))


@pytest.mark.parametrize("path", CONFIGS)
def test_replicas_are_stopped_after_their_jobs_have_drained(path: Path) -> None:
    drain_s = float(_told("IMGGEN_DRAIN_S").get(path.stem, "20"))
    stops = [each["graceful_shutdown_timeout_s"] for each in deployments(path).values()]
    assert all(stop > drain_s for stop in stops)
    # The last jobs of a worker still need a diffuser.
    assert len(set(stops)) == 1


def test_a_gpu_holds_one_diffuser_and_the_stated_rest() -> None:
    shares = {
        path.stem: deployments(path)["diffuser"]["ray_actor_options"].get("num_gpus", 0)
        for path in (SERVE / "embedded.yaml", SERVE / "one-gpu.yaml", SERVE / "pool.yaml")
    }
    assert shares == {"embedded": 0, "one-gpu": 0.75, "pool": 1}
    assert "a quarter of the card, 6 GB, is left" in PAGE


@pytest.mark.parametrize("path", CONFIGS)
def test_what_holds_the_upscaler_counts_its_lane(path: Path) -> None:
    """A diffuser or an upscaler of its own that is scaled sees what waits to be upscaled."""
    its = deployments(path)
    holder = its.get("upscaler", its["diffuser"])
    if scaling := holder.get("autoscaling_config"):
        assert "upscale" in scaling["policy"]["policy_kwargs"]["lanes"]
    own = read(path)["applications"][0].get("args", {}).get("upscaler") == "own"
    assert own == ("upscaler" in its) == (path.stem == "embedded")


def test_the_upscaler_is_in_one_process_only() -> None:
    for name, finishes in (("embedded", False), ("one-gpu", True), ("pool", True)):
        made = built(SERVE / f"{name}.yaml")
        held = made["diffuser"].init_kwargs.get("finishes", True)
        assert (held, "upscaler" in made) == (finishes, not finishes)


@pytest.mark.parametrize("args", [{"upscaler": "gpu"}, {"upscalers": "own"}])
def test_arguments_that_say_nothing_of_processes_are_refused(args: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=next(iter(args))):
        Arguments.model_validate(args)


def test_what_must_stay_up_in_a_pool_is_there_twice() -> None:
    pool = deployments(SERVE / "pool.yaml")
    assert pool["worker"]["num_replicas"] >= 2
    assert pool["worker"]["max_replicas_per_node"] == 1
    assert pool["diffuser"]["autoscaling_config"]["min_replicas"] >= 2


def test_the_config_of_two_models_fits_the_application_and_its_policy() -> None:
    text = section((ROOT / "docs" / "clusters.md").read_text(), "Two models of your own")
    [block] = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    config = yaml.safe_load(block)
    ServeDeploySchema.model_validate(config)
    assert list(unknown(config, ServeDeploySchema)) == []
    for application in config["applications"]:
        names = {each["name"] for each in application["deployments"]}
        assert names == set(built(SERVE / "pool.yaml"))
        model = application["runtime_env"]["env_vars"]["IMGGEN_MODEL"]
        for each in application["deployments"]:
            if scaling := each.get("autoscaling_config"):
                arguments = scaling["policy"]["policy_kwargs"]
                signature(BacklogPolicy).bind(**arguments)
                assert arguments["model"] == model == application["name"]


def test_a_pool_is_scaled_by_a_policy_that_takes_its_arguments() -> None:
    policy = deployments(SERVE / "pool.yaml")["diffuser"]["autoscaling_config"]["policy"]
    read = AutoscalingPolicy.model_validate(policy)
    assert isinstance(read.get_policy()(**read.policy_kwargs), BacklogPolicy)


def test_the_slots_of_the_table_follow_the_diffusers() -> None:
    for name, slots in _told("IMGGEN_SLOTS").items():
        settings = WorkerSettings(slots=json.loads(slots), models=("storybook",))
        assert settings.slots["local"] == MEASURED, name


def test_the_table_tells_what_the_configs_set() -> None:
    for knob, owner, _, *told in rows(section(PAGE, "The knobs")):
        name = knob.strip("`")
        if name.startswith("IMGGEN_"):
            continue
        assert name in {
            field
            for schema in (DeploymentSchema, RayActorOptionsSchema, AutoscalingConfig)
            for field in schema.model_fields
        } | set(signature(BacklogPolicy).parameters)
        for config, value in zip(("embedded", "one-gpu", "pool"), told, strict=True):
            for deployment in owner.split(" and "):
                found = _value(deployments(SERVE / f"{config}.yaml").get(deployment, {}), name)
                assert _shown(found) == value.strip("`"), (knob, owner, config)


def test_every_setting_of_the_page_is_one_of_the_data_plane() -> None:
    known = {f"IMGGEN_{name.upper()}" for each in DATA_PLANE_SETTINGS for name in each.model_fields}
    assert set(re.findall(r"IMGGEN_[A-Z_]+[A-Z]", PAGE)) <= known


def _value(values: Mapping[str, Any], name: str) -> object:
    """Returns what a config sets a knob to, however deep; None where it does not."""
    if name in values:
        return values[name]
    nested = [_value(each, name) for each in values.values() if isinstance(each, dict)]
    return next((each for each in nested if each is not None), None)


def _shown(value: object) -> str:
    """Returns a value as the table has it."""
    if isinstance(value, list):
        return f"[{', '.join(map(str, value))}]"
    return "-" if value is None else str(value)


def _told(setting: str) -> dict[str, str]:
    """Returns what the table sets a setting to, by config."""
    [cells] = [row for row in rows(section(PAGE, "The knobs")) if row[0] == f"`{setting}`"]
    return {
        name: cell.strip("`")
        for name, cell in zip(("embedded", "one-gpu", "pool"), cells[3:], strict=True)
    }
