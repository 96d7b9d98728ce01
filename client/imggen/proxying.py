"""HTTP proxies: which one a connection goes through, if any, and who says so."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import TypeVar
from urllib.parse import urlsplit

from imggen.errors import BadArgument, Violation
from imggen.targets import is_loopback, places_of, split_port

Read = TypeVar("Read")

# In the order in which gRPC asks them; the first one that is set counts, even if it is empty.
_NAMED_BY = ("grpc_proxy", "https_proxy", "http_proxy")
_EXEMPT_BY = ("no_grpc_proxy", "no_proxy", "NO_PROXY")


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy that tunnels connections with CONNECT, and what names it."""

    url: str
    named_by: str

    def __str__(self) -> str:
        """Returns the words of an error, without the password that a URL may hold."""
        host = urlsplit(self.url).netloc.rpartition("@")[2]
        return f"the proxy {host} ({self.named_by})"


def proxy_for(target: str, given: str | None, environment: Mapping[str, str]) -> Proxy | None:
    """Returns the proxy of a target: the given one, or the environment's if None is given.

    An empty one means none. A loopback address has none in any case, and what the environment
    exempts has none from the environment.

    Raises:
        BadArgument: The given one is no URL of an HTTP proxy.
    """
    if given is not None and given and not _is_usable(given):
        wrong = f"{_without_password(given)!r} is no HTTP proxy; use http://HOST:PORT"
        raise BadArgument.of([Violation("proxy", wrong)])
    if is_loopback(target):
        return None
    if given is not None:
        return Proxy(given, "the argument proxy") if given else None
    name = next((name for name in _NAMED_BY if name in environment), None)
    # gRPC goes past what is no HTTP proxy, too, for instance past SOCKS.
    if name is None or not _is_usable(environment[name]) or _is_exempt(target, environment):
        return None
    return Proxy(environment[name], name)


def _is_usable(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme == "http" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _without_password(url: str) -> str:
    return url.rpartition("@")[2]


def _is_exempt(target: str, environment: Mapping[str, str]) -> bool:
    """Returns whether the environment says that a target is reached without a proxy.

    It lists hosts, with their subdomains, addresses and networks, with a port for that one alone;
    `*` exempts everything. Commas and spaces part them, as for curl.
    """
    listed = next((environment[name] for name in _EXEMPT_BY if name in environment), "")
    entries = listed.lower().replace(",", " ").split()
    places = places_of(target)
    return all(any(_covers(entry, *place) for entry in entries) for place in places)


def _covers(entry: str, host: str, port: str) -> bool:
    if entry == "*":
        return True
    named, of_port = split_port(entry)
    if of_port not in ("", port):
        return False
    address, network = _read(ip_address, host), _read(_network, named)
    if network is not None:
        return address in network
    name = named.removeprefix("*").removeprefix(".").removesuffix(".")
    # The end of an address is no name of a domain.
    return host == name or (address is None and bool(name) and host.endswith(f".{name}"))


def _network(text: str) -> IPv4Network | IPv6Network:
    return ip_network(text.strip("[]"), strict=False)


def _read(read: Callable[[str], Read], text: str) -> Read | None:
    try:
        return read(text)
    except ValueError:
        return None
