"""The pieces of the engine's benchmark, with a tiny model."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from actors.engine.diffuser import Diffuser
from benchmarks.engines.arrivals import latencies
from benchmarks.engines.in_flight import steps_waited, throughput
from benchmarks.engines.overhead import round_of
from benchmarks.engines.systems import Engine, Turns, drawn, request
from tests.unit.tiny_sdxl import tiny_sdxl

# SDXL's own schedulers, in diffusers 0.42 with numpy 2.4.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
SIDE = 64


@pytest.fixture(scope="module")
def pipeline() -> Any:
    torch.set_num_threads(1)
    tiny = tiny_sdxl()
    tiny.set_progress_bar_config(disable=True)
    return tiny


@pytest.fixture(scope="module")
def diffuser(pipeline: Any) -> Iterator[Diffuser]:
    diffuser = Diffuser(pipeline, model="storybook", max_rows=16)
    yield diffuser
    diffuser.close()


def test_the_systems_draw_the_same_pictures(pipeline: Any, diffuser: Diffuser) -> None:
    ours, theirs = Engine(diffuser, SIDE).draw(2, 7), Turns(pipeline, SIDE).draw(2, 7)
    batched = drawn(pipeline, [request(2, 5, SIDE), request(2, 7, SIDE)])[1]
    for png in (theirs, batched):
        assert np.abs(_pixels(ours) - _pixels(png)).max() <= 2


def _pixels(png: bytes) -> Any:
    return np.asarray(Image.open(BytesIO(png)), dtype=np.int16)


def test_steps_that_an_eighth_picture_waits_for_are_counted(diffuser: Diffuser) -> None:
    assert 0 <= steps_waited(diffuser, 12, SIDE) < 12


def test_the_forwards_of_the_loop_are_repeated(pipeline: Any) -> None:
    found = round_of(pipeline, 3, 2, SIDE)
    # As many as there are steps, and more where the first one began before the others came.
    assert 2 <= found["forwards"] < 6
    assert found["engine_s"] > 0
    assert found["bare_s"] > 0


def test_each_arrival_has_a_time(diffuser: Diffuser) -> None:
    assert all(took > 0 for took in latencies(Engine(diffuser, SIDE), 2, 100.0, 4))


def test_throughput_is_that_of_all_pictures(diffuser: Diffuser) -> None:
    found = throughput(Engine(diffuser, SIDE), 1, 8)
    assert found["alone"] > 0
    assert found["together"] > 0
