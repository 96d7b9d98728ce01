"""The data plane's settings: their defaults, and the values that they refuse."""

import pytest
from pydantic import ValidationError

from actors.settings import DiffuserSettings, ExtractorSettings, WorkerSettings
from actors.storybook import CHECKPOINT


def test_the_shipped_checkpoint_is_the_default() -> None:
    settings = DiffuserSettings()
    assert settings.model == "storybook"
    assert settings.source == str(CHECKPOINT)


def test_full_weights_come_from_the_hub_or_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMGGEN_MODEL", "sdxl")
    assert DiffuserSettings().source == "stabilityai/stable-diffusion-xl-base-1.0"
    monkeypatch.setenv("IMGGEN_MODEL_PATH", "/weights/sdxl")
    assert DiffuserSettings().source == "/weights/sdxl"


def test_an_adapter_of_the_hub_needs_nothing_but_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert DiffuserSettings().adapter_files == ("ip_adapter/ip_adapter.safetensors", "")
    monkeypatch.setenv("IMGGEN_MODEL", "sdxl")
    monkeypatch.setenv("IMGGEN_ADAPTER", "h94/IP-Adapter")
    assert DiffuserSettings().adapter_files == (
        "sdxl_models/ip-adapter-plus_sdxl_vit-h.safetensors",
        "models/image_encoder",
    )
    monkeypatch.setenv("IMGGEN_ADAPTER_WEIGHTS", "sdxl_models/ip-adapter_sdxl.safetensors")
    monkeypatch.setenv("IMGGEN_ADAPTER_ENCODER", "sdxl_models/image_encoder")
    assert DiffuserSettings().adapter_files == (
        "sdxl_models/ip-adapter_sdxl.safetensors",
        "sdxl_models/image_encoder",
    )


def test_a_model_that_is_not_known_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMGGEN_MODEL", "dall-e-3")
    with pytest.raises(ValidationError, match="'storybook' or 'sdxl'"):
        DiffuserSettings()


def test_a_chat_extractor_needs_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMGGEN_EXTRACTOR", "chat")
    with pytest.raises(ValidationError, match="IMGGEN_CHAT_API_KEY: not set"):
        ExtractorSettings()


def test_slots_are_read_by_lane(monkeypatch: pytest.MonkeyPatch) -> None:
    assert WorkerSettings().slots == {"local": 2, "hosted": 8}
    assert WorkerSettings().served_slots == {"local": 2}
    monkeypatch.setenv("IMGGEN_SLOTS", '{"local": 5}')
    assert WorkerSettings().slots == {"local": 5}


def test_a_lease_must_outlive_a_lost_heartbeat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMGGEN_HEARTBEAT_S", "20")
    with pytest.raises(ValidationError, match="use half of IMGGEN_LEASE_S or less"):
        WorkerSettings()


@pytest.mark.parametrize("model", ["storybook", "sdxl"])
def test_an_empty_upscaler_is_chosen_by_the_model(model: str) -> None:
    said = DiffuserSettings.model_validate({"model": model, "upscaler": ""})
    assert said.upscaler_file == DiffuserSettings.model_validate({"model": model}).upscaler_file
