"""A diffuser as its settings load it."""

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from actors.engine.diffuser import Diffuser
from actors.engine.refusal import CheckpointRefused
from actors.engine.render import LoraWeight, StepEvent
from actors.settings import DiffuserSettings
from tests.unit.tiny_lora import OLD, REQUEST, save_lora
from tests.unit.tiny_sdxl import tiny_sdxl

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
WATCHED = replace(REQUEST, previews=True, loras=(LoraWeight("pen.safetensors", 0.5),))
DRAFTS = '[tiers.draft]\nloras = [{ name = "NAME", weight = 0.5 }]'
Settings = Callable[[str], DiffuserSettings]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Returns settings of a tiny model whose drafts have the named adapter."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("model")
    pipeline = tiny_sdxl()
    pipeline.save_pretrained(folder / "sdxl")
    (folder / "loras").mkdir()
    save_lora(folder / "loras" / "pen.safetensors", pipeline, OLD)
    save_file({"a.lora_A.weight": torch.zeros(1, 4)}, folder / "loras" / "flux.safetensors")

    def with_drafts_by(name: str) -> DiffuserSettings:
        profiles: Path = folder / name.partition(".")[0]
        profiles.mkdir(exist_ok=True)
        (profiles / "sdxl.toml").write_text(DRAFTS.replace("NAME", name))
        return DiffuserSettings(
            model="sdxl",
            model_path=str(folder / "sdxl"),
            adapter="none",
            device="cpu",
            torch_threads=1,
            loras=str(folder / "loras"),
            profiles=profiles,
            preview_interval_s=0.0,
        )

    return with_drafts_by


def test_adapters_of_a_tier_are_loaded_at_the_start_and_previews_have_the_set_pace(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "actors.engine.lora_cache")
    diffuser = Diffuser.load(settings("pen.safetensors"))
    assert caplog.messages.count("loras loaded") == 1
    events: list[StepEvent] = []
    diffuser.render(WATCHED, on_step=events.append)
    diffuser.close()
    assert caplog.messages.count("loras loaded") == 1
    assert [event.preview is not None for event in events] == [True] * WATCHED.steps


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("missing.safetensors", '"missing.safetensors" is missing in the folder of IMGGEN_LORAS'),
        ("flux.safetensors", "flux.safetensors is no adapter of this model: 0 of 1 keys match"),
    ],
)
def test_an_adapter_that_no_request_could_have_stops_the_start(
    settings: Settings, name: str, problem: str
) -> None:
    with pytest.raises(CheckpointRefused, match=problem):
        Diffuser.load(settings(name))
