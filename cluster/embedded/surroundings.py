"""What an embedded imggen needs of its machine, looked at before anything is started."""

import errno
import os
import pwd
import socket
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from cluster.embedded.processes import StartFailed
from server.settings import is_loopback

_ANY = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # they are told apart, not bound
_WHY = {
    errno.EADDRINUSE: "another process listens there, which you may stop",
    errno.EADDRNOTAVAIL: "this machine has no such address",
    errno.EACCES: "this user may not use a port so low",
}


def need_folder(folder: Path) -> None:
    """Makes the folder of all data; raises StartFailed where nothing can be written there."""
    probe = folder / f".probe-{uuid4().hex}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise StartFailed(
            f"cannot write to {folder} as {user_name()}: {(error.strerror or str(error)).lower()};"
            " use another folder: .venv/bin/python -m cluster.embedded.local up --folder FOLDER"
        ) from error


def need_user(database: Path) -> None:
    """Raises StartFailed for a user without an entry, which Postgres needs to make a database."""
    if (database / "PG_VERSION").exists():
        return
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        user, group = os.geteuid(), os.getegid()
        raise StartFailed(
            f"user {user} has no entry in /etc/passwd, which Postgres needs to make its database;"
            f" add one, as root: echo imggen:x:{user}:{group}::/tmp:/bin/false >> /etc/passwd"
        ) from None


def home_for_nobody(folder: Path) -> dict[str, str]:
    """Returns HOME for a user without one; libraries look for it when they start."""
    try:
        Path.home()
    except RuntimeError:
        return {"HOME": str(folder)}
    return {}


def need_addresses(environment: Mapping[str, str]) -> None:
    """Raises StartFailed for an address in the settings at which nobody can listen now."""
    listen = environment["IMGGEN_LISTEN"]
    host, _, port = listen.rpartition(":")
    taken = {"IMGGEN_LISTEN": port}
    taken |= {
        name: environment[name]
        for name in ("IMGGEN_HTTP_PORT", "IMGGEN_METRICS_PORT")
        if name in environment
    }
    for name, wanted in taken.items():
        if wanted.isdecimal() and 0 < int(wanted) < 2**16:  # the settings refuse others
            _try_listening(name, host, int(wanted))


def public_host(listen: str) -> str:
    """Returns the host of an address for URLs; that of all addresses is the machine's name."""
    host = listen.rpartition(":")[0]
    return socket.gethostname() if host in _ANY else host or "127.0.0.1"


def reachable(address: str) -> str:
    """Returns an address at which this machine reaches what listens there."""
    host, _, port = address.rpartition(":")
    return f"{_ANY.get(host, host)}:{port}"


def flags(address: str, environment: Mapping[str, str]) -> str:
    """Returns what the command needs for an address without TLS that is another machine's."""
    host = address.rpartition(":")[0].strip("[]")
    return "" if is_loopback(host) or environment.get("IMGGEN_TLS_CERT_FILE") else " --insecure"


def user_name() -> str:
    """Returns the name of this process's user, or its number where it has none."""
    with suppress(KeyError):
        return pwd.getpwuid(os.geteuid()).pw_name
    return f"user {os.geteuid()}"


def _try_listening(name: str, host: str, port: int) -> None:
    family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
    try:
        socket.create_server((host.strip("[]"), port), family=family).close()
    except OSError as error:
        why = _WHY.get(error.errno or 0, (error.strerror or str(error)).lower())
        hint = f"{host}:0" if name == "IMGGEN_LISTEN" else "0"
        raise StartFailed(
            f"{name}: cannot listen on {host}:{port}: {why}; choose another one"
            f" ({name}={hint} takes a free port)"
        ) from error
