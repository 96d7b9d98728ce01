"""PgBouncer between a test and its Postgres; Debian's, which `make pgbouncer` takes."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.markdown import ROOT

_AT_HAND = ROOT / ".tools" / "pgbouncer"
_CONFIG = """
[databases]
* = host={sockets}
[pgbouncer]
pool_mode = {mode}
listen_port = 6432
unix_socket_dir = {folder}
auth_type = trust
auth_file = {folder}/users
default_pool_size = {sessions}
ignore_startup_parameters = {ignored}
logfile = {folder}/log
"""


def find_pgbouncer() -> str:
    """Returns the program; skips the test where there is none."""
    found = shutil.which("pgbouncer", path=str(_AT_HAND)) or shutil.which("pgbouncer")
    if found is None:
        pytest.skip("skipped: there is no pgbouncer; `make pgbouncer` takes it from Debian")
    return found


@contextmanager
def pgbouncer(
    server: str, mode: str, *, sessions: int, ignored: str = "extra_float_digits"
) -> Iterator[str]:
    """Yields the URL that leads to a server through a PgBouncer in a mode."""
    program = find_pgbouncer()
    sockets = parse_qs(urlsplit(server).query)["host"][0]
    # Not pytest's folder, since Postgres and PgBouncer may run as another user.
    with tempfile.TemporaryDirectory(prefix="imggen-pgbouncer-") as name:
        folder = Path(name)
        folder.chmod(0o777)
        (folder / "users").write_text('"postgres" ""\n')
        config = folder / "ini"
        config.write_text(
            _CONFIG.format(
                sockets=sockets, mode=mode, folder=folder, sessions=sessions, ignored=ignored
            )
        )
        # It refuses to run as root, and only the server's user reaches its socket.
        owner = Path(sockets).owner() if os.getuid() == 0 else None
        libraries = {**os.environ, "LD_LIBRARY_PATH": str(_AT_HAND)}
        process = subprocess.Popen(
            [program, "--quiet", str(config)], user=owner, env=libraries, cwd=folder
        )
        try:
            while not (folder / ".s.PGSQL.6432").exists():
                assert process.poll() is None, (folder / "log").read_text()
                time.sleep(0.01)
            yield server.replace(sockets, str(folder)) + "&port=6432"
        finally:
            process.terminate()
            process.wait()
