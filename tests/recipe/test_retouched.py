"""What post-processing finds in good drawings, and the sheet of its steps."""

from pathlib import Path

import numpy as np
import pytest

from recipe.retouched import main, sheet


def test_good_drawings_have_no_signature(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--pictures", "6", "--rendered", "0"]) == 0
    assert capsys.readouterr().out.startswith("drawings: 6; a signature found in 0, colours ")


def test_the_sheet_shows_a_picture_before_and_after_each_step(tmp_path: Path) -> None:
    page = sheet()
    assert page.size == (4 * 320 + 3 * 8, 2 * 320 + 8)
    pixels = np.asarray(page)
    signed, clean = pixels[8:28, 656:720], pixels[336:356, 656:720]
    assert signed.min() < 90 < clean.min()
    assert pixels[334, 990].tolist() == [196, 60, 60]
    page.save(tmp_path / "sheet.jpg", quality=85)
    assert (tmp_path / "sheet.jpg").stat().st_size < 150_000
