"""What the marks of a picture's origin cost, by form: the watermark, and signed credentials."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from io import BytesIO
from pathlib import Path
from uuid import UUID

from PIL import Image

from actors.credentials.base import Made
from actors.finishing.watermark import Watermark
from actors.testing.signing import ScriptedKey
from benchmarks.environment import BenchEnvironment
from benchmarks.report import Figure, Target
from server.domain.ids import ImageId

ROOT = Path(__file__).parents[1]
SIGNATURE = Target(50.0)
_FORMS = {
    "original": (1024, "PNG", {}),
    "display": (1024, "JPEG", {"quality": 95}),
    "print": (2048, "JPEG", {"quality": 95, "subsampling": 0}),
    "thumbnail": (256, "JPEG", {"quality": 85}),
}
_WATERMARKED = ("display", "print")


def measure(bench: BenchEnvironment) -> Iterator[Figure]:
    """Marks and signs each form of a picture with a key in this process."""
    times = bench.sized(20, 2)
    signer, made = ScriptedKey().signer(), Made(ImageId(UUID(int=1)), "bench", datetime.now(UTC))
    watermark = Watermark()
    for form, (side, kind, options) in _FORMS.items():
        picture = _picture(side)
        if form in _WATERMARKED:
            took = _cpu_ms(partial(watermark.marked, picture), times)
            yield Figure.median(f"watermark, {form}, CPU", took, "ms")
        file = _file(picture, kind, options)
        mime = f"image/{kind.lower()}"
        more = len(signer.sign(file, mime, made)) - len(file)
        took = _cpu_ms(partial(signer.sign, file, mime, made), times)
        note = f"{len(file):,} bytes + {more:,}"
        yield Figure.median(f"signature, {form}, CPU", took, "ms", SIGNATURE, note)


def _cpu_ms(work: Callable[[], object], times: int) -> list[float]:
    taken = []
    for _ in range(times):
        began = time.process_time()
        work()
        taken.append((time.process_time() - began) * 1e3)
    return taken


def _picture(side: int) -> Image.Image:
    with Image.open(ROOT / "docs" / "demo.jpg") as drawn:
        return drawn.convert("RGB").resize((side, side))


def _file(picture: Image.Image, kind: str, options: dict[str, int]) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()
