"""A one-node Ray, and Serve on it."""

import logging
import os
import secrets
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import yaml

from cluster.embedded.processes import StartFailed, end_users

_PREFIX = "imggen-ray-"
_LOOK_S = 0.2
_TOKEN_PATH = "RAY_AUTH_TOKEN_PATH"
_BROKEN = ("DEPLOY_FAILED", "UNHEALTHY")


@contextmanager
def ray_node(logs: Path | None = None) -> Iterator[None]:
    """Runs a separate Ray on free ports; its logs are at `logs` while it runs and afterwards.

    Raises StartFailed if it does not start.
    """
    import ray

    _remove_leftovers(Path(tempfile.gettempdir()))
    # Short, since Ray keeps Unix sockets here, whose paths have at most 107 characters.
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
    with token_in(folder):
        try:
            if logs:
                _remove(logs)
                logs.symlink_to(folder / "session_latest" / "logs")
            with _keeping_sigterm():
                _start(folder)
            yield
        finally:
            ray.shutdown(wait_for_processes=True)
            end_users(folder)
            if logs and logs.is_symlink():
                _keep(logs)
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def token_in(folder: Path) -> Iterator[None]:
    """Has Ray 2.60 read its token from a folder: it would write one below the user's home."""
    from ray._raylet import AuthenticationTokenLoader  # type: ignore[attr-defined]

    if os.environ.keys() & {_TOKEN_PATH, "RAY_AUTH_TOKEN"}:
        yield
        return
    token = folder / "token"
    token.touch(mode=0o600)
    token.write_text(secrets.token_hex(32))
    os.environ[_TOKEN_PATH] = str(token)
    AuthenticationTokenLoader.instance().reset_cache()
    try:
        yield
    finally:
        os.environ.pop(_TOKEN_PATH, None)


def _start(folder: Path) -> None:
    import ray

    try:
        ray.init(
            num_cpus=max(2, os.cpu_count() or 1),
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
            object_store_memory=200 * 1024 * 1024,
            _temp_dir=str(folder),
        )
    except Exception as error:  # Ray 2.60 raises Exception itself when a node takes too long.
        problem = str(error).rstrip(".")
        raise StartFailed(
            f"Ray did not start: {problem}; if the machine is busy, run the command again"
        ) from error


@contextmanager
def serving(config: Path) -> Iterator[None]:
    """Runs Serve on this process's Ray, with the applications of a config file.

    Its replicas drain at the end. Raises StartFailed if a deployment does not start.
    """
    from ray.serve._private.api import serve_start

    logging.getLogger("ray.serve").setLevel(logging.WARNING)
    schema = _read(config)
    # As `serve run` does with a config file; Serve has no public call for it.
    client: Any = serve_start(
        http_options=schema.http_options.model_dump(), proxy_location=schema.proxy_location
    )
    try:
        deploy(config)
        yield
    finally:
        _unless_dead(lambda: _stop_serve(client))


def _unless_dead(stop: Callable[[], None]) -> None:
    """Calls `stop`, or gives it up once Ray has ended, as where a machine has no memory left.

    Ray 2.60 waits a minute for its dead processes, and ends this one without its clean-up.
    """
    import ray

    done = threading.Event()

    def run() -> None:
        with suppress(ray.exceptions.RayError):
            stop()
        done.set()

    threading.Thread(target=run, name="stop", daemon=True).start()
    while not done.wait(_LOOK_S):
        if not _alive():
            return


def _alive() -> bool:
    """Returns whether the node of this process's Ray runs.

    Its control service may outlive the raylet without answering.
    """
    from ray._private import worker

    node: Any = worker._global_node
    raylets = node.all_processes.get("raylet", []) if node else []
    return any(raylet.process.poll() is None for raylet in raylets)


def deploy(config: Path) -> None:
    """Deploys a config on the running Serve, and waits until all applications are healthy.

    Replicas whose config has changed drain and are replaced. Raises StartFailed.
    """
    from ray.serve.context import _get_global_client

    schema = _read(config)
    client: Any = _get_global_client()
    client.deploy_apps(schema)
    _await_applications([application.name for application in schema.applications])


def _read(config: Path) -> Any:
    from ray.serve.schema import ServeDeploySchema

    return ServeDeploySchema.model_validate(yaml.safe_load(config.read_text()))


def _stop_serve(client: Any) -> None:
    """Drains and stops Serve, in place of `serve.shutdown`.

    `serve.shutdown` waits on a call that ends with the controller's death, which Ray 2.60
    prints as an error.
    """
    import ray
    from ray.serve._private.constants import SERVE_CONTROLLER_NAME, SERVE_NAMESPACE
    from ray.serve.context import _set_global_client

    client.shutdown_cached_handles()
    # RayActorError is raised for an actor that dies meanwhile, ValueError for a dead one.
    with suppress(ray.exceptions.RayActorError, ValueError):
        ray.get(client._controller.graceful_shutdown.remote(wait=False))
        while True:
            ray.get_actor(SERVE_CONTROLLER_NAME, namespace=SERVE_NAMESPACE)
            time.sleep(0.05)
    _set_global_client(None)  # type: ignore[no-untyped-call]


def _await_applications(names: list[str]) -> None:
    from ray import serve

    while True:
        known = serve.status().applications
        states = {name: known[name].status for name in names if name in known}
        for name, state in states.items():
            if state in _BROKEN:
                raise StartFailed(f"{name}: {state.lower()}: {_why(known[name])}")
        if len(states) == len(names) and set(states.values()) == {"RUNNING"}:
            return
        time.sleep(0.1)


def _why(application: Any) -> str:
    """Returns the last line of each error message; the rest are stack frames of Serve."""
    messages = [application.message]
    messages += [
        deployment.message
        for deployment in application.deployments.values()
        if deployment.status in _BROKEN
    ]
    return "\n".join(message.strip().splitlines()[-1] for message in messages if message.strip())


@contextmanager
def _keeping_sigterm() -> Iterator[None]:
    """Restores the handler of SIGTERM, which Ray 2.60 replaces."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _keep(logs: Path) -> None:
    """Replaces the link to a running Ray's logs with a copy of them, if there are any."""
    target = logs.resolve()
    logs.unlink()
    if target.is_dir():
        shutil.copytree(target, logs, ignore_dangling_symlinks=True)


def _remove(logs: Path) -> None:
    if logs.is_symlink():
        logs.unlink()
    else:
        shutil.rmtree(logs, ignore_errors=True)


def _remove_leftovers(folder: Path) -> None:
    """Removes the folders left by killed processes, and ends the Rays that use them."""
    for leftover in folder.glob(f"{_PREFIX}*-*"):
        with suppress(ValueError):
            if not _runs(int(leftover.name.split("-")[2])):
                end_users(leftover)
                shutil.rmtree(leftover, ignore_errors=True)


def _runs(process: int) -> bool:
    """Returns whether a process runs; one that has ended may be listed until it is waited for."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in ("Z", "X")
