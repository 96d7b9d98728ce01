"""The address of the database: a URL as users have it, as asyncpg takes it.

Hosting services hand out URLs for libpq, which knows more parameters than asyncpg: asyncpg sends
what it does not know to the server as a setting of the session, which the server refuses.
"""

import configparser
import os
import random
import re
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote

from server.causes import FileUnusable

_RIGHT = "use postgresql://user:password@host:5432/database"
_URL = re.compile(r"postgres(?:ql)?(?:\+\w+)?://([^/?#]*)(?:/([^?#]*))?(?:\?([^#]*))?", re.ASCII)
_HOST = re.compile(r"\[([^\[\]]+)\](?::(.*))?|([^:\[\]]*)(?::(.*))?")

_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_WRITABLE = ("any", "primary", "read-write")
_OFFERED = {
    "sslmode": _MODES,
    "target_session_attrs": _WRITABLE,  # everything here writes
    "sslnegotiation": ("postgres", "direct"),
    "gssencmode": ("disable", "prefer"),
    "load_balance_hosts": ("disable", "random"),
}

_WITHOUT_EFFECT = frozenset(
    {
        *("channel_binding", "gssencmode", "gssdelegation", "require_auth", "requirepeer"),
        *("keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count"),
        *("tcp_user_timeout", "sslcompression", "sslsni", "sslcertmode", "sslkeylogfile"),
        *("sslcrldir", "hostaddr", "client_encoding", "replication", "min_protocol_version"),
        *("max_protocol_version", "scram_client_key", "scram_server_key"),
        # Of connection pools and of other libraries, which hosting services add.
        *("pgbouncer", "connection_limit", "pool_timeout", "pool_size", "max_pool_size", "supa"),
        *("uselibpqcompat", "sslaccept", "prepared_statements", "prepare_threshold"),
    }
)
"""Parameters of libpq and others that asyncpg has nothing for, or does by itself."""

_FILES = ("sslrootcert", "sslcert", "sslkey", "sslcrl")
_FROM_ENVIRONMENT = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
    "sslnegotiation": "PGSSLNEGOTIATION",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "sslcrl": "PGSSLCRL",
    "ssl_min_protocol_version": "PGSSLMINPROTOCOLVERSION",
    "ssl_max_protocol_version": "PGSSLMAXPROTOCOLVERSION",
    "passfile": "PGPASSFILE",
    "password": "PGPASSWORD",
    "krbsrvname": "PGKRBSRVNAME",
    "gsslib": "PGGSSLIB",
}
"""What asyncpg takes from the environment where the URL does not say it."""

_CONNECT_S = 5.0


@dataclass(frozen=True, slots=True)
class DatabaseUrl:
    """Where the database is, and what became of its URL.

    `url` is what asyncpg takes and `timeout` how long a connection may take, in seconds. `where`
    is for messages, without secrets. `dropped` are the parameters that have no effect, `taken`
    the variables of the environment that say what the URL does not. Where it is `balanced`, each
    connection tries the hosts in an order of its own.
    """

    url: str
    timeout: float
    where: str
    dropped: tuple[str, ...] = ()
    taken: tuple[str, ...] = ()
    balanced: bool = False

    def notes(self, setting: str) -> list[str]:
        """Returns what its user may not expect of the URL in a setting, as sentences."""
        taken = [f"{name} of the environment adds to {setting}" for name in self.taken]
        dropped = [f"{name} in {setting} has no effect" for name in self.dropped]
        return taken + dropped

    def dial(self) -> str:
        """Returns the URL for one attempt to connect, as libpq orders its hosts for each."""
        if not self.balanced:
            return self.url
        place, _, query = self.url.partition("?")
        values = dict(parse_qsl(query, keep_blank_values=True))
        pairs = list(zip(values["host"].split(","), values["port"].split(","), strict=True))
        random.shuffle(pairs)
        values["host"], values["port"] = (",".join(part) for part in zip(*pairs, strict=True))
        return f"{place}?{_query(values)}"

    def check_files(self) -> None:
        """Raises FileUnusable, which names it, for a file of certificates that cannot be used."""
        query = dict(parse_qsl(self.url.partition("?")[2]))
        found = {name: query[name] for name in _FILES if name in query}
        for name, path in found.items():
            _check_file(name, path)
        if "sslcert" in found:
            pair = (found["sslcert"], found.get("sslkey"), query.get("sslpassword", ""))
            with _naming("sslcert, sslkey", *filter(None, pair[:2])):
                ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(*pair)


def read_url(url: str, environment: Mapping[str, str] = os.environ) -> DatabaseUrl:
    """Returns the address that a URL names, with what the environment adds to it.

    Raises ValueError, without the URL's secrets, for one that is not usable.
    """
    values = _read(url)
    values = {**_service(values, environment), **values}
    taken = []
    for name, variable in _FROM_ENVIRONMENT.items():
        if name not in values and environment.get(variable):
            values[name] = environment[variable]
            taken.append(variable)
    dropped = tuple(sorted(name for name in values if name in _WITHOUT_EFFECT))
    _check(values, frozenset(taken))
    timeout = _timeout(values.pop("connect_timeout", ""))
    hosts = _hosts(values.pop("host", ""), values.pop("port", ""))
    balanced = values.pop("load_balance_hosts", "") == "random" and len(hosts) > 1
    where = _where(values.get("dbname") or values.get("user", ""), hosts)
    kept = {name: value for name, value in values.items() if name not in dropped}
    return DatabaseUrl(_write(kept, hosts), timeout, where, dropped, tuple(sorted(taken)), balanced)


def check_url(url: str) -> str:
    """Returns a URL of the database as it is; raises ValueError, without secrets, if it is none."""
    read_url(url)
    return url


def _read(url: str) -> dict[str, str]:
    """Returns the parts of a URL by the names of libpq's parameters."""
    match = _URL.fullmatch(url.strip())
    if match is None:
        raise ValueError(f"is not a URL of Postgres; {_RIGHT}, with / # ? @ as %2F %23 %3F %40")
    place, database, query = (part or "" for part in match.groups())
    credentials, _, hosts = place.rpartition("@")
    if "@" in database:
        raise ValueError(f"has a raw / before its @; {_RIGHT}, with / # ? @ as %2F %23 %3F %40")
    user, _, password = credentials.partition(":")
    found = [_split_host(one) for one in hosts.split(",") if one]
    ports = [port for _, port in found]
    values = {
        "user": unquote(user),
        "password": unquote(password),
        "host": ",".join(host for host, _ in found),
        "port": ",".join(ports) if any(ports) else "",
        "dbname": unquote(database),
    }
    # As libpq, and unlike a form: a plus stands for itself.
    named = dict(parse_qsl(query.replace("+", "%2B"), keep_blank_values=True))
    named = _translated(named)
    return {name: value for name, value in {**named, **_set(values)}.items() if value}


def _split_host(text: str) -> tuple[str, str]:
    match = _HOST.fullmatch(text)
    if match is None or ":" in (match[4] or ""):
        raise ValueError(f"has an IPv6 address without brackets; {_RIGHT}, and [::1] for ::1")
    host, port = match[1] or match[3] or "", match[2] or match[4] or ""
    return unquote(host), port


def _set(values: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in values.items() if value}


def _translated(named: Mapping[str, str]) -> dict[str, str]:
    """Returns parameters under the names that asyncpg has for them."""
    values = dict(named)
    for name, ours in (("database", "dbname"), ("hostaddr", "host")):
        if name in values:
            values.setdefault(ours, values[name])
    values.pop("database", "")
    if fallback := values.pop("fallback_application_name", ""):
        values.setdefault("application_name", fallback)
    for name, modes in (
        ("requiressl", {"1": "require"}),
        # As SQLAlchemy writes it for asyncpg, and as JDBC does.
        ("ssl", {"true": "require", "1": "require", **dict(zip(_MODES, _MODES, strict=True))}),
    ):
        said = values.pop(name, "")
        if said in modes:
            values.setdefault("sslmode", modes[said])
        elif said not in ("", "0", "false"):
            raise ValueError(f"has {name}={said}, which is not offered; use sslmode=require")
    if values.get("sslrootcert") == "system":
        values["sslrootcert"] = _system_authorities()
        values.setdefault("sslmode", "verify-full")
    return values


def _system_authorities() -> str:
    paths = ssl.get_default_verify_paths()
    for path in (paths.cafile, "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/cert.pem"):
        if path and Path(path).is_file():
            return path
    raise ValueError("sslrootcert=system: this machine has no file of authorities; name one")


def _service(values: dict[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    """Returns what the file of services says under the name that the URL gives."""
    name = values.pop("service", "")
    given = values.pop("servicefile", "") or environment.get("PGSERVICEFILE", "")
    if not name:
        return {}
    file = Path(given or Path.home() / ".pg_service.conf")
    services = configparser.ConfigParser(interpolation=None)
    try:
        services.read_string(file.read_text())
    except (OSError, configparser.Error) as error:
        raise ValueError(
            f"service={name}: {file} cannot be read ({type(error).__name__})"
        ) from None
    if name not in services:
        raise ValueError(f"service={name}: {file} does not have it")
    return _translated(services[name])


def _check(values: Mapping[str, str], taken: frozenset[str]) -> None:
    """Raises ValueError for a value that its parameter does not have."""
    for name, offered in _OFFERED.items():
        value = values.get(name, offered[0])
        if value not in offered:
            variable = _FROM_ENVIRONMENT.get(name, "")
            source = f"{variable}={value}" if variable in taken else f"{name}={value}"
            raise ValueError(f"{source}: is not offered; use {', '.join(offered)}")


def _timeout(text: str) -> float:
    """Returns libpq's connect_timeout, in which 0 means for ever, in seconds."""
    try:
        seconds = int(text or 0)
    except ValueError:
        raise ValueError(f"connect_timeout={text}: is not a whole number of seconds") from None
    return float(seconds) if seconds > 0 else _CONNECT_S


def _hosts(hosts: str, ports: str) -> list[tuple[str, str]]:
    """Returns each host with its port; without a host, none, which means a local socket."""
    names = [host.strip("[]") for host in hosts.split(",") if host]
    numbers = [port or "5432" for port in ports.split(",")]
    for number in numbers:
        # Its value is not shown: in a URL with a raw `/` in the password it is a part of that.
        if not number.isdecimal() or not 0 < int(number) < 65536:
            raise ValueError(
                f"its port is not a number from 1 to 65535; {_RIGHT}, with / # ? @ as "
                "%2F %23 %3F %40 in the password"
            )
    if len(numbers) == 1:
        numbers *= max(1, len(names))
    if names and len(numbers) != len(names):
        raise ValueError(f"has {len(names)} hosts and {len(numbers)} ports; name a port for each")
    return list(zip(names or [""], numbers, strict=True))


def _where(database: str, hosts: list[tuple[str, str]]) -> str:
    places = [
        f"{host}:{port}" if ":" not in host else f"[{host}]:{port}"
        for host, port in hosts
        if host and not host.startswith("/")
    ]
    sockets = [f"the socket {host}/.s.PGSQL.{port}" for host, port in hosts if host[:1] == "/"]
    place = ", ".join([*places, *sockets]) or "a local socket"
    return f'the database "{database}" at {place}' if database else f"the database at {place}"


def _write(values: Mapping[str, str], hosts: list[tuple[str, str]]) -> str:
    """Returns a URL that says everything, so that asyncpg looks nowhere else for it."""
    user, password = (quote(values.get(name, ""), safe="") for name in ("user", "password"))
    query = {"application_name": "imggen", "target_session_attrs": "any"}
    named = [(f"[{host}]" if ":" in host else host, port) for host, port in hosts if host]
    if any(not host.startswith("/") for host, _ in named):
        query["sslmode"] = "prefer"
    query |= {key: value for key, value in values.items() if key not in _IN_PLACE}
    if named:
        query["host"] = ",".join(host for host, _ in named)
    query["port"] = ",".join(port for _, port in hosts)
    credentials = f"{user}:{password}@" if password else f"{user}@" if user else ""
    return f"postgresql://{credentials}/{quote(values.get('dbname', ''), safe='')}?{_query(query)}"


def _query(values: Mapping[str, str]) -> str:
    return "&".join(f"{key}={quote(value, safe='')}" for key, value in values.items())


_IN_PLACE = frozenset({"user", "password", "dbname", "service"})


def _check_file(name: str, path: str) -> None:
    with _naming(name, path):
        Path(path).read_bytes()
        if name in ("sslrootcert", "sslcrl"):
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)


@contextmanager
def _naming(setting: str, *paths: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        why = "is no PEM of this kind" if isinstance(error, ssl.SSLError) else error.strerror
        raise FileUnusable(f"{setting}: {' and '.join(paths)}: {why}") from None
