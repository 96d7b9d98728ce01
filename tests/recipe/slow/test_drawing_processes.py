"""Drawing for the training in several processes gives the same as one process."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np

from recipe.training.drawings import draw_pictures, load_pictures
from recipe.training.loop import Log, Stretch
from recipe.training.settings import SMOKE


def test_two_processes_draw_what_one_draws(tmp_path: Path) -> None:
    recipe = replace(SMOKE, vae=replace(SMOKE.vae, pictures=130))
    drawn = []
    for processes in (1, 2):
        folder = tmp_path / str(processes)
        folder.mkdir()
        stretch = Stretch(folder, Log(folder / "log.jsonl"), math.inf, 0.0, 1)
        assert draw_pictures(recipe, stretch, processes)
        drawn.append(np.array(load_pictures(folder)))
    assert drawn[0][129].any()
    assert np.array_equal(drawn[0], drawn[1])
