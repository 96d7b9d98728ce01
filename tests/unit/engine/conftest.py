"""LoRA adapters of a tiny pipeline, and a diffuser that has them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from actors.engine.diffuser import Diffuser
from actors.engine.lora_cache import Loras
from tests.unit.tiny_lora import LAYOUTS, MANY_BYTES, save_lora
from tests.unit.tiny_sdxl import tiny_sdxl


@pytest.fixture(scope="module")
def pipeline() -> Any:
    torch.set_num_threads(1)
    tiny = tiny_sdxl()
    tiny.set_progress_bar_config(disable=True)
    return tiny


@pytest.fixture(scope="module")
def shared(pipeline: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns a folder with an adapter of each layout."""
    folder = tmp_path_factory.mktemp("loras")
    for seed, layout in enumerate(LAYOUTS):
        save_lora(folder / f"{layout}.safetensors", pipeline, layout, seed)
    return folder


@pytest.fixture
def loras(pipeline: Any, shared: Path) -> Loras:
    return Loras(pipeline, shared, MANY_BYTES)


@pytest.fixture
def diffuser(pipeline: Any, loras: Loras) -> Iterator[Diffuser]:
    diffuser = Diffuser(pipeline, model="sdxl", loras=loras, max_rows=16)
    yield diffuser
    diffuser.close()
