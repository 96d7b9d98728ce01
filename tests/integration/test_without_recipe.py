"""Pictures are generated and judged without the recipe, as in a deployment."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from actors.storybook import CHECKPOINT

ROOT = Path(__file__).parents[2]
_SOURCES = ("actors", "server")
_LEFT_OUT = ("checkpoint", "__pycache__")
_SCRIPT = """
import importlib.util, sys
from pathlib import Path
import numpy as np
from PIL import Image
import actors
assert Path(actors.__file__).is_relative_to(sys.argv[1]), actors.__file__
assert importlib.util.find_spec("recipe") is None
from actors.engine.diffuser import Diffuser
from actors.engine.render import RenderRequest
from actors.settings import DiffuserSettings
from actors.judging.judge import Judge
import io
diffuser = Diffuser.load(
    DiffuserSettings(model_path=sys.argv[2], device="cpu", torch_threads=1)
)
made = diffuser.render(
    RenderRequest(
        prompt="cartoon style, portrait of a young girl with red hair, in a forest",
        negative_prompt="", width=256, height=256, steps=4, guidance_scale=3.0,
        guidance_rescale=0.6, seed=1,
    )
)
picture = np.asarray(Image.open(io.BytesIO(made.png)).convert("RGB"))
assert picture.shape == (256, 256, 3) and picture.std() > 10, (picture.shape, picture.std())
judge = Judge.new((8, 16), (8, 16), 8, {"species": ("human", "fox")})
assert judge.main_character(picture).attributes["species"] in {"human", "fox"}
"""


@pytest.mark.timeout(600)
def test_the_shipped_checkpoint_draws_without_the_recipe(tmp_path: Path) -> None:
    for source in _SOURCES:
        shutil.copytree(ROOT / source, tmp_path / source, ignore=shutil.ignore_patterns(*_LEFT_OUT))
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT / 'client'}"}
    subprocess.run(
        [sys.executable, "-c", _SCRIPT, str(tmp_path), str(CHECKPOINT)],
        cwd=tmp_path,
        env=environment,
        check=True,
        timeout=540,
    )
