"""The files of pictures: a JPEG, or a PNG where something is transparent, of 5 MB at most."""

import re
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageCms

from actors.finishing.files import MAX_BYTES, FileTooLarge, PictureFile, file_of
from actors.pictures.opened import opened
from actors.pictures.seen import seen

SIDE = 64


def noise(width: int, height: int, channels: int = 3) -> Image.Image:
    """Returns a picture that no file makes smaller."""
    values = np.random.default_rng(0).integers(0, 256, (height, width, channels), np.uint8)
    return Image.fromarray(values)


def drawing(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """Returns a picture of colours that run into each other; RGBA has a disc with a soft edge."""
    down, right = np.mgrid[0:height, 0:width]
    colours = (right * 255 // width, down * 255 // height, (right + down) % 256)
    image = Image.fromarray(np.stack(colours, axis=2).astype(np.uint8))
    if mode == "RGBA":
        far = np.hypot(right - width / 2, down - height / 2)
        image.putalpha(Image.fromarray(((width / 2.2 - far) * 12).clip(0, 255).astype(np.uint8)))
    return image


def read(file: PictureFile) -> Image.Image:
    image = Image.open(BytesIO(file.data))
    image.load()
    assert Image.MIME[image.format or ""] == file.content_type
    return image


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_file_has_a_profile_of_srgb_and_300_dots_per_inch(mode: str) -> None:
    image = read(file_of(drawing(SIDE, SIDE, mode), ""))
    assert [round(dots) for dots in image.info["dpi"]] == [300, 300]
    profile = ImageCms.ImageCmsProfile(BytesIO(image.info["icc_profile"]))
    assert "sRGB" in ImageCms.getProfileName(profile)
    assert image.mode == mode


HARD = {
    "tiny": Image.new("RGB", (1, 1), "red"),
    "one colour": Image.new("RGB", (3000, 2000), "#123456"),
    "grey": Image.new("RGB", (SIDE, SIDE), "#808080"),
    "opaque RGBA": Image.new("RGBA", (SIDE, SIDE), "teal"),
    "drawing": drawing(3000, 2000),
}


@pytest.mark.parametrize("image", HARD.values(), ids=HARD)
def test_what_is_opaque_is_a_jpeg_of_quality_95_in_full_colour(image: Image.Image) -> None:
    file = file_of(image, "")
    assert (file.content_type, file.encoding) == ("image/jpeg", "jpeg 95 4:4:4")
    found = read(file)
    assert {layer[1:3] for layer in found.layer} == {(1, 1)}  # type: ignore[attr-defined]
    assert (found.mode, found.size) == ("RGB", image.size)
    shown = np.abs(np.asarray(found, int) - np.asarray(image.convert("RGB"), int))
    assert shown.mean() < 2


def test_large_noise_is_within_five_megabytes() -> None:
    file = file_of(noise(3000, 2000), "")
    assert len(file.data) <= MAX_BYTES
    _, quality, sampling = file.encoding.split()
    assert sampling == "4:2:0"
    assert 85 <= int(quality) < 95
    layers = read(file).layer  # type: ignore[attr-defined]
    assert [layer[1:3] for layer in layers] == [(2, 2), (1, 1), (1, 1)]


@pytest.mark.parametrize(
    ("most", "kept"),
    [(160_000, "95 4:4:4"), (130_000, "9. 4:4:4"), (80_000, "95 4:2:0"), (55_000, "8. 4:2:0")],
)
def test_noise_loses_quality_first_and_then_colours(most: int, kept: str) -> None:
    file = file_of(noise(256, 256), "", most)
    assert re.fullmatch(f"jpeg {kept}", file.encoding), file.encoding
    assert len(file.data) <= most


def test_what_fits_in_no_jpeg_is_refused_with_its_size() -> None:
    said = r"256x256 pixels has [0-9,]+ bytes as a JPEG of quality 85 and 4:2:0 and may have 9,000;"
    with pytest.raises(FileTooLarge, match=said):
        file_of(noise(256, 256), "", 9000)


HARD_CLEAR = {
    "tiny": Image.new("RGBA", (1, 1), "#ff000080"),
    "nothing is seen": Image.new("RGBA", (SIDE, SIDE), "#12345600"),
    "large": drawing(3000, 2000, "RGBA"),
    "noise": noise(256, 256, 4),
}


@pytest.mark.parametrize("image", HARD_CLEAR.values(), ids=HARD_CLEAR)
def test_what_is_transparent_is_a_png_of_the_same_pixels(image: Image.Image) -> None:
    file = file_of(image, "")
    assert (file.content_type, file.encoding) == ("image/png", "png")
    assert len(file.data) <= MAX_BYTES
    found, given = np.asarray(read(file)), np.asarray(image)
    assert np.array_equal(found[..., 3], given[..., 3])
    seen_ones = given[..., 3] > 0
    assert np.array_equal(found[seen_ones], given[seen_ones])
    assert (found[~seen_ones][:, :3] == 255).all()


def test_a_transparent_picture_that_is_too_large_gets_256_colours_and_keeps_its_alpha() -> None:
    pixels = np.asarray(noise(256, 256, 4)).copy()
    pixels[..., 3] = np.asarray(drawing(256, 256, "RGBA"))[..., 3]
    file = file_of(Image.fromarray(pixels), "", 80_000)
    assert (file.content_type, file.encoding) == ("image/png", "png palette")
    assert len(file.data) <= 80_000
    found, given = np.asarray(read(file).convert("RGBA"), int), pixels.astype(int)
    alpha = given[..., 3]
    assert (found[..., 3][alpha == 0] == 0).all()
    assert (found[..., 3][alpha == 255] == 255).all()
    assert np.abs(found[..., 3] - alpha).max() <= 20
    assert np.abs(found - given)[..., :3][alpha == 255].mean() < 32


def test_a_transparent_picture_that_fits_in_no_png_is_refused_rather_than_flattened() -> None:
    with pytest.raises(FileTooLarge, match="which alone keeps its alpha, and may have 9,000"):
        file_of(noise(256, 256, 4), "", 9000)


def test_a_file_reads_back_as_what_was_shown() -> None:
    image = drawing(SIDE, SIDE)
    given = np.asarray(image, int)
    back = np.asarray(seen(opened(file_of(image, "").data)), int)
    assert np.abs(back - given).mean() < 3


def test_the_same_picture_gives_the_same_bytes() -> None:
    for image in (drawing(SIDE, SIDE), drawing(SIDE, SIDE, "RGBA"), noise(SIDE, SIDE)):
        assert file_of(image, "") == file_of(image, "")
