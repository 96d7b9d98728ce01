"""Background removal by a model in ONNX: what it cuts out, what is said, and what is refused."""

import hashlib
import logging
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from actors.finishing.background import SMOOTH, remove_background
from actors.finishing.matting import BackgroundModel, background_removal, normalised
from actors.finishing.watermark import Watermark, marked_finishing
from actors.settings import BackgroundSettings, WatermarkSettings
from server.causes import CannotStart
from server.domain.finishing import NOTHING
from server.domain.models import Size
from server.domain.states import AssetKind, ImageType
from tests.onnx_files import brightness
from tests.unit.picture_files import saved
from tests.unit.test_background import figure, plain
from tests.unit.test_post_processing import opened

DARK = (8, 8, 10)


def written(folder: Path, data: bytes) -> Path:
    path = folder / "tiny.onnx"
    path.write_bytes(data)
    return path


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return written(tmp_path, brightness())


def test_what_the_network_says_is_cut_out_and_the_result_names_it(tiny: Path) -> None:
    drawn = figure(plain(DARK), (230, 60, 60), (235, 190, 160))
    found = BackgroundModel.load(tiny).remove_background(drawn)
    digest = hashlib.sha256(tiny.read_bytes()).hexdigest()[:12]
    assert found.said == f"by the model tiny.onnx, sha256 {digest}"
    alpha = found.pixels[..., 3]
    assert [alpha[y, x] for y, x in ((5, 5), (250, 10), (330, 196))] == [0] * 3
    assert alpha[430, 256] > 180
    # The pupils are as dark as the ground, which OpenCV leaves in the figure.
    assert alpha[145, 230] < 200


def test_a_picture_in_which_it_finds_nothing_is_left_to_opencv(tiny: Path) -> None:
    drawn = figure(plain((255, 255, 255)), (250, 250, 250), (245, 245, 245))
    drawn[..., 2] = 255  # so that the brightest channel is the same everywhere
    found = BackgroundModel.load(tiny).remove_background(drawn)
    assert found.said == remove_background(drawn).said == f"by {SMOOTH}"


class Broken:
    """A network that fails when it is run."""

    def get_inputs(self) -> list[object]:
        raise RuntimeError("out of\nmemory")


def test_a_picture_of_which_it_fails_is_left_to_opencv_and_costs_nothing(
    tiny: Path, caplog: pytest.LogCaptureFixture
) -> None:
    drawn = figure(plain((255, 255, 255)), (230, 60, 60), (235, 190, 160))
    broken = replace(BackgroundModel.load(tiny), _session=Broken())
    assert broken.remove_background(drawn).said == f"by {SMOOTH}"
    [record] = caplog.records
    assert (record.message, vars(record)["error"]) == ("background model failed", "out of memory")


def test_what_the_network_is_almost_sure_of_is_clear_or_opaque_and_marked(tiny: Path) -> None:
    # Networks are never quite sure: their masks are a haze on the ground, and pale in the figure.
    drawn = figure(plain(DARK), (230, 60, 60), (235, 190, 160))
    drawn[300:320, 10:100] = 16
    drawn[400:440, 200:300] = (60, 60, 246)
    cut = BackgroundModel.load(tiny).remove_background(drawn).pixels
    assert not cut[300:320, 10:100, 3].any()
    body = np.s_[402:438, 202:298]
    assert (cut[body][..., 3] == 255).all()
    marked = np.asarray(Watermark().marked(Image.fromarray(cut)))
    assert (marked[body] != cut[body]).any(), "a watermark is where a picture is opaque"


def test_finishing_by_the_settings_says_the_method(
    tiny: Path, caplog: pytest.LogCaptureFixture
) -> None:
    drawn = Image.fromarray(figure(plain(DARK), (230, 60, 60), (235, 190, 160)))
    wanted = replace(NOTHING, background_removal=True)
    said = {}
    for file in (None, tiny):
        with caplog.at_level(logging.INFO):
            cutting = background_removal(BackgroundSettings(background_model=file))
        finishing = marked_finishing(WatermarkSettings(), cutting)
        done = finishing(saved(drawn), ImageType.PORTRAIT, Size(512, 512), None, "", wanted)
        said[file] = done.steps[0].said
        picture = opened(done.asset(AssetKind.DISPLAY).data)
        assert np.asarray(picture)[5, 5, 3] == 0
    assert said[None] == f"by {SMOOTH}"
    assert said[tiny].startswith("by the model tiny.onnx, sha256 ")
    [told] = [one for one in caplog.records if one.message == "background model loaded"]
    assert told.__dict__["sha256"] == hashlib.sha256(tiny.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"no network", "is no ONNX file that can be loaded"),
        (brightness(channels=4), r"takes tensor\(float\) \[1, 4, 320, 320\]; it must take one"),
        (brightness("high", "wide"), "it must take one float picture, 1x3xHxW"),
        (brightness(pictures=2), r"cannot be run \("),
        (None, "is no file; name an ONNX file of U2-Net or IS-Net"),
    ],
)
def test_a_file_that_is_no_such_network_stops_the_start(
    tmp_path: Path, data: bytes | None, why: str
) -> None:
    path = tmp_path / "missing.onnx" if data is None else written(tmp_path, data)
    with pytest.raises(CannotStart, match=why) as refused:
        background_removal(BackgroundSettings(background_model=path))
    assert str(refused.value).startswith(f"IMGGEN_BACKGROUND_MODEL: {path} ")


def test_without_the_extra_the_start_stops(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(CannotStart, match="needs onnxruntime: install the extra `background`"):
        background_removal(BackgroundSettings(background_model=tiny))


def test_networks_take_pictures_as_they_were_trained() -> None:
    grey = np.full((9, 9, 3), 51, np.uint8)
    grey[0, 0] = 204
    large = normalised(grey, (1024, 1024))
    assert large.shape == (1, 3, 1024, 1024)
    assert np.allclose(large[0, :, 900, 900], 51 / 255 - 0.5)
    small = normalised(grey[1:], (320, 320))
    assert np.allclose(
        small[0, :, 9, 9], (1 - np.array((0.485, 0.456, 0.406))) / (0.229, 0.224, 0.225)
    )


def test_an_empty_setting_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMGGEN_BACKGROUND_MODEL", "")
    assert BackgroundSettings().background_model is None
