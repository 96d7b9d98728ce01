"""Finishing: every form has its size, its format and its limit of bytes."""

from dataclasses import replace
from io import BytesIO
from random import Random

import pytest
from PIL import Image, ImageCms, ImageColor

from actors.engine.render import PictureBroken
from actors.finishing.files import MAX_BYTES
from actors.finishing.forms import PictureRefused, finish, print_size
from actors.finishing.marks import marked
from imggen.rules.credentials import SOURCE_TYPE
from server.domain.finishing import NOTHING
from server.domain.models import Model, Size
from server.domain.states import AssetKind, ImageType
from server.routing.catalogue import KNOWN
from server.routing.formats import RATIOS

SQUARE = Size(1024, 1024)


def picture(size: Size, colour: str = "teal", mode: str = "RGB") -> Image.Image:
    return Image.new(mode, (size.width, size.height), colour)


def png(image: Image.Image, **options: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, "PNG", **options)
    return buffer.getvalue()


def noise(size: Size) -> Image.Image:
    pixels = Random(0).randbytes(size.width * size.height * 3)
    return Image.frombytes("RGB", (size.width, size.height), pixels)


def opened(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    return image


def test_a_portrait_gets_its_four_forms() -> None:
    original = png(picture(Size(256, 256)))
    finished = finish(original, ImageType.PORTRAIT, SQUARE)
    assert [
        (asset.kind, asset.content_type, asset.width, asset.height) for asset in finished.assets
    ] == [
        (AssetKind.ORIGINAL, "image/png", 256, 256),
        (AssetKind.DISPLAY, "image/jpeg", 1024, 1024),
        (AssetKind.PRINT, "image/jpeg", 2048, 2048),
        (AssetKind.THUMBNAIL, "image/jpeg", 256, 256),
    ]
    assert finished.asset(AssetKind.ORIGINAL).data == original
    for asset in finished.assets:
        image = opened(asset.data)
        assert image.size == (asset.width, asset.height)
        assert image.mode == "RGB"
        assert Image.MIME[image.format or ""] == asset.content_type


def test_the_upscaled_picture_is_shown_and_the_original_is_kept() -> None:
    original, enlarged = png(picture(Size(256, 256))), png(picture(SQUARE, "darkcyan"))
    finished = finish(original, ImageType.PORTRAIT, SQUARE, enlarged)
    assert finished.asset(AssetKind.ORIGINAL).data == original
    assert opened(finished.asset(AssetKind.DISPLAY).data).getpixel((5, 5)) == pytest.approx(
        (0, 139, 139), abs=1
    )
    with pytest.raises(PictureRefused):
        finish(original, ImageType.PORTRAIT, SQUARE, b"no picture")


@pytest.mark.parametrize("shown", ["black", "white", "maroon", "noise"])
def test_an_enlarged_picture_that_shows_something_else_is_broken(shown: str) -> None:
    original = png(picture(Size(256, 256)))
    enlarged = png(noise(SQUARE) if shown == "noise" else picture(SQUARE, shown))
    with pytest.raises(PictureBroken, match=r"off by \d+% from the model's"):
        finish(original, ImageType.PORTRAIT, SQUARE, enlarged)


def test_a_black_picture_may_be_enlarged() -> None:
    black = picture(Size(256, 256), "black")
    finished = finish(png(black), ImageType.PORTRAIT, SQUARE, png(black.resize((512, 512))))
    assert len(finished.assets) == 4


@pytest.mark.parametrize("model", KNOWN.values(), ids=lambda model: model.name)
def test_prints_of_every_offered_format_are_large_enough(model: Model) -> None:
    for offered in model.portraits.values():
        size = print_size(ImageType.PORTRAIT, offered.display)
        assert min(size.width, size.height) == 2048
    for display in RATIOS.values():
        size = print_size(ImageType.SCENE, display)
        assert size.width >= 3000
        assert size.height >= 2000
        assert size.width / size.height == pytest.approx(display.width / display.height, rel=1e-3)


def test_a_print_is_exact_where_the_ratio_is() -> None:
    assert print_size(ImageType.PORTRAIT, Size(1024, 1536)) == Size(2048, 3072)
    assert print_size(ImageType.SCENE, Size(1536, 1024)) == Size(3000, 2000)
    assert print_size(ImageType.SCENE, Size(6000, 4000)) == Size(6000, 4000)


def test_a_print_has_300_dots_per_inch_full_colour_and_a_profile() -> None:
    printed = opened(
        finish(png(picture(Size(64, 64))), ImageType.PORTRAIT, SQUARE).asset(AssetKind.PRINT).data
    )
    assert printed.info["dpi"] == (300, 300)
    # One colour sample per pixel: no component is subsampled.
    assert {layer[1:3] for layer in printed.layer} == {(1, 1)}  # type: ignore[attr-defined]
    profile = ImageCms.ImageCmsProfile(BytesIO(printed.info["icc_profile"]))
    assert "sRGB" in ImageCms.getProfileName(profile)


def test_width_is_cut_evenly_and_not_stretched() -> None:
    source = picture(Size(300, 100), "red")
    source.paste("blue", (100, 0, 200, 100))
    display = finish(png(source), ImageType.SCENE, SQUARE).asset(AssetKind.DISPLAY)
    image = opened(display.data)
    for place in ((40, 512), (983, 512)):
        pixel = image.getpixel(place)
        assert isinstance(pixel, tuple)
        # A JPEG rounds colours.
        assert all(abs(a - b) <= 2 for a, b in zip(pixel, (0, 0, 255), strict=True))


@pytest.mark.parametrize("kind", [ImageType.SCENE, ImageType.COVER])
def test_height_is_cut_below_rather_than_above_in_all_forms(kind: ImageType) -> None:
    # Of 256 lines 144 are kept: those from 34 on, where the heads are.
    source = picture(Size(256, 256), "white")
    source.paste("red", (0, 0, 256, 33))
    source.paste("teal", (0, 64, 256, 168))
    source.paste("blue", (0, 178, 256, 256))
    original = png(source)
    finished = finish(original, kind, RATIOS["16:9"])
    assert finished.asset(AssetKind.ORIGINAL).data == original
    for form in (AssetKind.DISPLAY, AssetKind.PRINT, AssetKind.THUMBNAIL):
        image = opened(finished.asset(form).data)
        assert image.width / image.height == pytest.approx(16 / 9, rel=0.01)
        shown = [image.getpixel((9, round(image.height * at))) for at in (0, 0.04, 0.5, 0.98)]
        for found, colour in zip(shown, ("white", "white", "teal", "white"), strict=True):
            assert isinstance(found, tuple)
            expected = ImageColor.getrgb(colour)
            assert all(abs(a - b) < 50 for a, b in zip(found, expected, strict=True)), form


@pytest.mark.parametrize("checked_by", ["", "a model"])
def test_what_is_transparent_stays_so_in_every_form(checked_by: str) -> None:
    source = picture(Size(64, 64), "#00000000", "RGBA")
    source.paste("teal", (16, 16, 48, 48))
    finished = finish(png(source), ImageType.SCENE, SQUARE, checked_by=checked_by)
    for kind in (AssetKind.DISPLAY, AssetKind.PRINT, AssetKind.THUMBNAIL):
        asset = finished.asset(kind)
        image = opened(asset.data)
        assert (asset.content_type, image.mode, asset.encoding) == ("image/png", "RGBA", "png")
        assert image.getpixel((2, 2)) == (255, 255, 255, 0)
        assert image.getpixel((image.width // 2, image.height // 2)) == (0, 128, 128, 255)


@pytest.mark.parametrize("colour", ["#008080", "#00808080"])
def test_a_thumbnail_is_a_webp_where_the_caller_asks_for_one(colour: str) -> None:
    source = png(picture(Size(256, 256), colour, "RGBA"))
    wanted = replace(NOTHING, thumbnail_format="webp")
    asked = finish(source, ImageType.PORTRAIT, SQUARE, post_processing=wanted)
    usual = finish(source, ImageType.PORTRAIT, SQUARE)
    *others, thumbnail = asked.assets
    assert others == list(usual.assets[:-1])
    assert (thumbnail.content_type, thumbnail.encoding) == ("image/webp", "webp 82")
    image = opened(thumbnail.data)
    assert (image.format, image.size) == ("WEBP", (256, 256))
    shown, given = image.convert("RGBA").getpixel((9, 9)), ImageColor.getcolor(colour, "RGBA")
    assert isinstance(shown, tuple)
    assert isinstance(given, tuple)
    assert shown[3] == given[3]
    assert all(abs(a - b) < 6 for a, b in zip(shown, given, strict=True))
    profile = ImageCms.ImageCmsProfile(BytesIO(image.info["icc_profile"]))
    assert "sRGB" in ImageCms.getProfileName(profile)
    assert image.getxmp()["xmpmeta"]["RDF"]["Description"]["pictureCheck"] == "NOT_CHECKED"


def test_a_classifier_is_shown_what_transparent_pixels_can_hide() -> None:
    source = picture(SQUARE, "#ffffff00", "RGBA")
    source.paste("#ff000001", (0, 0, 512, 1024))
    source.paste("#ffffffff", (700, 0, 900, 1024))
    finished = finish(png(source), ImageType.PORTRAIT, SQUARE, checked_by="a model")
    on_black, colours = (opened(data) for data in finished.revealed)
    assert (on_black.mode, colours.mode) == ("RGB", "RGB")
    assert on_black.getpixel((800, 9)) == (255, 255, 255)
    assert colours.getpixel((9, 9)) == (255, 0, 0)
    assert not finish(png(source), ImageType.PORTRAIT, SQUARE).revealed
    opaque = finish(png(picture(SQUARE)), ImageType.PORTRAIT, SQUARE, checked_by="a model")
    assert not opaque.revealed


def test_a_profile_of_another_kind_of_pixels_is_ignored() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    source = png(picture(Size(64, 64), "#808080"), icc_profile=lab)
    display = finish(source, ImageType.SCENE, SQUARE).asset(AssetKind.DISPLAY)
    assert opened(display.data).getpixel((5, 5)) == (128, 128, 128)


def test_a_picture_with_srgbs_own_profile_keeps_its_colours() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    source = png(picture(Size(64, 64), "#336699"), icc_profile=srgb)
    display = finish(source, ImageType.SCENE, SQUARE).asset(AssetKind.DISPLAY)
    pixel = opened(display.data).getpixel((5, 5))
    assert isinstance(pixel, tuple)
    assert all(abs(a - b) <= 1 for a, b in zip(pixel, (0x33, 0x66, 0x99), strict=True))


def test_even_noise_stays_under_five_megabytes() -> None:
    finished = finish(png(noise(Size(1344, 768))), ImageType.SCENE, Size(1824, 1024))
    assert all(len(asset.data) <= MAX_BYTES for asset in finished.assets)


@pytest.mark.parametrize(
    ("checked_by", "said"),
    [
        ("", {"pictureCheck": "NOT_CHECKED"}),
        ('a "model" & more', {"pictureCheck": "CHECKED", "checkedBy": 'a "model" & more'}),
    ],
)
def test_every_file_but_the_models_own_says_whether_it_is_checked(
    checked_by: str, said: dict[str, str]
) -> None:
    original = png(picture(Size(256, 256)))
    finished = finish(original, ImageType.PORTRAIT, SQUARE, checked_by=checked_by)
    clear = png(picture(Size(256, 256), "#00800080", "RGBA"))
    shown = finish(clear, ImageType.PORTRAIT, SQUARE, checked_by=checked_by)
    assert shown.asset(AssetKind.DISPLAY).content_type == "image/png"
    for asset in (*finished.assets, *shown.assets[1:]):
        xmp = opened(asset.data).getxmp()
        if asset.kind is AssetKind.ORIGINAL:
            assert (asset.data, xmp) == (original, {})
        else:
            told = {"about": "", "DigitalSourceType": SOURCE_TYPE, **said}
            assert xmp["xmpmeta"]["RDF"]["Description"] == told


@pytest.mark.parametrize("dots", [(300, 300), None], ids=["JFIF", "no JFIF"])
def test_a_preview_is_marked_without_a_change_of_its_pixels(dots: tuple[int, int] | None) -> None:
    buffer = BytesIO()
    noise(Size(64, 48)).save(buffer, "JPEG", dpi=dots or (0, 0))
    plain = buffer.getvalue()
    if dots is None:  # as from an encoder that writes no such segment
        plain = plain[:2] + plain[4 + int.from_bytes(plain[4:6], "big") :]
    file = opened(marked(plain, ""))
    assert file.tobytes() == opened(plain).tobytes()
    said = file.getxmp()["xmpmeta"]["RDF"]["Description"]
    assert (said["DigitalSourceType"], said["pictureCheck"]) == (SOURCE_TYPE, "NOT_CHECKED")
    assert marked(b"no JPEG", "") == b"no JPEG"


def test_the_same_original_gives_the_same_bytes() -> None:
    original = png(noise(Size(64, 64)))
    again = finish(original, ImageType.PORTRAIT, SQUARE)
    assert finish(original, ImageType.PORTRAIT, SQUARE) == again


@pytest.mark.parametrize(
    "data", [b"", b"no picture", png(picture(Size(64, 64)))[:90], b"GIF89a" + bytes(20)]
)
def test_bytes_that_are_no_picture_are_refused(data: bytes) -> None:
    with pytest.raises(PictureRefused, match="must be one of PNG, JPEG, WEBP"):
        finish(data, ImageType.SCENE, SQUARE)


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_read() -> None:
    # They are 8 kB of PNG.
    bomb = png(Image.new("1", (8_100, 8_100)))
    with pytest.raises(PictureRefused, match="65610000 pixels; it must have 64000000"):
        finish(bomb, ImageType.SCENE, SQUARE)
