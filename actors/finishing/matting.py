"""Backgrounds by a model: a network in ONNX says where the figure is, in place of OpenCV.

Of the kind of U2-Net (Qin et al., 2020) and IS-Net (Qin et al., 2022), whose weights are free for
commercial use: it takes one picture, (1, 3, H, W), and gives a mask, (1, 1, H, W).
"""

import hashlib
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from actors.finishing.background import Floats, cut_out, remove_background
from actors.finishing.post import Step
from actors.finishing.retouched import Pixels, Retouched
from actors.settings import BackgroundSettings
from server.causes import CannotStart

_log = logging.getLogger(__name__)
_SETTING = "IMGGEN_BACKGROUND_MODEL"
_SHORT = 12
"""The digits of a checksum by which a result tells it."""
_LARGE = 512
"""From this side on a network takes its pictures as IS-Net does, below it as U2-Net."""
_MEANS = np.array((0.485, 0.456, 0.406), np.float32)
_DEVIATIONS = np.array((0.229, 0.224, 0.225), np.float32)
"""ImageNet's, by which U2-Net was trained."""
_LEAST_SPREAD = 0.1
"""By how much a mask's values differ at least where there is a figure."""


@dataclass(frozen=True, slots=True)
class BackgroundModel:
    """A network that tells figures from their backgrounds; `size` is its width and height."""

    name: str
    sha256: str
    size: tuple[int, int]
    _session: Any

    @classmethod
    def load(cls, file: Path) -> Self:
        """Loads a network and runs it once; raises CannotStart, which names the file."""
        if not file.is_file():
            raise _refused(file, "is no file; name an ONNX file of U2-Net or IS-Net")
        session = _session_of(file)
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        found = cls(file.name, digest, _size_of(session, file), session)
        grey = np.full((64, 64, 3), 128, np.uint8)
        try:
            mask = found._run(grey)
        except Exception as error:  # its errors have no base of their own in onnxruntime 1.32
            raise _refused(file, f"cannot be run ({_told(error)})") from error
        if mask is None:
            raise _refused(file, f"gives no mask of {found.size[0]}x{found.size[1]} finite numbers")
        return found

    def remove_background(self, pixels: Pixels) -> Retouched:
        """Returns a picture (H, W, 3) as RGBA, whose ground is transparent.

        One in which the network finds no figure, or of which it fails, is left to OpenCV; the
        result says which it was.
        """
        try:
            mask = self._run(pixels)
        except Exception as error:  # its errors have no base of their own in onnxruntime 1.32
            fields = {"model": self.name, "error": _told(error)}
            _log.warning("background model failed", extra=fields)
            mask = None
        cut = None if mask is None else cut_out(pixels, mask)
        if cut is None:
            return remove_background(pixels)
        return Retouched(cut, f"by the model {self.name}, sha256 {self.sha256[:_SHORT]}")

    def _run(self, pixels: Pixels) -> Floats | None:
        """Returns where the figure is, (H, W), 0 to 1; None for what is no such mask."""
        given = self._session.get_inputs()[0].name
        found = np.asarray(self._session.run(None, {given: normalised(pixels, self.size)})[0])
        width, height = self.size
        if found.size != width * height or not np.isfinite(found).all():
            return None
        mask = found.reshape(height, width).astype(np.float32)
        least, most = float(mask.min()), float(mask.max())
        if most - least < _LEAST_SPREAD:
            mask = np.zeros_like(mask)
        else:
            mask = (mask - least) / (most - least)
        shape = (pixels.shape[1], pixels.shape[0])
        large = cv2.resize(mask, shape, interpolation=cv2.INTER_LINEAR)
        return np.clip(np.asarray(large, np.float32), 0, 1)


def background_removal(settings: BackgroundSettings) -> Step:
    """Returns what removes backgrounds, OpenCV or the model that is set up; raises CannotStart."""
    if settings.background_model is None:
        return remove_background
    model = BackgroundModel.load(settings.background_model)
    _log.info("background model loaded", extra={"model": model.name, "sha256": model.sha256})
    return model.remove_background


def normalised(pixels: Pixels, size: tuple[int, int]) -> NDArray[np.float32]:
    """Returns a picture as a network of that width and height was trained to take it.

    (1, 3, H, W): of IS-Net from -0.5 to 0.5, of U2-Net by ImageNet's mean and deviation, after its
    brightest value was made 1.
    """
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    if min(size) >= _LARGE:
        values = np.asarray(small / 255 - 0.5, np.float32)
    else:
        brightest = max(float(small.max()), 1.0)
        values = np.asarray((small / brightest - _MEANS) / _DEVIATIONS, np.float32)
    return np.ascontiguousarray(values.transpose(2, 0, 1)[None])


def _session_of(file: Path) -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise _refused(file, "needs onnxruntime: install the extra `background`") from error
    options = onnxruntime.SessionOptions()
    threads = os.environ.get("OMP_NUM_THREADS", "")
    options.intra_op_num_threads = int(threads) if threads.isdecimal() else 0
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # as above
        raise _refused(file, f"is no ONNX file that can be loaded ({_told(error)})") from error


def _size_of(session: Any, file: Path) -> tuple[int, int]:
    """Returns the width and the height that a network takes."""
    inputs, outputs = session.get_inputs(), session.get_outputs()
    shape = inputs[0].shape if len(inputs) == 1 and outputs else []
    whole = [one for one in shape[1:] if isinstance(one, int) and one > 0]
    if len(shape) != 4 or len(whole) != 3 or whole[0] != 3 or inputs[0].type != "tensor(float)":
        told = ", ".join(f"{one.type} {one.shape}" for one in inputs)
        raise _refused(file, f"takes {told}; it must take one float picture, 1x3xHxW")
    return whole[2], whole[1]


def _told(error: Exception) -> str:
    """Returns what an error says, in one line."""
    return " ".join(str(error).split())[:200]


def _refused(file: Path, why: str) -> CannotStart:
    return CannotStart(f"{_SETTING}: {file} {why}", lasting=True)
