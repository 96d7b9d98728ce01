"""Content credentials: what it takes to sign each form of a picture, with a key in this process.

`python -m benchmarks.signing` prints the CPU of one signature by form, and the bytes that it adds.
"""

import argparse
import os
import time
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from statistics import median
from uuid import UUID

from PIL import Image

from actors.credentials.base import Made
from actors.testing.signing import ScriptedKey
from server.domain.ids import ImageId

ROOT = Path(__file__).parents[1]
_FORMS = {
    "original": (1024, "PNG", {}),
    "display": (1024, "JPEG", {"quality": 95}),
    "print": (2048, "JPEG", {"quality": 95, "subsampling": 0}),
    "thumbnail": (256, "JPEG", {"quality": 85}),
}


def main() -> None:
    """Signs each form a number of times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=20, help="signatures of each (default: 20)")
    times: int = parser.parse_args().times
    signer, made = ScriptedKey().signer(), Made(ImageId(UUID(int=1)), "bench", datetime.now(UTC))
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; medians of {times}")
    for form, (side, kind, options) in _FORMS.items():
        file = _file(side, kind, options)
        taken = []
        for _ in range(times):
            start = time.process_time()
            signed = signer.sign(file, f"image/{kind.lower()}", made)
            taken.append((time.process_time() - start) * 1000)
        more = len(signed) - len(file)
        print(f"{form:<10} {median(taken):6.1f} ms of CPU, {len(file):>9,} bytes + {more:,}")


def _file(side: int, kind: str, options: dict[str, int]) -> bytes:
    with Image.open(ROOT / "docs" / "demo.jpg") as drawn:
        square = drawn.convert("RGB").resize((side, side))
    buffer = BytesIO()
    square.save(buffer, kind, **options)
    return buffer.getvalue()


if __name__ == "__main__":
    main()
