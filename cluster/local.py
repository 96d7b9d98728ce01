"""imggen on one machine, everything embedded: `python -m cluster.local up` or `demo`.

The same parts as anywhere: Postgres, a gateway, and a worker and a diffuser on Ray; only
settings differ. All they keep is in one folder, and all they start ends with the command.
"""

import argparse
import asyncio
import logging
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cluster.postgres import embedded_postgres
from cluster.processes import ROOT, StartFailed, free_port, gateway, kept_secret, only_one
from server.auth import Role
from server.settings import GatewaySettings
from server.store.migrate import migrate
from server.tokens import mint_token

EMBEDDED = ROOT / "cluster" / "serve" / "embedded.yaml"
_LISTEN = "127.0.0.1:50051"
_TOKEN_S = 30 * 24 * 3600.0
_WELCOME = """
imggen answers on {address} (metrics: http://{metrics}/metrics). In another terminal:

  export IMGGEN_SERVER={address} IMGGEN_TOKEN={token}
  .venv/bin/imggen styles
  .venv/bin/imggen characters create --name Mia --age 7 --hair "long red hair"
  .venv/bin/imggen portrait CHARACTER_ID --style storybook

Ctrl-C drains and stops all of it; the data stay.
"""


@dataclass(frozen=True, slots=True)
class Local:
    """Is where an embedded imggen answers, and a token to call it with."""

    address: str
    metrics: str
    token: str


@contextmanager
def running(
    folder: Path,
    say: Callable[[str], None],
    *,
    listen: str = "127.0.0.1:0",
    serve_config: Path = EMBEDDED,
) -> Iterator[Local]:
    """Runs all of imggen on the data in `folder`, and drains and stops it at the end.

    `say` hears what it is doing. Raises StartFailed.
    """
    folder = folder.resolve()
    logs = folder / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        stack.enter_context(only_one(folder))
        say("starting Postgres")
        database = stack.enter_context(embedded_postgres(folder / "db"))
        environment = _environment(folder, database, listen)
        stack.enter_context(_in_environment(environment))
        say("starting the gateway")
        token = _prepare(environment)
        where = stack.enter_context(gateway(os.environ, folder, logs / "gateway.log"))
        say("starting Ray")
        stack.enter_context(ray_node())
        say("loading the model")
        stack.enter_context(serving(serve_config))
        say("ready")
        yield Local(where["grpc"], where["metrics"], token)
        say("stopping: running jobs may finish (Ctrl-C stops at once; nothing is lost)")


@contextmanager
def ray_node() -> Iterator[None]:
    """Runs a Ray of its own on free ports, with its files in a folder that goes with it."""
    import ray

    # Ray keeps Unix sockets in its folder, and the path of one may have 107 characters.
    folder = tempfile.mkdtemp(prefix="imggen-ray-")
    try:
        ray.init(
            num_cpus=max(2, os.cpu_count() or 1),
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
            object_store_memory=200 * 1024 * 1024,
            _temp_dir=folder,
        )
        yield
    finally:
        ray.shutdown()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def serving(config: Path) -> Iterator[None]:
    """Deploys a Serve config on the Ray that runs here and waits until all of it is healthy.

    At the end its replicas drain. Raises StartFailed when a deployment does not come up.
    """
    import yaml
    from ray import serve
    from ray.serve._private.api import serve_start
    from ray.serve.schema import ServeDeploySchema

    schema = ServeDeploySchema.model_validate(yaml.safe_load(config.read_text()))
    try:
        # What `serve run` does with a config file; Serve has no public call for it.
        client: Any = serve_start(
            http_options=schema.http_options.model_dump(), proxy_location=schema.proxy_location
        )
        client.deploy_apps(schema)
        _await_applications([application.name for application in schema.applications])
        yield
    finally:
        serve.shutdown()  # type: ignore[no-untyped-call]


def _await_applications(names: list[str]) -> None:
    from ray import serve

    while True:
        known = serve.status().applications
        states = {name: known[name].status for name in names if name in known}
        for name, state in states.items():
            if state in ("DEPLOY_FAILED", "UNHEALTHY"):
                raise StartFailed(f"{name}: {state.lower()}: {_why(known[name])}")
        if len(states) == len(names) and set(states.values()) == {"RUNNING"}:
            return
        time.sleep(0.1)


def _why(application: Any) -> str:
    messages = [application.message]
    messages += [deployment.message for deployment in application.deployments.values()]
    return "\n".join(message for message in messages if message)


def _environment(folder: Path, database: str, listen: str) -> dict[str, str]:
    """Returns the settings of the embedded processes."""
    media = free_port()
    return {
        "IMGGEN_DATABASE_URL": database,
        "IMGGEN_STORAGE_URL": (folder / "images").as_uri(),
        "IMGGEN_URL_SECRET": kept_secret(folder / "url-secret"),
        "IMGGEN_PUBLIC_URL": f"http://127.0.0.1:{media}",
        "IMGGEN_LISTEN": listen,
        "IMGGEN_HTTP_PORT": str(media),
        "IMGGEN_METRICS_PORT": "0",
        "IMGGEN_TORCH_THREADS": str(os.cpu_count() or 1),
        "RAY_USAGE_STATS_ENABLED": "0",
        # Ray's processes run anywhere; this is where they find the packages of the checkout.
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
    }


@contextmanager
def _in_environment(settings: Mapping[str, str]) -> Iterator[None]:
    """Puts settings into the environment, which Ray's processes inherit; set ones stand."""
    before = dict(os.environ)
    os.environ.update({name: value for name, value in settings.items() if name not in before})
    os.environ["PYTHONPATH"] = settings["PYTHONPATH"]
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _prepare(environment: Mapping[str, str]) -> str:
    """Migrates the database and returns a token for development."""
    asyncio.run(migrate(environment["IMGGEN_DATABASE_URL"]))
    settings = GatewaySettings()
    return mint_token(
        settings.jwt_secret.get_secret_value(),
        issuer=settings.jwt_issuer,
        audience=settings.jwt_audience,
        subject="developer",
        roles=[Role.ADMIN],
        ttl_s=_TOKEN_S,
    )


def up(folder: Path) -> None:
    """Runs imggen until Ctrl-C."""
    with running(folder, _say, listen=_LISTEN) as local:
        print(_WELCOME.format(address=local.address, metrics=local.metrics, token=local.token))
        signal.pause()


def demo(folder: Path) -> None:
    """Runs imggen for one story, from its characters to a contact sheet."""
    from cluster.demo import tell_a_story

    with running(folder, _say) as local:
        asyncio.run(tell_a_story(local.address, local.token, folder / "demo"))


def main() -> int:
    """Runs the command; SIGTERM ends it as Ctrl-C does."""
    parser = argparse.ArgumentParser(
        prog="python -m cluster.local",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=["up", "demo"], help="run until Ctrl-C, or one story")
    parser.add_argument(
        "--folder",
        type=Path,
        default=ROOT / ".imggen",
        help="where the data are kept (default: .imggen in the checkout)",
    )
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        {"up": up, "demo": demo}[options.command](options.folder)
    except StartFailed as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
