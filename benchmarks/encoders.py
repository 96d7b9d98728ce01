"""The encoders of PNG and JPEG side by side, and what finishing takes, in seconds of CPU."""

import time
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from zlib import Z_RLE

import cv2
import numpy as np
from PIL import Image

from actors.finishing.files import BEST, file_of
from actors.finishing.forms import finish
from actors.finishing.upscaler import Upscaler
from actors.settings import DiffuserSettings
from benchmarks.environment import BenchEnvironment
from benchmarks.report import Figure, Target
from server.domain.models import Size
from server.domain.states import ImageType

FINISHING = Target(1000.0)
_DRAWING = Path(__file__).parents[1] / "docs" / "upscaled.jpg"
_SIDE, _DISPLAY, _PRINT = 256, 1024, 2048

Encode = Callable[[Image.Image], bytes]


def measure(bench: BenchEnvironment) -> Iterator[Figure]:
    """Encodes one drawing by each encoder that is installed, and finishes one of the checkpoint.

    imagecodecs and simplejpeg are measured where somebody has installed them.
    """
    rounds = bench.sized(5, 1)
    drawing = _drawing(_SIDE)
    large = drawing.resize((_PRINT, _PRINT), Image.Resampling.LANCZOS)
    for name, encode in _jpegs().items():
        yield _encoding(f"jpeg {BEST} 4:4:4, {name}", encode, large, rounds)
    clear = large.convert("RGBA")
    clear.paste("#ffffff00", (0, 0, _PRINT, _PRINT // 8))
    for name, encode in _pngs().items():
        yield _encoding(f"png, {name}", encode, clear, rounds)
    yield from _finishing(drawing, rounds)


def _drawing(side: int) -> Image.Image:
    with Image.open(_DRAWING) as sheet:
        half = sheet.convert("RGB").crop((sheet.width // 2, 0, sheet.width, sheet.height))
    return half.resize((side, side), Image.Resampling.LANCZOS)


def _encoding(name: str, encode: Encode, image: Image.Image, rounds: int) -> Figure:
    data = encode(image)
    samples = [_cpu_ms(lambda: encode(image)) for _ in range(rounds)]
    return Figure.median(name, samples, "ms", note=f"{len(data) / 1000:,.0f} kB")


def _cpu_ms(work: Callable[[], object]) -> float:
    """Returns the CPU time of all threads: what else runs on the machine changes it little."""
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1e3


def _finishing(drawing: Image.Image, rounds: int) -> Iterator[Figure]:
    original = _by_pillow(drawing, "PNG")
    upscaler = Upscaler.load(DiffuserSettings())
    enlarged = upscaler.enlarge(original).png if upscaler else None
    shown = drawing.resize((_DISPLAY, _DISPLAY), Image.Resampling.LANCZOS)
    printed = drawing.resize((_PRINT, _PRINT), Image.Resampling.LANCZOS)
    size, kind = Size(_DISPLAY, _DISPLAY), ImageType.PORTRAIT
    steps: dict[str, Callable[[], object]] = {
        "display's file": lambda: file_of(shown, ""),
        "print's file": lambda: file_of(printed, ""),
        "all forms": lambda: finish(original, kind, size, enlarged),
    }
    if upscaler:
        steps["upscaler"] = lambda: upscaler.enlarge(original)
    # The first round of each warms it.
    took = {name: [_cpu_ms(step) for _ in range(rounds + 1)][1:] for name, step in steps.items()}
    for name, samples in took.items():
        yield Figure.median(f"finishing, {name}", samples, "ms")
    enlarging = took.get("upscaler", [0.0] * rounds)
    whole = [sum(pair) for pair in zip(took["all forms"], enlarging, strict=True)]
    yield Figure.median("finishing, all of it", whole, "ms", FINISHING, "CPU time")


def _jpegs() -> dict[str, Encode]:
    found: dict[str, Encode] = {
        "Pillow": lambda image: _by_pillow(image, "JPEG", quality=BEST, subsampling=0),
        "Pillow, optimized": lambda image: _by_pillow(
            image, "JPEG", quality=BEST, subsampling=0, optimize=True
        ),
        "OpenCV": lambda image: _by_opencv(
            image,
            ".jpg",
            (cv2.IMWRITE_JPEG_QUALITY, BEST),
            (cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444),
        ),
    }
    if find_spec("imagecodecs"):
        codecs = import_module("imagecodecs")
        found["imagecodecs"] = lambda image: bytes(
            codecs.jpeg8_encode(np.asarray(image), level=BEST, subsampling="444")
        )
    if find_spec("simplejpeg"):
        simple = import_module("simplejpeg")
        found["simplejpeg"] = lambda image: bytes(
            simple.encode_jpeg(np.asarray(image), BEST, colorsubsampling="444", fastdct=False)
        )
    return found


def _pngs() -> dict[str, Encode]:
    level, strategy = cv2.IMWRITE_PNG_COMPRESSION, cv2.IMWRITE_PNG_STRATEGY
    runs = cv2.IMWRITE_PNG_STRATEGY_RLE
    found: dict[str, Encode] = {
        "Pillow, its default": lambda image: _by_pillow(image, "PNG"),
        "Pillow, level 1": lambda image: _by_pillow(image, "PNG", compress_level=1),
        "Pillow, runs": lambda image: _by_pillow(
            image, "PNG", compress_level=1, compress_type=Z_RLE
        ),
        "OpenCV, level 1": lambda image: _by_opencv(image, ".png", (level, 1)),
        "OpenCV, runs": lambda image: _by_opencv(image, ".png", (level, 1), (strategy, runs)),
    }
    if find_spec("imagecodecs"):
        codecs = import_module("imagecodecs")
        found["imagecodecs, level 1"] = lambda image: bytes(
            codecs.png_encode(np.asarray(image), level=1)
        )
    return found


def _by_pillow(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _by_opencv(image: Image.Image, ending: str, *options: tuple[int, int]) -> bytes:
    pixels = np.asarray(image)
    turned = cv2.cvtColor(
        pixels, cv2.COLOR_RGBA2BGRA if image.mode == "RGBA" else cv2.COLOR_RGB2BGR
    )
    _, data = cv2.imencode(ending, turned, [one for pair in options for one in pair])
    return data.tobytes()
