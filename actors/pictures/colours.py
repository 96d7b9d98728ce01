"""What the colours of a file mean: by its profile, or by what a PNG says in a profile's place."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from actors.pictures.opened import CODE_POINTS
from actors.pictures.profiles import Curve, Primaries, display_profile

_FITS = {("RGB", "RGB "), ("L", "RGB "), ("L", "GRAY"), ("CMYK", "CMYK")}
"""The pixels, by Pillow's name, and the colour space of a profile that is for such pixels."""
_DEVICES = ("scnr", "mntr", "prtr", "spac")
"""The classes of profiles that say what colours are; others lead from one file to another."""

_D65 = (0.3127, 0.3290)
_BT709 = Primaries(_D65, (0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
_PRIMARIES = {
    1: _BT709,
    9: Primaries(_D65, (0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
    11: Primaries((0.314, 0.351), (0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
    12: Primaries(_D65, (0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
}
"""The primaries by ITU-T H.273, table 2, of those that pictures use."""
_HDR_WHITE = 203 / 10_000
"""The light of white paper, as a share of what PQ can say, by ITU-R BT.2408, table 1."""
_HLG_WHITE = 0.75
"""The same, as a value of HLG."""
_SRGB_GAMMA = 0.45455
_LEAST_GAMMA, _MOST_GAMMA = 0.1, 10.0


def to_srgb(picture: Image.Image, info: Mapping[Any, Any], kind: str | None) -> Image.Image:
    """Returns a picture of L, RGB or CMYK as RGB in sRGB.

    `info` and `kind` are its file's. A profile that does not fit its pixels or cannot be used is
    ignored, as by browsers: then RGB is sRGB, and ink covers what is below it.
    """
    profile = _profile(info, kind)
    rgb = _converted(picture, profile) if profile else None
    return rgb or picture.convert("RGB")


def _profile(info: Mapping[Any, Any], kind: str | None) -> bytes | None:
    """Returns the profile of a file, in the order of PNG's specification, 4.3."""
    embedded: bytes | None = info.get("icc_profile")
    if kind != "PNG":
        return embedded
    said = _by_code_points(*info[CODE_POINTS]) if CODE_POINTS in info else None
    if said or embedded:
        return said or embedded
    return None if "srgb" in info else _by_gamma(info.get("gamma"), info.get("chromaticity"))


def _converted(picture: Image.Image, profile: bytes) -> Image.Image | None:
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        about = source.profile
        if (picture.mode, about.xcolor_space) not in _FITS or about.device_class not in _DEVICES:
            return None
        if about.xcolor_space == "GRAY":
            return _by_grey(picture, source)
        pixels = picture.convert("RGB") if picture.mode == "L" else picture
        srgb = ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(pixels, source, srgb, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None


def _by_grey(picture: Image.Image, source: ImageCms.ImageCmsProfile) -> Image.Image:
    """Returns a grey picture in sRGB.

    Each of its values is converted exactly: lcms 2.19 samples curves of grey too coarsely.
    """
    values = Image.fromarray(np.arange(256, dtype=np.uint8)[None])
    exact = ImageCms.buildTransform(
        *(source, ImageCms.createProfile("sRGB"), "L", "RGB"), flags=ImageCms.Flags.NOOPTIMIZE
    )
    table = np.asarray(ImageCms.applyTransform(values, exact))[0]
    return Image.fromarray(table[np.asarray(picture)])


def _by_gamma(gamma: float | None, said: tuple[float, ...] | None) -> bytes | None:
    """Returns the profile that gAMA and cHRM stand for; None for sRGB and for nonsense."""
    if gamma is not None and not _LEAST_GAMMA <= gamma <= _MOST_GAMMA:
        return None
    primaries = _BT709
    if said is not None:
        white, red, green, blue = ((said[at], said[at + 1]) for at in (0, 2, 4, 6))
        primaries = Primaries(white, red, green, blue)
    curve = _srgb if gamma is None or gamma == _SRGB_GAMMA else _power(1 / gamma)
    if curve is _srgb and primaries == _BT709:
        return None
    return display_profile(primaries, curve)


def _by_code_points(
    primaries: int, transfer: int, matrix: int, full_range: int = 1
) -> bytes | None:
    """Returns the profile that cICP stands for; None for what is not known, and for sRGB.

    What is brighter than paper in PQ and HLG is cut off at white.
    """
    points, curve = _PRIMARIES.get(primaries), _CURVES.get(transfer)
    if points is None or curve is None or matrix or not full_range:
        return None
    return display_profile(points, curve)


def _power(exponent: float) -> Curve:
    return lambda value: value**exponent


def _srgb(value: NDArray[np.float64]) -> Any:
    """Returns light by IEC 61966-2-1."""
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def _pq(value: NDArray[np.float64]) -> Any:
    """Returns light by ITU-R BT.2100, table 4, of which 1 is white paper."""
    root = value ** (32 / 2523)
    light = np.maximum(root - 107 / 128, 0) / (2413 / 128 - 2392 / 128 * root)
    return np.minimum(light ** (16384 / 2610) / _HDR_WHITE, 1)


def _hlg(value: NDArray[np.float64]) -> Any:
    """Returns a scene's light by ITU-R BT.2100, table 5, of which 1 is white paper."""
    return np.minimum(_hlg_light(value) / _hlg_light(np.asarray(_HLG_WHITE)), 1)


def _hlg_light(value: NDArray[np.float64]) -> Any:
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(value <= 0.5, value**2 / 3, (np.exp((value - c) / a) + b) / 12)


_CURVES: dict[int, Curve] = {
    **dict.fromkeys((1, 6, 14, 15, 13), _srgb),
    4: _power(2.2),
    5: _power(2.8),
    8: _power(1),
    16: _pq,
    18: _hlg,
}
"""The light that a value from 0 to 1 stands for, by the number in ITU-T H.273, table 3.

Video's curve is shown as sRGB's, which its displays are near to.
"""
