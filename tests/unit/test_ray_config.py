"""`cluster/ray/aws.yaml`: Ray accepts it, and its machines hold what Serve asks for."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic_settings import BaseSettings
from ray.autoscaler._private.util import prepare_config, validate_config

from actors.settings import DATA_PLANE_SETTINGS, DiffuserSettings, WorkerSettings
from server.storage.settings import StorageSettings
from tests.images import IMAGES, stages
from tests.markdown import ROOT
from tests.settings_names import DATA_PLANE, unread

FOLDER = ROOT / "cluster" / "ray"
CONFIG: dict[str, Any] = yaml.safe_load((FOLDER / "aws.yaml").read_text())
TYPES: dict[str, dict[str, Any]] = CONFIG["available_node_types"]
POOL = yaml.safe_load((ROOT / "cluster" / "serve" / "pool.yaml").read_text())
SECRETS = "cluster/ray/secrets.env"
WEIGHTS = "cluster/ray/upscaler.safetensors"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Returns what `ray start` gets on a machine, from its files as they lie there."""
    home = tmp_path_factory.mktemp("home")
    folder = home / "imggen"
    folder.mkdir()
    for remote, local in CONFIG["file_mounts"].items():
        if Path(remote).parent == Path("~/imggen") and (ROOT / local).is_file():
            (folder / Path(remote).name).write_bytes((ROOT / local).read_bytes())
    secrets = "IMGGEN_DATABASE_URL='postgresql://me:p&$x@db:5432/imggen'\nIMGGEN_OPENAI_API_KEY=k\n"
    (folder / "secrets.env").write_text(secrets)
    done = subprocess.run(
        ["sh", "-ec", ". ~/imggen/environment; env -0"],
        env={"HOME": str(home), "PATH": os.environ["PATH"]},
        capture_output=True,
        check=True,
        text=True,
    )
    return dict(line.split("=", 1) for line in done.stdout.split("\0") if line)


def test_ray_accepts_it() -> None:
    prepared = prepare_config(dict(CONFIG))
    validate_config(prepared)
    assert prepared["docker"] == {}


def test_a_key_that_ray_does_not_know_is_refused() -> None:
    with pytest.raises(Exception, match="idle_timeout"):
        validate_config(prepare_config({**CONFIG, "idle_timeout_seconds": 5}))


def test_what_it_copies_exists_and_is_what_the_image_has() -> None:
    for local in CONFIG["file_mounts"].values():
        assert local in (SECRETS, WEIGHTS) or (ROOT / local).exists(), local
    all_stages = stages((IMAGES / "Dockerfile").read_text())
    copied = {target for _, target in all_stages["actors-gpu"].copies()}
    mounts = {remote.removeprefix("~/imggen/") for remote in CONFIG["file_mounts"]}
    assert copied <= mounts


@pytest.mark.parametrize("path", [SECRETS, WEIGHTS])
def test_what_is_ones_own_is_in_no_commit(path: str) -> None:
    ignored = subprocess.run(["git", "check-ignore", "--quiet", path], cwd=ROOT, check=False)
    assert ignored.returncode == 0


def test_the_head_has_no_work_and_the_rest_holds_what_serve_asks_for() -> None:
    assert TYPES["head"]["resources"] == {"CPU": 0, "GPU": 0}
    [application] = POOL["applications"]
    asked = {one["name"]: one for one in application["deployments"]}
    worker, diffuser = asked["worker"], asked["diffuser"]
    assert TYPES["cpu"]["min_workers"] >= worker["num_replicas"]
    assert TYPES["cpu"]["resources"]["CPU"] >= worker["ray_actor_options"]["num_cpus"]
    options, machine = diffuser["ray_actor_options"], TYPES["gpu"]["resources"]
    assert machine["GPU"] == options["num_gpus"]
    # No room for a worker beside it.
    left = machine["CPU"] - options["num_cpus"]
    assert 0 <= left < worker["ray_actor_options"]["num_cpus"]
    assert TYPES["gpu"]["max_workers"] >= diffuser["autoscaling_config"]["max_replicas"]
    workers = sum(one.get("max_workers", 0) for one in TYPES.values())
    assert CONFIG["max_workers"] == workers


def test_only_what_may_vanish_is_on_spot_machines() -> None:
    spot = {name for name, one in TYPES.items() if "InstanceMarketOptions" in one["node_config"]}
    assert spot == {"gpu"}


def test_the_settings_are_those_of_workers_and_models(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert unread(environment, DATA_PLANE) == set()
    assert environment["IMGGEN_DATABASE_URL"] == "postgresql://me:p&$x@db:5432/imggen"
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    classes: list[type[BaseSettings]] = [*DATA_PLANE_SETTINGS, StorageSettings]
    for settings in classes:
        settings()
    [application] = POOL["applications"]
    for one in application["deployments"]:
        assert WorkerSettings().drain_s < one["graceful_shutdown_timeout_s"], one["name"]


def test_print_assets_are_enlarged_by_weights_that_each_machine_gets(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert WorkerSettings().print_by_model
    home = environment["HOME"]
    copied = {remote.replace("~", home): local for remote, local in CONFIG["file_mounts"].items()}
    assert copied[str(DiffuserSettings().upscaler_file)] == WEIGHTS
