"""A real S3 server for tests: OpenStack Swift with its s3api, in four processes."""

import os
import pwd
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import boto3

from cluster.embedded.processes import free_port

START_S = 60.0
ACCESS_KEY = "test:tester"

# PR_SET_PDEATHSIG ends a server with the tests, even when they are killed.
SERVE = """
import ctypes, importlib, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGKILL)
importlib.import_module(f"swift.{sys.argv.pop(1)}.server").main()
"""

# One ring each for accounts, containers and objects: one disk, one replica, sixteen partitions.
BUILD_RINGS = """
import sys
from swift.common.ring import RingBuilder
folder = sys.argv[1]
for name, port in zip(("account", "container", "object"), sys.argv[2:]):
    ring = RingBuilder(4, 1, 1)
    ring.add_dev({"region": 1, "zone": 1, "ip": "127.0.0.1", "port": int(port), "device": "disk",
                  "weight": 1})
    ring.rebalance()
    ring.get_ring().save(f"{folder}/{name}.ring.gz")
"""

HASHES = "[swift-hash]\nswift_hash_path_suffix = tests\nswift_hash_path_prefix = tests\n"

# On a loaded machine a step may take seconds. An object server that waits one second for the
# listing's row, Swift's default, leaves it to an updater, which does not run here: the object
# would be in no listing.
PATIENCE = "conn_timeout = 60\nnode_timeout = 60\ncontainer_update_timeout = 60"

STORAGE_SERVER = """
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
workers = 0
user = {user}
swift_dir = {folder}
devices = {folder}/devices
mount_check = false
disable_fallocate = true
[pipeline:main]
pipeline = {kind}-server
[app:{kind}-server]
use = egg:swift#{kind}
{patience}
"""

PROXY_SERVER = """
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
workers = 0
user = {user}
swift_dir = {folder}
[pipeline:main]
pipeline = catch_errors cache listing_formats s3api tempauth proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
{patience}
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:cache]
use = egg:swift#memcache
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
max_bucket_listing = 100
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
"""


@dataclass(frozen=True, slots=True)
class Swift:
    """A running Swift: its address, its one user, and a session of that user."""

    endpoint_url: str
    access_key: str
    session: boto3.Session


@contextmanager
def running_swift(folder: Path) -> Iterator[Swift]:
    """Runs Swift in an empty folder; its processes end with the block, however it ends."""
    ports = {kind: free_port() for kind in ("account", "container", "object", "proxy")}
    (folder / "devices" / "disk").mkdir(parents=True)
    (folder / "swift.conf").write_text(HASHES)
    _build_rings(folder, ports)
    with ExitStack() as stack:
        servers = [
            (stack.enter_context(_server(folder, kind, port)), port, folder / f"{kind}.log")
            for kind, port in ports.items()
        ]
        for server in servers:
            _wait_until_it_answers(*server)
        session = boto3.Session(ACCESS_KEY, "testing", region_name="us-east-1")
        yield Swift(f"http://127.0.0.1:{ports['proxy']}", ACCESS_KEY, session)


def _build_rings(folder: Path, ports: dict[str, int]) -> None:
    storage = [str(ports[kind]) for kind in ("account", "container", "object")]
    command = [sys.executable, "-c", BUILD_RINGS, str(folder), *storage]
    subprocess.run(command, check=True, env=_environment(), timeout=START_S)


@contextmanager
def _server(folder: Path, kind: str, port: int) -> "Iterator[subprocess.Popen[bytes]]":
    template = PROXY_SERVER if kind == "proxy" else STORAGE_SERVER
    user = pwd.getpwuid(os.geteuid()).pw_name
    config = folder / f"{kind}.conf"
    values = {"port": port, "user": user, "folder": folder, "kind": kind, "patience": PATIENCE}
    config.write_text(template.format_map(values))
    module = "obj" if kind == "object" else kind
    command = [sys.executable, "-c", SERVE, module, str(config), "-v"]
    with (folder / f"{kind}.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=_environment(), cwd=folder)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _wait_until_it_answers(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urlopen(f"http://127.0.0.1:{port}/", timeout=START_S).close()
        except HTTPError as error:
            error.close()
            return
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError(f"Swift did not start: {log.read_text()[-4000:]}")


def _environment() -> dict[str, str]:
    """Returns the environment without coverage's variables, so that Swift is not measured."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
