"""imggen on one machine, everything embedded: `python -m cluster.embedded.local up` or `demo`.

It runs the same parts as a cluster: Postgres, a gateway, and a worker and a diffuser on Ray;
only settings differ. All data is in one folder, and all processes end with the command.
"""

import argparse
import asyncio
import os
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import ValidationError

from cluster.embedded.node import ray_node, serving
from cluster.embedded.postgres import embedded_postgres
from cluster.embedded.processes import (
    MARK,
    ROOT,
    StartFailed,
    end_leftovers,
    gateway,
    kept_port,
    kept_secret,
    only_one,
)
from cluster.embedded.session import in_own_session, until_interrupted
from cluster.embedded.surroundings import (
    flags,
    home_for_nobody,
    need_addresses,
    need_folder,
    need_user,
    public_host,
    reachable,
)
from imggen.errors import ImggenError
from imggen.printing import never_raising
from server.causes import CannotStart
from server.identity.caller import Role
from server.identity.tokens import mint_token
from server.settings import GatewaySettings
from server.start_errors import explain
from server.store.migrate import migrate
from server.store.opening import needing_database

EMBEDDED = ROOT / "cluster" / "serve" / "embedded.yaml"
_LISTEN = "127.0.0.1:50051"
_TOKEN_S = 30 * 24 * 3600.0
_WELCOME = """
imggen answers on {address} (metrics: http://{metrics}/metrics). In another terminal:

  export IMGGEN_SERVER={quoted} IMGGEN_TOKEN={token}
  .venv/bin/imggen styles{flags}
  .venv/bin/imggen characters create --name Mia --age 7 --hair "long red hair"{flags}
  .venv/bin/imggen portrait CHARACTER_ID --style cartoon{flags}

Ctrl-C drains and stops everything; the data stays.
"""


@dataclass(frozen=True, slots=True)
class Local:
    """The addresses of an embedded imggen, and a token for it."""

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

    `say` receives progress messages. Raises StartFailed.
    """
    folder = folder.resolve()
    logs = folder / "logs"
    need_folder(logs)
    need_user(folder / "db")
    with ExitStack() as stack:
        stack.enter_context(only_one(folder))
        end_leftovers(folder)
        need_addresses({"IMGGEN_LISTEN": listen, **os.environ})
        # Ray's agents may outlive it here too: one that was starting when its raylet ended.
        stack.callback(end_leftovers, folder)
        say("starting Postgres")
        database = stack.enter_context(embedded_postgres(folder / "db"))
        environment = _environment(folder, database, listen)
        stack.enter_context(_in_environment(environment))
        say("starting the gateway and Ray")
        token = _prepare()
        ready = stack.enter_context(gateway(os.environ, folder, logs / "gateway.log"))
        stack.enter_context(ray_node(logs / "ray"))
        where = ready()
        say("loading the model (the first time it may take two minutes)")
        stack.enter_context(serving(serve_config))
        say("ready")
        try:
            yield Local(reachable(where["grpc"]), reachable(where["metrics"]), token)
        finally:
            say("stopping: waiting for running jobs (Ctrl-C stops at once; nothing is lost)")


def _environment(folder: Path, database: str, listen: str) -> dict[str, str]:
    """Returns the settings of the embedded processes."""
    media = kept_port(folder / "media-port")
    host = public_host(os.environ.get("IMGGEN_LISTEN", listen))
    return {
        MARK: str(folder),
        **home_for_nobody(folder),
        "IMGGEN_DATABASE_URL": database,
        "IMGGEN_STORAGE_URL": (folder / "images").as_uri(),
        "IMGGEN_URL_SECRET": kept_secret(folder / "url-secret"),
        "IMGGEN_PUBLIC_URL": f"http://{host}:{media}",
        "IMGGEN_CREDENTIALS_FOLDER": str(folder / "credentials"),
        "IMGGEN_LISTEN": listen,
        "IMGGEN_HTTP_PORT": str(media),
        "IMGGEN_METRICS_PORT": "0",
        # The other half of the cores is for the gateway, finishing and Postgres: torch's threads
        # wait for each other, so one that shares its core delays all.
        "IMGGEN_TORCH_THREADS": str(max(1, (os.cpu_count() or 1) // 2)),
        "IMGGEN_WORKER_LOG_FILE": str(folder / "logs" / "worker.log"),
        "RAY_USAGE_STATS_ENABLED": "0",
        # Ray's processes run in other folders and need the checkout's packages on their path.
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
    }


@contextmanager
def _in_environment(settings: Mapping[str, str]) -> Iterator[None]:
    """Adds settings to the environment, which Ray's processes inherit; existing ones win."""
    before = dict(os.environ)
    added = {name: value for name, value in settings.items() if name not in before}
    if before.get("IMGGEN_STORAGE_URL", "file:").startswith("s3:"):
        for name in ("IMGGEN_URL_SECRET", "IMGGEN_PUBLIC_URL", "IMGGEN_HTTP_PORT"):
            added.pop(name, None)  # refused with a bucket
    if "IMGGEN_CREDENTIALS_CERTIFICATE_FILE" in before:
        added.pop("IMGGEN_CREDENTIALS_FOLDER", None)  # which is of the development certificate
    os.environ.update(added)
    os.environ.update({name: settings[name] for name in ("PYTHONPATH", MARK)})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _prepare() -> str:
    """Migrates the database and returns a token for development."""
    settings = GatewaySettings()
    with needing_database(settings.database_url):
        asyncio.run(migrate(settings.database))
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
    with running(folder, say, listen=_LISTEN) as local:
        more = {"flags": flags(local.address, os.environ), "quoted": shlex.quote(local.address)}
        welcome = _WELCOME.format(**asdict(local), **more)
        print(welcome, flush=True)
        until_interrupted()


def demo(folder: Path) -> None:
    """Runs imggen for one story, from its characters to a contact sheet."""
    from cluster.embedded.demo import DemoFailed, Interrupted, draw_story

    start = time.monotonic()
    with running(folder, say) as local:
        try:
            draw_story(local.address, local.token, folder / "demo")
        except DemoFailed as error:
            raise StartFailed(f"the demo's story was not drawn: {error}") from error
        except Interrupted:
            # Its message says how to resume the watch, but the system ends with the demo.
            raise KeyboardInterrupt from None
    say(f"done in {time.monotonic() - start:.0f} s")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m cluster.embedded.local",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=["up", "demo"], help="run until Ctrl-C, or one story")
    parser.add_argument(
        "--folder",
        type=Path,
        default=ROOT / ".imggen",
        help="folder for all data (default: .imggen in the checkout)",
    )
    options = parser.parse_args(arguments)
    never_raising()
    try:
        {"up": up, "demo": demo}[options.command](options.folder)
    except CannotStart as error:
        print(f"error: {error}", file=sys.stderr)
        return 2 if error.lasting else 1
    except StartFailed as error:
        print(f"error: {error}", file=sys.stderr)
        if (options.folder / "logs").is_dir():
            print(f"logs: {options.folder / 'logs'}", file=sys.stderr)
        return 1
    except ValidationError as error:
        for line in explain(error):
            print(f"error: {line}", file=sys.stderr)
        return 2
    except (OSError, ImggenError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def say(text: str) -> None:
    """Prints a progress message with the time of day."""
    print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)


if __name__ == "__main__":
    sys.exit(in_own_session(main))
