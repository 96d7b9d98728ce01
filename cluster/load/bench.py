"""imggen for load tests: `python -m cluster.load.bench up`, `jobs`, `cancel` or `clean`.

Everything is real except the model, which returns stored pictures after a set time
(`cluster/serve/bench.yaml`). `docs/load-testing.md` describes the tests.
"""

import argparse
import json
import os
import shlex
import shutil
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cluster.embedded.local import running, say
from cluster.embedded.processes import ROOT, StartFailed, only_one
from cluster.embedded.session import in_own_session, until_interrupted
from cluster.embedded.surroundings import need_folder
from imggen import Gender, ImggenError, SyncClient
from imggen.printing import never_raising

SERVE_CONFIG = ROOT / "cluster" / "serve" / "bench.yaml"
FOLDER = ROOT / ".imggen" / "bench"
_LISTEN = "127.0.0.1:50061"  # not the port of `make up`
_JOBS = 100

# The diffuser renders 50 at once; the other jobs are prepared and finished meanwhile.
SETTINGS = {
    "IMGGEN_SLOTS": '{"local": 64}',
    "IMGGEN_MAX_WAITING_JOBS": "0",
    "IMGGEN_MAX_WAITING_JOBS_PER_USER": "0",
}
"""The differences from the embedded settings; the environment's settings win."""

MARK = {"imggen-load": "bench"}
"""The metadata of all jobs of load tests; the configurations of ghz have it, too."""
_AT_ONCE = 16

_WELCOME = """
imggen answers on {server}, for load tests (metrics: http://{metrics}/metrics). In another
terminal, from the checkout:

  . {env}
  export PATH="$PWD/.tools/go/bin:$PATH"   # after `make load-tools`
  ghz --config cluster/load/closed/submit.json $IMGGEN_SERVER
  ghz --config cluster/load/open/submit.json --protoset cluster/load/imggen.protoset $IMGGEN_SERVER
  cluster/load/mixed.sh

See docs/load-testing.md. `make bench-cancel` cancels what load tests left waiting. Ctrl-C stops
everything; `make bench-clean` removes the data.
"""


def env_file(folder: Path) -> Path:
    """Returns the file that a shell sources, which also marks a folder as one for load tests."""
    return folder / "bench.env"


def up(folder: Path, listen: str) -> None:
    """Runs imggen until Ctrl-C, with a character and some jobs for ghz's requests."""
    need_folder(folder)
    env_file(folder).touch()
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    with running(folder, say, listen=listen, serve_config=SERVE_CONFIG) as local:
        with SyncClient(local.address, token=local.token) as client:
            says = {
                "IMGGEN_SERVER": local.address,
                "IMGGEN_TOKEN": local.token,
                "IMGGEN_CHARACTER": _character(client),
                "IMGGEN_BENCH": str(folder),
                "IMGGEN_METRICS": f"http://{local.metrics}/metrics",
            }
        lines = [f"export {name}={shlex.quote(value)}\n" for name, value in says.items()]
        env_file(folder).write_text("".join(lines))
        jobs(folder, _JOBS)
        shown = _shown(env_file(folder))
        welcome = _WELCOME.format(server=local.address, metrics=local.metrics, env=shown)
        print(welcome, flush=True)
        until_interrupted()


def jobs(folder: Path, count: int) -> None:
    """Submits jobs, and writes ghz's requests to get or watch them.

    Raises StartFailed if nothing runs on the folder.
    """
    env = read_env(folder)
    with SyncClient(env["IMGGEN_SERVER"], token=env["IMGGEN_TOKEN"]) as client:
        submitted = [
            client.generate_portrait(
                env["IMGGEN_CHARACTER"], style="storybook", metadata=MARK
            ).job_id
            for _ in range(count)
        ]
    file = folder / "jobs.json"
    file.write_text(json.dumps([{"job_id": job} for job in submitted]))
    say(f"{count} jobs submitted; their ids are in {_shown(file)}")


def cancel(folder: Path) -> None:
    """Cancels the jobs that load tests left waiting, and no others; those that run go on.

    Raises StartFailed if nothing runs on the folder.
    """
    env = read_env(folder)
    with SyncClient(env["IMGGEN_SERVER"], token=env["IMGGEN_TOKEN"]) as client:
        found = client.list_jobs(statuses=["queued"], metadata=MARK, page_size=100)
        waiting = [job.job_id for job in found]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(client.cancel, waiting))
    say(f"{len(waiting)} waiting jobs of load tests cancelled")


def clean(folder: Path) -> None:
    """Removes a folder for load tests with its database and pictures.

    Raises StartFailed for a folder that is in use, or not for load tests.
    """
    if not folder.exists():
        say(f"{_shown(folder)} does not exist; nothing to remove")
        return
    if not env_file(folder).exists():
        raise StartFailed(
            f"{folder} is not a folder for load tests: it has no {env_file(folder).name}"
        )
    with only_one(folder):
        shutil.rmtree(folder)
    say(f"{_shown(folder)} removed")


def read_env(folder: Path) -> dict[str, str]:
    """Returns the variables in the file of a running imggen; raises StartFailed."""
    file = env_file(folder)
    words = shlex.split(file.read_text()) if file.exists() else []
    if not words:
        raise StartFailed(f"imggen does not run on {folder}; start it with `make bench-up`")
    return dict(word.split("=", 1) for word in words if word != "export")


def _character(client: SyncClient) -> str:
    return client.create_character(
        name="Mia",
        age=7,
        gender=Gender.GENDER_FEMALE,
        hair="long red hair",
        clothing="a yellow dress",
    ).id


def _shown(path: Path) -> Path:
    """Returns a path relative to the checkout if it is inside."""
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit status."""
    never_raising()
    options = _parser().parse_args(arguments)
    folder = options.folder.resolve()
    try:
        match options.command:
            case "up":
                up(folder, options.listen)
            case "jobs":
                jobs(folder, options.count)
            case "cancel":
                cancel(folder)
            case "clean":
                clean(folder)
    except (StartFailed, ImggenError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m cluster.load.bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--folder",
        type=Path,
        default=FOLDER,
        help="folder for all data (default: .imggen/bench in the checkout)",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    run = commands.add_parser("up", help="run until Ctrl-C")
    run.add_argument("--listen", default=_LISTEN, help=f"address for gRPC (default: {_LISTEN})")
    more = commands.add_parser("jobs", help="submit new jobs for ghz to get and to watch")
    more.add_argument("--count", type=int, default=_JOBS, help=f"how many (default: {_JOBS})")
    commands.add_parser("cancel", help="cancel the jobs that load tests left waiting")
    commands.add_parser("clean", help="remove the data")
    return parser


if __name__ == "__main__":
    sys.exit(in_own_session(main))
