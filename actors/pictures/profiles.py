"""ICC profiles of displays, made from their primaries and the light that values stand for."""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Curve = Callable[[NDArray[np.float64]], Any]
Point = tuple[float, float]

_STEPS = 4096
_VERSION = 0x04200000
_D50 = np.array((0.9642, 1.0, 0.8249))
_BRADFORD = np.array(
    ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))
)
_FLAT = 1e-3
"""The least determinant of primaries that span a triangle."""
_DATE = (2000, 1, 1, 0, 0, 0)
"""The same values give the same bytes."""


@dataclass(frozen=True, slots=True)
class Primaries:
    """The chromaticities of a display, x and y."""

    white: Point
    red: Point
    green: Point
    blue: Point


def display_profile(primaries: Primaries, curve: Curve) -> bytes | None:
    """Returns the profile of a display by ICC.1:2010, 8.4.3; None for primaries that are none."""
    columns = _colorants(primaries)
    if columns is None:
        return None
    values = curve(np.linspace(0, 1, _STEPS))
    light = np.round(np.clip(values, 0, 1) * 65535).astype(">u2").tobytes()
    trc = b"curv" + struct.pack(">II", 0, _STEPS) + light
    tags = {b"wtpt": _xyz(_D50)}
    tags |= {name: _xyz(columns[:, at]) for at, name in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))}
    return _file(tags | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), trc))


def _colorants(primaries: Primaries) -> NDArray[np.float64] | None:
    """Returns the colours of the primaries under D50, (3, 3), a column each."""
    points = (primaries.red, primaries.green, primaries.blue, primaries.white)
    if any(y <= 0 or x < 0 or x + y > 1 for x, y in points):
        return None
    red, green, blue, white = (np.array((x / y, 1, (1 - x - y) / y)) for x, y in points)
    matrix = np.stack((red, green, blue), axis=1)
    if abs(np.linalg.det(matrix)) < _FLAT:
        return None
    lit = matrix * np.linalg.solve(matrix, white)
    adapted = np.diag((_BRADFORD @ _D50) / (_BRADFORD @ white))
    found: NDArray[np.float64] = np.linalg.inv(_BRADFORD) @ adapted @ _BRADFORD @ lit
    return found if np.abs(found).max() < 2 else None


def _xyz(values: NDArray[np.float64]) -> bytes:
    return b"XYZ " + struct.pack(">I3i", 0, *(round(value * 65536) for value in values))


def _file(tags: dict[bytes, bytes]) -> bytes:
    """Returns a profile of tags, by ICC.1:2010, 7; tags that are alike share their bytes."""
    at = 128 + 4 + 12 * len(tags)
    places: dict[bytes, int] = {}
    body = b""
    for data in tags.values():
        if data not in places:
            places[data] = at + len(body)
            body += data + bytes(-len(data) % 4)
    table = b"".join(
        name + struct.pack(">II", places[data], len(data)) for name, data in tags.items()
    )
    header = struct.pack(
        ">I4sI4s4s4s6H4s",
        *(at + len(body), b"", _VERSION, b"mntr", b"RGB ", b"XYZ ", *_DATE, b"acsp"),
    )
    illuminant = struct.pack(">3i", *(round(value * 65536) for value in _D50))
    head = header.ljust(68, b"\0") + illuminant
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body
