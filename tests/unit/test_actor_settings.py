"""The data plane's settings: their defaults, and the values that they refuse."""

from decimal import Decimal

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


@pytest.fixture
def chatting(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Returns an environment with a chat model whose price is not set."""
    monkeypatch.setenv("IMGGEN_EXTRACTOR", "chat")
    monkeypatch.setenv("IMGGEN_CHAT_API_KEY", "k")
    return monkeypatch


def test_a_chat_model_without_a_price_is_refused(chatting: pytest.MonkeyPatch) -> None:
    both = "IMGGEN_CHAT_INPUT_USD_PER_MILLION, IMGGEN_CHAT_OUTPUT_USD_PER_MILLION: not set"
    with pytest.raises(ValidationError, match=both):
        ExtractorSettings()
    chatting.setenv("IMGGEN_CHAT_INPUT_USD_PER_MILLION", "0.25")
    for url in ("https://api.openai.com/v1", "http://127.0.0.1:8080/v1"):
        chatting.setenv("IMGGEN_CHAT_BASE_URL", url)
        with pytest.raises(ValidationError, match="IMGGEN_CHAT_OUTPUT_USD_PER_MILLION: not set"):
            ExtractorSettings()
    chatting.setenv("IMGGEN_CHAT_OUTPUT_USD_PER_MILLION", "2")
    assert ExtractorSettings().chat_prices == (Decimal("0.25"), Decimal(2))


def test_a_chat_model_is_free_where_that_is_said(chatting: pytest.MonkeyPatch) -> None:
    chatting.setenv("IMGGEN_CHAT_INPUT_USD_PER_MILLION", "0")
    chatting.setenv("IMGGEN_CHAT_OUTPUT_USD_PER_MILLION", "0")
    assert ExtractorSettings().chat_prices == (Decimal(0), Decimal(0))


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "127.8.8.8", "localhost:11434", "[::1]:80"])
def test_a_chat_model_on_this_machine_is_free_unless_it_has_a_price(
    chatting: pytest.MonkeyPatch, host: str
) -> None:
    chatting.setenv("IMGGEN_CHAT_BASE_URL", f"http://{host}/v1")
    assert ExtractorSettings().chat_prices == (Decimal(0), Decimal(0))


@pytest.mark.parametrize("host", ["10.0.0.1", "localhost.example.com", "127.0.0.1.example.com"])
def test_a_chat_model_elsewhere_is_not(chatting: pytest.MonkeyPatch, host: str) -> None:
    chatting.setenv("IMGGEN_CHAT_BASE_URL", f"http://{host}/v1")
    with pytest.raises(ValidationError, match="an unknown price is never free"):
        ExtractorSettings()


@pytest.mark.parametrize("price", ["-1", "nan", "inf", "cheap"])
def test_a_price_is_an_amount(chatting: pytest.MonkeyPatch, price: str) -> None:
    chatting.setenv("IMGGEN_CHAT_INPUT_USD_PER_MILLION", price)
    chatting.setenv("IMGGEN_CHAT_OUTPUT_USD_PER_MILLION", "2")
    with pytest.raises(ValidationError, match="chat_input_usd_per_million"):
        ExtractorSettings()


def test_a_chat_models_key_and_url_are_checked(chatting: pytest.MonkeyPatch) -> None:
    chatting.setenv("IMGGEN_CHAT_BASE_URL", "https://user:secret@example.com/v1")
    with pytest.raises(ValidationError, match="see IMGGEN_CHAT_API_KEY"):
        ExtractorSettings()
    chatting.setenv("IMGGEN_CHAT_BASE_URL", "http://127.0.0.1/v1")
    chatting.setenv("IMGGEN_CHAT_API_KEY", "two\nlines")
    with pytest.raises(ValidationError, match="not a key"):
        ExtractorSettings()


DEFAULT_SLOTS = {"local": "measured", "hosted": 8, "read": 4, "upscale": 1}


def test_slots_are_read_by_lane(monkeypatch: pytest.MonkeyPatch) -> None:
    assert WorkerSettings().slots == DEFAULT_SLOTS
    assert WorkerSettings().served_slots == {"local": "measured", "read": 4, "upscale": 1}
    monkeypatch.setenv("IMGGEN_SLOTS", '{"local": 5}')
    assert WorkerSettings().slots == {"local": 5}


def test_only_local_slots_can_be_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMGGEN_SLOTS", '{"local": "measured", "hosted": 3}')
    assert WorkerSettings().slots == {"local": "measured", "hosted": 3}
    monkeypatch.setenv("IMGGEN_SLOTS", '{"hosted": "measured"}')
    with pytest.raises(ValidationError, match='IMGGEN_SLOTS: "hosted" is "measured"; use a number'):
        WorkerSettings()
    monkeypatch.setenv("IMGGEN_SLOTS", '{"local": "most"}')
    with pytest.raises(ValidationError, match="measured"):
        WorkerSettings()


def test_pages_of_plans_are_read_unless_that_is_turned_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMGGEN_SLOTS", '{"local": 5}')
    assert WorkerSettings().served_slots == {"local": 5, "read": 4, "upscale": 1}
    monkeypatch.setenv("IMGGEN_SLOTS", '{"local": 5, "read": 0, "upscale": 0}')
    assert WorkerSettings().served_slots == {"local": 5, "read": 0, "upscale": 0}


def test_a_lease_must_outlive_a_lost_heartbeat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMGGEN_HEARTBEAT_S", "20")
    with pytest.raises(ValidationError, match="use half of IMGGEN_LEASE_S or less"):
        WorkerSettings()


@pytest.mark.parametrize("model", ["storybook", "sdxl"])
def test_an_empty_upscaler_is_chosen_by_the_model(model: str) -> None:
    said = DiffuserSettings.model_validate({"model": model, "upscaler": ""})
    assert said.upscaler_file == DiffuserSettings.model_validate({"model": model}).upscaler_file
