"""Any picture in: what each kind of file shows, beside what its specification says it shows."""

import base64
import struct
from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from actors.finishing.forms import finish
from actors.pictures.opened import NotAPicture, opened
from actors.pictures.reader import UploadReader
from actors.pictures.seen import seen
from actors.providers.pictures import PictureUnfit, read_png
from server.domain.models import Size
from server.domain.states import AssetKind, ImageType
from tests.unit.picture_files import (
    KINDS,
    SIDE,
    as_bytes,
    chunk,
    grey_profile,
    matrix_profile,
    png_of,
    ramp,
    saved,
    table_profile,
    turned,
    without_marker,
)

Colours = NDArray[np.float64]
# Under D50, by the registrations of the profiles.
_P3 = np.array([[0.5151, 0.2920, 0.1571], [0.2412, 0.6922, 0.0666], [-0.0011, 0.0419, 0.7841]])
_ADOBE = np.array([[0.6097, 0.2053, 0.1492], [0.3111, 0.6257, 0.0632], [0.0195, 0.0609, 0.7446]])
_SRGB = np.array([[0.4361, 0.3851, 0.1431], [0.2225, 0.7169, 0.0606], [0.0139, 0.0971, 0.7142]])
_LAB = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()


def shown(data: bytes) -> Colours:
    """Returns the colours that a file shows, from 0 to 1."""
    image = seen(opened(data))
    assert (image.mode, image.info) == ("RGB", {})
    assert image.tobytes() == seen(opened(data)).tobytes()
    return np.asarray(image) / 255


def assert_shows(data: bytes, expected: Colours, each: float = 0.02) -> None:
    """Asserts that the mean brightness is within 2 %, and each colour near to what it must be."""
    found = shown(data)
    assert found.shape == expected.shape
    assert abs(found.mean() / expected.mean() - 1) < 0.02
    assert np.abs(found - expected).max() < each


def encoded(light: Colours) -> Colours:
    """Returns light in sRGB's values."""
    low = light.clip(0, 1)
    found: Colours = np.where(low <= 0.0031308, low * 12.92, 1.055 * low ** (1 / 2.4) - 0.055)
    return found


def in_srgb(colours: Colours, columns: Colours, gamma: float) -> Colours:
    """Returns a display's colours in sRGB."""
    return encoded(colours**gamma @ columns.T @ np.linalg.inv(_SRGB).T)


def printed(inks: Colours) -> Colours:
    """Returns the Lab of inks, (n, 4), whose dots grow: grey is a quarter darker than by sum."""
    cyan, magenta, yellow, black = (1 - (1 - inks) ** 1.5).T
    light = 100 - 30 * cyan - 40 * magenta - 8 * yellow
    return np.stack(
        (
            (light * (1 - black)).clip(0, 100),
            (-35 * cyan + 70 * magenta) * (1 - black),
            (-45 * cyan + 85 * yellow) * (1 - black),
        ),
        axis=1,
    )


def of_lab(lab: Colours) -> Colours:
    """Returns Lab under D50 as sRGB."""
    middle = (lab[..., 0] + 16) / 116
    each = np.stack((middle + lab[..., 1] / 500, middle, middle - lab[..., 2] / 200), axis=-1)
    xyz = np.where(each > 6 / 29, each**3, (each - 4 / 29) * 3 * (6 / 29) ** 2)
    return encoded(xyz * (0.9642, 1, 0.8249) @ np.linalg.inv(_SRGB).T)


@pytest.mark.parametrize("colour", KINDS)
@pytest.mark.parametrize("low_high", [(0, 1), (0.001, 0.02), (0.9, 1)], ids=["all", "dark", "pale"])
def test_16_bits_are_as_bright_in_8(colour: int, low_high: tuple[float, float]) -> None:
    colours = ramp(*low_high)
    kept = colours if colour in (2, 6) else colours[..., :1]
    alpha = [np.ones((SIDE, SIDE, 1))] * (colour in (4, 6))
    values = (np.concatenate((kept, *alpha), axis=2) * 65535).round().astype(np.uint16)
    assert_shows(png_of(values, colour, 16), np.broadcast_to(kept, colours.shape), 0.0021)


def test_half_clear_colours_of_16_bits_are_on_white() -> None:
    values = np.concatenate((ramp(), np.full((SIDE, SIDE, 1), 0.5)), axis=2)
    data = png_of((values * 65535).astype(np.uint16), 6, 16)
    assert_shows(data, (ramp() + 1) / 2, 0.005)


def test_only_the_very_colour_that_is_clear_in_16_bits_is_clear() -> None:
    values = np.full((2, 2, 3), 0x1234, np.uint16)
    values[0, 0, 2] = 0x1235
    data = png_of(values, 2, 16, {b"tRNS": struct.pack(">3H", *[0x1234] * 3)})
    assert shown(data)[..., 0].round(2).tolist() == [[0.07, 1], [1, 1]]


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_the_grey_that_is_clear_is_clear_at_every_depth(bits: int) -> None:
    most = 2**bits - 1
    values = np.array([[0, most], [most, 0]], np.uint8)[..., None]
    data = png_of(values, 0, bits, {b"tRNS": struct.pack(">H", 0)})
    assert shown(data).tolist() == np.ones((2, 2, 3)).tolist()
    data = png_of(values // max(most, 1), 0, bits, {b"tRNS": struct.pack(">H", 1)})
    assert shown(data)[..., 0].tolist() == [[0, 1], [1, 0]]


def test_a_palette_shows_its_colours_and_what_is_half_clear_on_white() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([200, 0, 0, 0, 0, 200])
    image.putpixel((1, 0), 1)
    found = shown(saved(image, transparency=bytes([255, 127])))
    assert (found * 255).round().tolist() == [[[200, 0, 0], [128, 128, 228]]]


def test_one_bit_is_black_and_white() -> None:
    image = Image.new("1", (2, 1))
    image.putpixel((1, 0), 1)
    assert shown(saved(image)).tolist() == [[[0, 0, 0], [1, 1, 1]]]


def test_grey_with_alpha_is_on_white() -> None:
    grey = np.stack((np.full((4, 4), 100), np.full((4, 4), 51)), axis=2).astype(np.uint8)
    assert_shows(saved(Image.fromarray(grey)), np.full((4, 4, 3), (100 * 0.2 + 255 * 0.8) / 255))


def inked() -> Image.Image:
    """Returns a picture of all inks."""
    inks = np.concatenate((ramp(0, 0.8), 0.3 * ramp()[::-1, :, :1]), axis=2)
    return Image.fromarray(as_bytes(inks), "CMYK")


def test_ink_is_seen_by_its_own_profile() -> None:
    image = inked()
    inks = np.asarray(image) / 255
    expected = of_lab(printed(inks.reshape(-1, 4))).reshape(SIDE, SIDE, 3)
    data = saved(image, "JPEG", quality=100, icc_profile=table_profile(b"CMYK", 4, printed))
    assert b"Adobe" in data  # whose values are inverted
    assert_shows(data, expected, 0.06)
    assert abs(shown(saved(image, "JPEG", quality=100)).mean() - expected.mean()) > 0.05


def test_ink_without_a_profile_covers_what_is_below_it() -> None:
    inks = np.asarray(inked()) / 255
    expected = (1 - inks[..., :3]) * (1 - inks[..., 3:])
    assert_shows(saved(inked(), "JPEG", quality=100), expected)
    assert_shows(saved(inked(), "JPEG", quality=100, icc_profile=grey_profile(3)), expected)


@pytest.mark.parametrize(
    "marker",
    [b"", b"\xff\xee\x00\x04Ad", b"\xff\xee\x00\x02"],
    ids=["none", "short", "empty"],
)
def test_ink_whose_marker_is_missing_or_wrong_is_read_as_browsers_do(marker: bytes) -> None:
    data = saved(inked(), "JPEG", quality=100)
    assert shown(without_marker(data, 0xEE, marker)).tolist() == shown(data).tolist()


@pytest.mark.parametrize(
    ("transform", "green"), [(0, False), (1, True)], ids=["red, green, blue", "luma and chroma"]
)
def test_the_marker_says_what_three_channels_are(transform: int, green: bool) -> None:
    marker = b"\xff\xee\x00\x0eAdobe\0d\0\0\0\0" + bytes([transform])
    data = saved(Image.new("RGB", (16, 16), (10, 10, 10)), "JPEG", quality=100)
    found = shown(without_marker(data, 0xE0, marker))[0, 0] * 255
    assert np.abs(found - ([10, 10, 10] if green else [10, 128, 128])).max() <= 1


@pytest.mark.parametrize(("columns", "gamma"), [(_P3, 2.2), (_ADOBE, 2.2)], ids=["P3", "Adobe RGB"])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "palette", "alpha"])
def test_the_profiles_of_displays_are_honoured(columns: Colours, gamma: float, kind: str) -> None:
    image = Image.fromarray(as_bytes(ramp(0.05, 0.95)))
    if kind == "palette":
        image = image.quantize(200)
    elif kind == "alpha":
        image.putalpha(128)
    known = np.asarray(image.convert("RGB")) / 255
    expected = in_srgb(known, columns, gamma)
    if kind == "alpha":
        expected = 1 + (expected - 1) * 128 / 255
    options = {"quality": 100, "lossless": True, "subsampling": 0}
    form = kind if kind in ("JPEG", "WEBP") else "PNG"
    data = saved(image, form, icc_profile=matrix_profile(columns, gamma), **options)
    assert_shows(data, expected, 0.12 if kind == "JPEG" else 0.02)


@pytest.mark.parametrize("mode", ["L", "LA"])
def test_the_profile_of_a_grey_display_is_honoured(mode: str) -> None:
    image = Image.fromarray(as_bytes(ramp()[..., 0])).convert(mode)
    data = saved(image, icc_profile=grey_profile(1))
    assert_shows(data, encoded(np.repeat(np.asarray(image.convert("L"))[..., None], 3, 2) / 255))


def test_a_profile_by_a_table_is_honoured_where_it_fits() -> None:
    def lab(colours: Colours) -> Colours:
        return np.stack((100 * colours.mean(axis=1), *(colours[:, :2] * 0).T), axis=1)

    colours = as_bytes(ramp())
    expected = of_lab(lab(colours.reshape(-1, 3) / 255)).reshape(SIDE, SIDE, 3)
    fits = table_profile(b"RGB ", 3, lab)
    assert_shows(saved(Image.fromarray(colours), icc_profile=fits), expected)


@pytest.mark.parametrize(
    "profile",
    [
        _LAB,
        table_profile(b"CMYK", 4, printed),
        grey_profile(1.0),
        matrix_profile(_P3, 2.2)[:200],
        b"no profile",
        matrix_profile(_P3, 2.2).replace(b"mntr", b"link"),
        matrix_profile(_P3, 2.2).replace(b"rTRC", b"xTRC"),
    ],
    ids=["Lab", "CMYK", "grey", "cut off", "garbage", "link", "without a curve"],
)
def test_a_profile_that_does_not_fit_changes_nothing(profile: bytes) -> None:
    image = Image.fromarray(as_bytes(ramp()))
    assert_shows(saved(image, icc_profile=profile), as_bytes(ramp()) / 255, 0.001)


def corner() -> Image.Image:
    """Returns a picture whose upper left corner is red, and its upper right one blue."""
    image = Image.new("RGB", (32, 48), "white")
    image.paste("red", (0, 0, 16, 16))
    image.paste("blue", (16, 0, 32, 16))
    return image


_UNDO = {
    1: (),
    2: (Image.Transpose.FLIP_LEFT_RIGHT,),
    3: (Image.Transpose.ROTATE_180,),
    4: (Image.Transpose.FLIP_TOP_BOTTOM,),
    5: (Image.Transpose.ROTATE_90, Image.Transpose.FLIP_TOP_BOTTOM),
    6: (Image.Transpose.ROTATE_90,),
    7: (Image.Transpose.ROTATE_90, Image.Transpose.FLIP_LEFT_RIGHT),
    8: (Image.Transpose.ROTATE_270,),
}
"""How a picture is laid so that an orientation of EXIF brings it back, by CIPA DC-008, 4.6.4."""


def laid(orientation: int, kind: str, exif: bytes | None = None) -> bytes:
    """Returns a picture that lies as an orientation says."""
    image = corner()
    for turn in _UNDO[orientation]:
        image = image.transpose(turn)
    options = {"quality": 100, "lossless": True, "subsampling": 0}
    return saved(image, kind, exif=exif or turned(orientation), **options)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", _UNDO)
def test_a_picture_is_upright(orientation: int, kind: str) -> None:
    assert opened(laid(orientation, kind)).size == (32, 48)
    assert_shows(laid(orientation, kind), np.asarray(corner()) / 255, 0.05)


def test_every_form_and_what_is_told_of_it_is_upright() -> None:
    data = laid(6, "JPEG")
    finished = finish(data, ImageType.PORTRAIT, Size(32, 48))
    original, display = (finished.asset(kind) for kind in (AssetKind.ORIGINAL, AssetKind.DISPLAY))
    assert (original.data, original.width, original.height) == (data, 32, 48)
    assert_shows(display.data, np.asarray(corner()) / 255, 0.05)
    checked = finish(data, ImageType.PORTRAIT, Size(32, 48), checked_by="a model")
    bare = checked.asset(AssetKind.ORIGINAL)
    assert (bare.width, bare.height) == Image.open(BytesIO(bare.data)).size == (32, 48)


def test_a_providers_picture_has_the_size_that_it_is_seen_in() -> None:
    answer = base64.b64encode(laid(8, "JPEG")).decode()
    with UploadReader(processes=1) as reader:
        assert opened(read_png(answer, Size(32, 48), reader)).size == (32, 48)
        with pytest.raises(PictureUnfit, match="32x48 pixels; 48x32 were asked for"):
            read_png(answer, Size(48, 32), reader)


@pytest.mark.parametrize(
    "exif",
    [
        turned(9),
        turned(0),
        turned(6)[:-9],
        b"Exif\0\0MM\0*\xff\xff\xff\xff",
        b"Exif\0\0",
        b"Exif\0\0nonsense that is no TIFF",
        turned(6, kind=b"\0\x02"),
        b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + bytes(40),
    ],
    ids=["nine", "nought", "cut", "far", "empty", "garbage", "text", "endless"],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_exif_that_says_nothing_leaves_a_picture_as_it_is(exif: bytes, kind: str) -> None:
    assert_shows(laid(1, kind, exif), np.asarray(corner()) / 255, 0.05)


_POINTS = (0.3127, 0.3290, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060)
_CHRM = struct.pack(">8I", *(round(point * 100_000) for point in _POINTS))
_LINEAR = struct.pack(">I", 100_000)
_SAID: dict[str, tuple[dict[bytes, bytes], Colours, float]] = {
    "gamma": ({b"gAMA": _LINEAR}, _SRGB, 1),
    "gamma and primaries": ({b"gAMA": _LINEAR, b"cHRM": _CHRM}, _P3, 1),
    "code points": ({b"cICP": bytes([12, 8, 0, 1])}, _P3, 1),
    "code points first": ({b"cICP": bytes([12, 8, 0, 1]), b"sRGB": b"\0"}, _P3, 1),
}


@pytest.mark.parametrize(("said", "columns", "gamma"), _SAID.values(), ids=_SAID)
def test_what_a_png_says_of_its_colours_is_honoured(
    said: dict[bytes, bytes], columns: Colours, gamma: float
) -> None:
    colours = as_bytes(ramp(0.05, 0.95))
    assert_shows(png_of(colours, 2, 8, said), in_srgb(colours / 255, columns, gamma))


@pytest.mark.parametrize(
    "said",
    [
        {b"gAMA": struct.pack(">I", 45455)},
        {b"gAMA": struct.pack(">I", 0)},
        {b"gAMA": struct.pack(">I", 2**32 - 1)},
        {b"sRGB": b"\0", b"gAMA": _LINEAR, b"cHRM": _CHRM},
        {b"cHRM": bytes(32)},
        {b"cHRM": struct.pack(">8I", *[30_000] * 8)},
        {b"cHRM": b"\xff" * 32},
        {b"cICP": bytes([1, 13, 0, 1])},
        {b"cICP": bytes([200, 13, 0, 1])},
        {b"cICP": bytes([9, 13, 9, 0])},
        {b"cICP": b"\x09"},
    ],
    ids=lambda said: "+".join(kind.decode() + data[:4].hex() for kind, data in said.items()),
)
def test_what_says_srgb_or_nonsense_changes_nothing(said: dict[bytes, bytes]) -> None:
    colours = as_bytes(ramp())
    assert_shows(png_of(colours, 2, 8, said), colours / 255, 0.005)


@pytest.mark.parametrize(("transfer", "paper"), [(16, 0.5807), (18, 0.75)], ids=["PQ", "HLG"])
def test_white_paper_of_brighter_displays_is_white(transfer: int, paper: float) -> None:
    values = np.array([[[0] * 3, [round(paper * 65535)] * 3, [65535] * 3]], np.uint16)
    found = shown(png_of(values, 2, 16, {b"cICP": bytes([9, transfer, 0, 1])}))[0, :, 0]
    assert found[0] == 0
    assert found[1] > 0.98
    assert found[2] == 1


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "MPO"])
def test_of_several_pictures_the_first_one_is_seen(kind: str) -> None:
    first, second = (Image.new("RGB", (32, 32), colour) for colour in ("teal", "red"))
    options = {"save_all": True, "append_images": [second], "quality": 100, "lossless": True}
    assert_shows(saved(first, kind, **options), np.asarray(first) / 255, 0.01)


def test_an_animation_of_16_bits_shows_its_first_picture() -> None:
    control = struct.pack(">IIIIIHHBB", 0, SIDE, SIDE, 0, 0, 1, 10, 0, 0)
    said = {b"acTL": struct.pack(">II", 2, 0), b"fcTL": control}
    data = png_of((ramp() * 65535).astype(np.uint16), 2, 16, said)
    more = chunk(b"fcTL", struct.pack(">I", 1) + control[4:])
    assert_shows(data[:-12] + more + data[-12:], ramp())


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_damaged_files_are_refused_and_nothing_else_is_raised() -> None:
    chance = np.random.default_rng(5)
    deep = (ramp() * 65535).astype(np.uint16)
    whole = [
        laid(6, "JPEG"),
        laid(6, "WEBP"),
        saved(inked(), "JPEG", icc_profile=grey_profile(1)),
        saved(Image.fromarray(as_bytes(ramp())), icc_profile=matrix_profile(_P3, 2.2)),
        png_of(deep, 2, 16, {b"cICP": bytes([9, 16, 0, 1]), b"tRNS": bytes(6), b"cHRM": _CHRM}),
        saved(Image.new("P", (9, 9)), transparency=b"\0\x80"),
    ]
    refused = 0
    for number in range(600):
        data = bytearray(whole[number % len(whole)])
        for at in chance.integers(0, min(len(data), 400), 3):
            data[at] = chance.integers(256)
        try:
            seen(opened(bytes(data[: chance.integers(len(data) // 2, len(data) * 2)])))
        except NotAPicture:
            refused += 1
    assert 0 < refused < 600
