"""gRPC's targets: which one a client has, their hosts, and whether they are this machine."""

from collections.abc import Mapping
from ipaddress import IPv6Address, ip_address
from urllib.parse import unquote

from imggen.errors import BadArgument, Violation

_DEFAULT = "127.0.0.1:50051"
_NAMED_BY = "IMGGEN_SERVER"
_MOST_PORT = 65_535
_DEFAULT_PORT = "443"
"""What gRPC takes where a target names none."""
_LOCAL_SCHEMES = ("unix:", "unix-abstract:")
_SCHEMES = ("dns:", "ipv4:", "ipv6:")


def target_of(given: str | None, environment: Mapping[str, str]) -> str:
    """Returns the given target, else that of the environment, else that of a local server.

    Raises:
        BadArgument: It is empty, has a character that no address has, or a port above 65535.
    """
    named = given if given is not None else environment.get(_NAMED_BY) or _DEFAULT
    target = named.strip()
    wrong = ""
    if not target or not target.isprintable() or " " in target:
        wrong = f"{named!r} is no address; use HOST:PORT"
    elif not all(map(_is_port, _ports_of(target))):
        # gRPC would take the rest of a division by 65536 (1.85), where another server may be.
        wrong = f"{named!r} has a port above {_MOST_PORT}"
    if wrong:
        raise BadArgument.of([Violation("target" if given is not None else _NAMED_BY, wrong)])
    return target


def is_loopback(target: str) -> bool:
    """Returns whether traffic to this gRPC target stays on this machine."""
    return target.startswith(_LOCAL_SCHEMES) or all(map(_is_loopback, hosts_of(target)))


def hosts_of(target: str) -> list[str]:
    """Returns the hosts of a target in lower case, without ports; most targets have one."""
    return [_host_of(address).removesuffix(".").lower() for address in _addresses_of(target)]


def places_of(target: str) -> list[tuple[str, str]]:
    """Returns the hosts of a target, each with its port; 443 for one that names none."""
    ports = (split_port(address)[1] or _DEFAULT_PORT for address in _addresses_of(target))
    return list(zip(hosts_of(target), ports, strict=True))


def split_port(address: str) -> tuple[str, str]:
    """Returns the host of an address and its port, empty for one without."""
    return _host_of(address), _port_of(address)


def spoken(target: str) -> str:
    """Returns a target for a message, with the port that gRPC takes where it names none."""
    return target if all(_ports_of(target)) else f"{target}, port 443, since it names none,"


def _addresses_of(target: str) -> list[str]:
    addresses = unquote(target.rsplit("/", 1)[-1])
    for scheme in _SCHEMES:
        addresses = addresses.removeprefix(scheme)
    return addresses.split(",")


def _ports_of(target: str) -> list[str]:
    """Returns the ports of a target's addresses, empty for one without; sockets of Unix have none.

    Names of other schemes than those of IP may be anything.
    """
    scheme = target.partition(":")[0]
    if ("/" in target and f"{scheme}:" not in _SCHEMES) or target.startswith(_LOCAL_SCHEMES):
        return []
    return [_port_of(address) for address in _addresses_of(target)]


def _port_of(address: str) -> str:
    if address.startswith("["):
        return address.rpartition("]")[2].removeprefix(":")
    return address.rpartition(":")[2] if address.count(":") == 1 else ""


def _is_port(port: str) -> bool:
    """Returns whether a port may be one; names of services and none at all are left to gRPC."""
    digits = port.lstrip("0")
    return not port.isdecimal() or (len(digits) <= 5 and int(digits or "0") <= _MOST_PORT)


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
