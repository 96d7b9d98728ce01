"""The gallery's command, as a separate process."""

import subprocess
import sys
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[2]


def test_the_command_draws_the_whole_domain_on_one_sheet(tmp_path: Path) -> None:
    out = tmp_path / "grid.png"
    command = [sys.executable, "-m", "recipe.gallery", "--out", str(out)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=120)
    with Image.open(out) as sheet:
        assert sheet.width % 256 == sheet.height % 256 == 0
        assert len(sheet.convert("RGB").getcolors(maxcolors=2**24) or ()) > 10_000
