"""The watermark: not seen, found after what happens to pictures, and nowhere else."""

import math
import sys
from collections.abc import Callable
from functools import cache
from io import BytesIO
from pathlib import Path
from random import Random

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps
from pydantic import SecretStr, ValidationError

from actors.finishing.forms import finish
from actors.finishing.watermark import Watermark, marked_finishing, watermark
from actors.settings import WatermarkSettings
from imggen.watermark import NotRead, Pattern, found, told, watermark_of
from imggen.watermark.__main__ import main
from imggen.watermark.search import FALSE_ALARM, chance_of, threshold
from server.domain.models import Size
from server.domain.states import AssetKind, ImageType

DISPLAY = Size(1024, 1024)
ORIENTATION = 0x0112
MARK = Watermark(operator=7)


@cache
def drawing(width: int = 640, height: int = 640) -> Image.Image:
    """Returns a child's drawing: flat areas, black outlines, white paper."""
    picture = Image.new("RGB", (width * 2, height * 2), "white")
    draw, chance = ImageDraw.Draw(picture), Random(5)
    draw.rectangle((0, height, width * 2, height * 2), fill=(120, 190, 90))
    for _ in range(6):
        x, y = chance.randrange(width * 2), chance.randrange(height * 2)
        side = chance.randint(150, 500)
        colour = (chance.randint(0, 255), chance.randint(0, 255), chance.randint(0, 255))
        draw.ellipse((x - side, y - side, x + side, y + side), colour, "black", 14)
    return picture.resize((width, height), Image.Resampling.LANCZOS)


def psnr(one: Image.Image, other: Image.Image) -> float:
    apart = np.asarray(one, float) - np.asarray(other, float)
    return float(20 * np.log10(255 / np.sqrt(np.mean(apart**2))))


def saved(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("size", [(1024, 1024), (1824, 1024), (512, 512), (256, 256)])
def test_a_flat_drawing_has_the_mark_at_40_db_or_more(size: tuple[int, int]) -> None:
    plain = drawing(*size)
    marked = MARK.marked(plain)
    assert psnr(plain, marked) >= 45
    mark = found(marked)
    assert mark is not None
    assert (mark.version, mark.operator) == (1, 7)
    assert mark.chance < FALSE_ALARM
    assert mark.scale == pytest.approx(1, abs=0.01)


def test_the_liveliest_picture_stays_at_40_db_or_more() -> None:
    noise = np.random.default_rng(1).normal(128, 40, (1024, 1024, 3)).clip(0, 255)
    plain = Image.fromarray(noise.astype(np.uint8))
    marked = MARK.marked(plain)
    assert psnr(plain, marked) >= 40
    assert found(marked) is not None


def test_flat_parts_are_marked_less_than_lively_ones_and_beside_an_outline_too() -> None:
    pixels = np.full((1024, 1024, 3), 128, np.uint8)
    pixels[:, 512:] = np.random.default_rng(2).integers(64, 192, (1024, 512, 1), np.uint8)
    plain = Image.fromarray(pixels)
    apart = np.abs(np.asarray(MARK.marked(plain), int) - pixels).mean(axis=(0, 2))
    assert apart[520:].mean() > 2 * apart[:505].mean()
    assert apart[496:506].mean() < 1.2 * apart[:496].mean()


def test_all_colours_change_alike() -> None:
    plain = Image.new("RGB", (512, 512), (90, 120, 150))
    apart = np.asarray(MARK.marked(plain), int) - np.asarray(plain, int)
    assert apart.any()
    assert (apart == apart[..., :1]).all()


def test_only_what_is_opaque_is_marked() -> None:
    plain = drawing().convert("RGBA")
    alpha = Image.new("L", plain.size, 255)
    ImageDraw.Draw(alpha).rectangle((0, 0, 150, 639), 0)
    ImageDraw.Draw(alpha).rectangle((151, 0, 180, 639), 128)
    plain.putalpha(alpha)
    marked = MARK.marked(plain)
    assert marked.mode == "RGBA"
    before, after = np.asarray(plain), np.asarray(marked)
    assert (before[:, :181] == after[:, :181]).all()
    assert (before[..., 3] == after[..., 3]).all()
    assert found(marked) is not None


def test_the_same_picture_gives_the_same_pixels() -> None:
    plain = drawing()
    assert MARK.marked(plain).tobytes() == Watermark(operator=7).marked(plain).tobytes()


def deeper(picture: Image.Image) -> Image.Image:
    return Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257)


def small_crop(picture: Image.Image) -> Image.Image:
    kept = picture.crop((64, 64, 640, 640))
    return kept.resize((400, 400), Image.Resampling.LANCZOS)


@pytest.mark.parametrize(
    "recoded",
    [
        lambda picture: Image.open(BytesIO(saved(picture, "JPEG", quality=75))),
        small_crop,
        ImageOps.mirror,
        lambda picture: picture.convert("L"),
        deeper,
        lambda picture: picture.quantize(64),
    ],
)
def test_the_mark_outlives_what_happens_to_pictures(
    recoded: Callable[[Image.Image], Image.Image],
) -> None:
    mark = found(recoded(MARK.marked(drawing())))
    assert mark is not None
    assert mark.operator == 7


def test_a_file_that_is_turned_by_its_metadata_is_looked_at_upright() -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    turned = MARK.marked(drawing()).transpose(Image.Transpose.ROTATE_90)
    assert found(turned) is None
    assert watermark_of(saved(turned, "JPEG", quality=90, exif=exif)) is not None


@pytest.mark.parametrize("colour", ["white", "black", "teal"])
def test_a_picture_of_one_colour_has_no_mark(colour: str) -> None:
    assert found(Image.new("RGB", (400, 300), colour)) is None


def test_pictures_without_the_mark_have_none() -> None:
    assert found(drawing()) is None
    stripes = np.zeros((512, 512), np.uint8)
    stripes[::4] = 255
    stripes[:, ::8] = 128
    assert found(Image.fromarray(stripes)) is None
    assert found(Image.new("RGB", (20, 2000))) is None


def test_the_mark_of_a_key_is_found_by_that_key_alone() -> None:
    secret = "a key that only the operator knows"
    marked = Watermark(Pattern(secret), 3).marked(drawing())
    assert found(marked) is None
    mark = found(marked, secret)
    assert mark is not None
    assert mark.operator == 3
    assert found(MARK.marked(drawing()), secret) is None


def test_scores_without_a_mark_stay_within_the_bound() -> None:
    """Random keys on one picture: as often above a score as Chernoff's bound allows, at most."""
    from imggen.watermark.search import Search
    from imggen.watermark.spectrum import Spectrum

    spectrum = Spectrum.of(drawing())
    scores = []
    for number in range(30):
        tile = Search(spectrum, Pattern(f"key {number}"))
        scores.append(tile.best(1, np.array([1.0]), 96).score)
    for score in (3.5, 4.0, 4.5, 5.0):
        bound = min(1.0, 96**2 * math.exp(-(score**2) / 2))
        expected = bound * len(scores)
        assert sum(each > score for each in scores) <= expected + 4 * math.sqrt(expected)


def test_the_threshold_is_where_chance_is_small_enough() -> None:
    assert chance_of(threshold()) == pytest.approx(FALSE_ALARM)
    assert chance_of(-5.0) == 1


def test_finishing_marks_the_display_and_print_forms_and_no_others() -> None:
    original = saved(drawing(256, 256))
    marked = marked_finishing(WatermarkSettings(watermark_operator=9))
    assets = {each.kind: each.data for each in marked(original, ImageType.PORTRAIT, DISPLAY).assets}
    for kind in (AssetKind.DISPLAY, AssetKind.PRINT):
        mark = watermark_of(assets[kind])
        assert mark is not None
        assert mark.operator == 9
    plain = {each.kind: each.data for each in finish(original, ImageType.PORTRAIT, DISPLAY).assets}
    for kind in (AssetKind.ORIGINAL, AssetKind.THUMBNAIL):
        assert assets[kind] == plain[kind]


def test_an_operator_alone_switches_it_off(monkeypatch: pytest.MonkeyPatch) -> None:
    assert watermark(WatermarkSettings()) == Watermark()
    monkeypatch.setenv("IMGGEN_WATERMARK", "off")
    assert watermark(WatermarkSettings()) is None
    original = saved(drawing(256, 256))
    plain = marked_finishing(WatermarkSettings())(original, ImageType.PORTRAIT, DISPLAY)
    assert plain == finish(original, ImageType.PORTRAIT, DISPLAY)


def test_settings_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValidationError, match="off, but"):
        WatermarkSettings(watermark="off", watermark_operator=3)
    with pytest.raises(ValidationError, match="has 5 characters; use 16"):
        WatermarkSettings(watermark_key=SecretStr("short"))
    assert WatermarkSettings(watermark_key=SecretStr(" ")).watermark_key is None
    secret = SecretStr("a key that only the operator knows")
    made = watermark(WatermarkSettings(watermark_key=secret))
    assert made is not None
    assert made.pattern.key == secret.get_secret_value()


def test_the_command_says_what_it_finds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain, marked, broken = tmp_path / "plain.png", tmp_path / "marked.png", tmp_path / "x.png"
    plain.write_bytes(saved(drawing(512, 512)))
    marked.write_bytes(saved(MARK.marked(drawing(512, 512))))
    broken.write_bytes(b"no picture")
    assert main([str(marked)]) == 0
    assert "imggen watermark, version 1; operator: 7; score" in capsys.readouterr().out
    assert main([str(plain)]) == 1
    assert told(None) in capsys.readouterr().out
    assert main([str(broken)]) == 2
    assert "is no picture" in capsys.readouterr().err
    with pytest.raises(NotRead):
        watermark_of(plain.read_bytes()[:200])


def test_the_client_imports_it_only_where_it_is_asked_for() -> None:
    import subprocess

    code = "import imggen, sys; sys.exit('numpy' in sys.modules or 'PIL' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
