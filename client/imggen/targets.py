"""gRPC's targets: which one a client has, their hosts, and whether they are this machine."""

from collections.abc import Mapping
from ipaddress import IPv6Address, ip_address
from urllib.parse import unquote

from imggen.errors import BadArgument, Violation

_DEFAULT = "127.0.0.1:50051"
_NAMED_BY = "IMGGEN_SERVER"
_LOCAL_SCHEMES = ("unix:", "unix-abstract:")
_SCHEMES = ("dns:", "ipv4:", "ipv6:")


def target_of(given: str | None, environment: Mapping[str, str]) -> str:
    """Returns the given target, else that of the environment, else that of a local server.

    Raises:
        BadArgument: It is empty, or has a character that no address has.
    """
    named = given if given is not None else environment.get(_NAMED_BY) or _DEFAULT
    target = named.strip()
    if not target or not target.isprintable() or " " in target:
        wrong = f"{named!r} is no address; use HOST:PORT"
        raise BadArgument.of([Violation("target" if given is not None else _NAMED_BY, wrong)])
    return target


def is_loopback(target: str) -> bool:
    """Returns whether traffic to this gRPC target stays on this machine."""
    return target.startswith(_LOCAL_SCHEMES) or all(map(_is_loopback, hosts_of(target)))


def hosts_of(target: str) -> list[str]:
    """Returns the hosts of a target in lower case, without ports; most targets have one."""
    addresses = unquote(target.rsplit("/", 1)[-1])
    for scheme in _SCHEMES:
        addresses = addresses.removeprefix(scheme)
    return [_host_of(address).removesuffix(".").lower() for address in addresses.split(",")]


def _host_of(address: str) -> str:
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return address.rpartition(":")[0] if address.count(":") == 1 else address


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped.is_loopback
    return address.is_loopback
