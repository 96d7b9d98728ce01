"""The gallery writes its sheet."""

import sys
from pathlib import Path

import cv2
import pytest

from recipe import gallery


def test_the_gallery_writes_every_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "grid.png"
    monkeypatch.setattr(sys, "argv", ["gallery", "--out", str(out)])
    gallery.main()
    written = cv2.imread(str(out))
    assert written is not None
    assert written.shape == (len(list(gallery.rows())) * 256, gallery.COLUMNS * 256, 3)
