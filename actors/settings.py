"""The settings of the data plane's processes, read from `IMGGEN_*` once each."""

from collections.abc import Mapping
from decimal import Decimal
from ipaddress import ip_address
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from actors.storybook import CHECKPOINT, UPSCALER
from server.domain.states import Lane
from server.routing.settings import RoutingSettings
from server.safety.settings import SafetySettings

_SOURCES = {
    "storybook": str(CHECKPOINT),
    "sdxl": "stabilityai/stable-diffusion-xl-base-1.0",
}
_ADAPTERS = {
    "storybook": ("ip_adapter/ip_adapter.safetensors", ""),
    "sdxl": ("sdxl_models/ip-adapter-plus_sdxl_vit-h.safetensors", "models/image_encoder"),
}
"""The files of an adapter by model: its weights, and its encoder unless it is the checkpoint's."""
_READ_AT_ONCE = 4
_CONFIG = SettingsConfigDict(
    env_prefix="IMGGEN_",
    frozen=True,
    extra="ignore",
    hide_input_in_errors=True,
    allow_inf_nan=False,
)


def _key(value: SecretStr | None) -> SecretStr | None:
    key = value.get_secret_value().strip() if value else ""
    if not key:
        return None
    # Another character would be refused with the whole header in the error's text.
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ValueError("not a key; use the account's key, without spaces or line ends")
    return SecretStr(key)


def _url(value: str, info: ValidationInfo) -> str:
    url = urlsplit(value)
    if url.scheme not in ("http", "https") or not url.hostname or url.port == 0:
        raise ValueError("must start with https:// or http://, and name a host")
    # The URL is logged; the key has a setting of its own.
    if url.username or url.password or url.query or url.fragment:
        key = f"IMGGEN_{info.field_name}".upper().replace("BASE_URL", "API_KEY")
        raise ValueError(f"must have no user, password or query; see {key}")
    return value


class DiffuserSettings(BaseSettings):
    """A diffuser's model, and where it runs."""

    model_config = _CONFIG

    model: Literal["storybook", "sdxl"] = Field(
        "storybook", description="The model, by its name in the catalogue."
    )
    model_path: str = Field(
        "",
        description="A folder in diffusers' layout, one file of safetensors, or a repository of "
        "the hub; empty for the shipped checkpoint (`storybook`) or "
        "stabilityai/stable-diffusion-xl-base-1.0 (`sdxl`).",
    )
    single_file_configs: str = Field(
        _SOURCES["sdxl"],
        description="Where a model in one file has its configurations and tokenizers: a folder in "
        "diffusers' layout, whose weights are not read, or a repository of the hub.",
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="Where the model runs; `auto` takes a GPU where there is one."
    )
    dtype: Literal["auto", "float32", "float16", "bfloat16"] = Field(
        "auto", description="What it computes in; `auto` is float16 on a GPU, float32 on a CPU."
    )
    torch_threads: int = Field(
        0, ge=0, description="The CPU threads of torch; 0 leaves the choice to torch."
    )

    upscaler: str = Field(
        "auto",
        description="A safetensors file of an upscaler that spandrel loads, which enlarges the "
        "pictures of `IMGGEN_MODEL` by more than a quarter before they are finished; `auto`, or "
        "empty, is the shipped one for `storybook` and none for others. Lanczos enlarges all "
        "other pictures, hosted models' too, and with `none` these.",
    )

    adapter: str = Field(
        "auto",
        description="The IP-Adapter that draws characters from their references: a folder or a "
        "repository of the hub, like `h94/IP-Adapter`; `auto`, or empty, is the checkpoint's "
        "own for `storybook` and none for others, `none` leaves characters to words.",
    )
    adapter_weights: str = Field(
        "",
        description="The safetensors file of the adapter in there; empty for "
        "`ip_adapter/ip_adapter.safetensors` (`storybook`) or "
        "`sdxl_models/ip-adapter-plus_sdxl_vit-h.safetensors` (`sdxl`).",
    )
    adapter_encoder: str = Field(
        "",
        description="The folder of the image encoder in there; empty for the checkpoint's own "
        "(`storybook`) or `models/image_encoder` (`sdxl`).",
    )

    @property
    def upscaler_file(self) -> Path | None:
        """The file of the upscaler's weights; None for no upscaler."""
        match self.upscaler:
            case "none":
                return None
            case "auto" | "":
                return UPSCALER if self.model == "storybook" else None
            case _:
                return Path(self.upscaler)

    @property
    def source(self) -> str:
        """The folder or the repository of the hub to load from."""
        return self.model_path or _SOURCES[self.model]

    @property
    def adapter_files(self) -> tuple[str, str]:
        """The adapter's weights and the folder of its encoder; empty for the checkpoint's own."""
        weights, encoder = _ADAPTERS[self.model]
        return self.adapter_weights or weights, self.adapter_encoder or encoder


class ExtractorSettings(BaseSettings):
    """The extractor that turns a page's text into a scene."""

    model_config = _CONFIG

    extractor: Literal["plain", "chat"] = Field(
        "plain",
        description="`plain` follows rules; `chat` asks a chat model with OpenAI's API and "
        "falls back to the rules when it fails or no budget covers it.",
    )
    chat_base_url: str = Field(
        "https://api.openai.com/v1", description="The URL of the chat model's API."
    )
    chat_api_key: SecretStr | None = Field(
        None, description="The key for that API; needed with `chat`."
    )
    chat_model: str = Field("gpt-5-mini", description="The name of the chat model.")
    chat_provider: str = Field(
        "openai",
        pattern=r"^[a-z][a-z0-9_-]*$",
        description="Whose budget pays for the chat model, `provider:NAME`, and the name that "
        "spend shows.",
    )
    chat_input_usd_per_million: Decimal | None = Field(
        None,
        ge=0,
        le=1_000_000,
        description="What a million tokens sent to the chat model cost; needed with `chat`, since "
        "an unknown price is never free. 0 for a server of your own; unset means 0 where the "
        "API is on this machine.",
    )
    chat_output_usd_per_million: Decimal | None = Field(
        None,
        ge=0,
        le=1_000_000,
        description="What a million tokens of its answers cost; the same applies.",
    )
    chat_max_output_tokens: int = Field(
        2000,
        ge=100,
        description="The most tokens of an answer, those of its reasoning included: with the "
        "page's length they bound what is held for a call.",
    )
    chat_timeout_s: float = Field(
        10.0, gt=0, description="How long the chat model may take for a page, in seconds."
    )

    _one_line = field_validator("chat_api_key")(_key)
    _plain_url = field_validator("chat_base_url")(_url)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.extractor == "chat" and self.chat_api_key is None:
            raise ValueError(
                "IMGGEN_CHAT_API_KEY: not set, and IMGGEN_EXTRACTOR=chat needs it; set the key, "
                "or IMGGEN_EXTRACTOR=plain"
            )
        unpriced = self._unpriced
        free = len(unpriced) == 2 and _on_this_machine(self.chat_base_url)
        if self.extractor == "chat" and unpriced and not free:
            raise ValueError(
                f"{', '.join(unpriced)}: not set, and an unknown price is never free; set what "
                f"{self.chat_model} costs, 0 for a server of your own, or IMGGEN_EXTRACTOR=plain"
            )
        return self

    @property
    def chat_prices(self) -> tuple[Decimal, Decimal]:
        """The prices of a token sent and of one answered, in micros: 0 where nobody is paid."""
        prices = self.chat_input_usd_per_million, self.chat_output_usd_per_million
        return prices[0] or Decimal(0), prices[1] or Decimal(0)

    @property
    def _unpriced(self) -> list[str]:
        prices = {
            "IMGGEN_CHAT_INPUT_USD_PER_MILLION": self.chat_input_usd_per_million,
            "IMGGEN_CHAT_OUTPUT_USD_PER_MILLION": self.chat_output_usd_per_million,
        }
        return [name for name, price in prices.items() if price is None]


class OpenAiSettings(BaseSettings):
    """An account at OpenAI, or at a service with the same images API."""

    model_config = _CONFIG

    openai_api_key: SecretStr | None = Field(
        None, description="The key of an account at OpenAI; unset means that it draws nothing."
    )
    openai_base_url: str = Field(
        "https://api.openai.com/v1",
        description="The URL of its API, or of another service with the same images API.",
    )
    openai_timeout_s: float = Field(
        300.0,
        gt=0,
        description="How long OpenAI may take for a picture, in seconds; after that it counts as "
        "billed and is drawn by the next offer.",
    )
    openai_connect_timeout_s: float = Field(
        5.0, gt=0, description="How long connecting to OpenAI may take, in seconds."
    )

    _one_line = field_validator("openai_api_key")(_key)
    _plain_url = field_validator("openai_base_url")(_url)


class RefusedLabel(BaseModel):
    """What a label of a classifier refuses a text or a picture as, and from which score on."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False
    )

    category: str = Field(pattern=r"^[a-z][a-z0-9/-]*$")
    threshold: float = Field(gt=0, le=1)


class ClassifierSettings(BaseSettings):
    """Which model, if any, says what a text is about before anything is drawn from it."""

    model_config = _CONFIG

    text_classifier: Literal["none", "openai", "local"] = Field(
        "none",
        description="What classifies the texts of a job, after the lists and before the first "
        "paid call: `openai` is OpenAI's moderation, or a service that speaks it, `local` a model "
        "in the worker; `none` for the lists alone.",
    )
    text_classifier_model: str = Field(
        "",
        description="With `local`: the model, a folder or a repository of the hub, with a "
        "sequence classifier in safetensors and its fast tokenizer.",
    )
    text_classifier_labels: dict[str, RefusedLabel] = Field(
        {},
        description="With `local`: the model's labels that refuse a text, each as a category and "
        'from a threshold on, as JSON: `{"toxic": {"category": "hate", "threshold": 0.5}}`.',
    )
    moderation_api_key: SecretStr | None = Field(
        None, description="The key of the moderation; needed with `openai`."
    )
    moderation_base_url: str = Field(
        "https://api.openai.com/v1",
        description="The URL of its API. All texts of a picture and their characters' names are "
        "sent there.",
    )
    moderation_model: str = Field("omni-moderation-latest", description="The model that is asked.")
    moderation_timeout_s: float = Field(
        10.0, gt=0, description="How long it may take for a text, in seconds."
    )

    _one_line = field_validator("moderation_api_key")(_key)
    _plain_url = field_validator("moderation_base_url")(_url)

    @model_validator(mode="after")
    def _has_a_key(self) -> Self:
        if self.text_classifier == "openai" and self.moderation_api_key is None:
            raise ValueError(
                "IMGGEN_MODERATION_API_KEY: not set, and IMGGEN_TEXT_CLASSIFIER=openai needs it; "
                "set the key, or IMGGEN_TEXT_CLASSIFIER=none"
            )
        return self

    @model_validator(mode="after")
    def _has_a_model(self) -> Self:
        needed = {
            "IMGGEN_TEXT_CLASSIFIER_MODEL": self.text_classifier_model,
            "IMGGEN_TEXT_CLASSIFIER_LABELS": self.text_classifier_labels,
        }
        if self.text_classifier == "local":
            _require("IMGGEN_TEXT_CLASSIFIER", needed)
        elif "text_classifier" not in self.model_fields_set:
            _refuse_unused("IMGGEN_TEXT_CLASSIFIER", needed)
        return self


class PictureSettings(SafetySettings):
    """The classifier of pictures, where `image_safety` is `local`; the diffuser loads it."""

    model_config = _CONFIG

    image_classifier: str = Field(
        "",
        description="The model that looks at pictures, one that transformers loads as an image "
        "classifier, in safetensors: a folder, or a repository of the hub; needed with `local`.",
    )
    image_classifier_labels: dict[str, RefusedLabel] = Field(
        default={},
        description="Its labels that are refused, as JSON, each with the category that is told "
        'and the least score, 0 to 1: `{"nsfw": {"category": "sexual", "threshold": 0.5}}`. '
        "A label that the model does not have stops the diffuser. Needed with `local`.",
    )

    @property
    def image_classifier_name(self) -> str:
        """The name that checked images show: the last part of a path."""
        path = Path(self.image_classifier)
        return path.name if path.is_absolute() else self.image_classifier

    @model_validator(mode="after")
    def _names_a_model(self) -> Self:
        needed = {
            "IMGGEN_IMAGE_CLASSIFIER": self.image_classifier,
            "IMGGEN_IMAGE_CLASSIFIER_LABELS": self.image_classifier_labels,
        }
        if self.image_safety == "local":
            _require("IMGGEN_IMAGE_SAFETY", needed)
        elif "image_safety" not in self.model_fields_set:
            _refuse_unused("IMGGEN_IMAGE_SAFETY", needed)
        return self


class WorkerSettings(RoutingSettings, SafetySettings):
    """How a worker claims and routes jobs; storage, extractor and providers have their own."""

    database_url: str = Field(
        "postgresql://127.0.0.1:5432/imggen", description="The Postgres database."
    )
    worker_name: str = Field(
        "", description="The worker's name in leases and logs; empty for host and process id."
    )
    worker_log_file: Path | None = Field(
        None, description="The file of the worker's log; unset means stderr, which Ray keeps."
    )
    lease_s: float = Field(30.0, gt=0, description="How long a claim holds without a heartbeat.")
    heartbeat_s: float = Field(
        10.0, gt=0, description="How often the leases of all running jobs are renewed."
    )
    poll_s: float = Field(
        2.0, gt=0, description="How often a worker looks for jobs whose signal was lost."
    )
    model_sleeps: bool = Field(
        False,
        description="Whether Serve may stop all diffusers while nothing waits, as with "
        "`min_replicas: 0`. A job then starts one, and estimates count how long that takes.",
    )
    drain_s: float = Field(
        20.0,
        gt=0,
        description="How long running jobs may still take once the worker is told to stop.",
    )
    unchecked_s: float = Field(
        3600.0,
        ge=0,
        description="How long a job waits for a classifier that is away before it fails with "
        "CHECK_UNAVAILABLE; no such job is drawn unchecked.",
    )
    no_offer_s: float = Field(
        120.0,
        ge=0,
        description="How long a job waits while no model may draw it, before it fails with "
        "NO_ELIGIBLE_OFFER, or while no budget covers it, before it fails with BUDGET_EXHAUSTED.",
    )
    moderated_tries_next_offer: bool = Field(
        False,
        description="Whether a job that a provider refused by its policy is taken to its next "
        "offer, within its caller's limits, rather than failing with CONTENT_POLICY. A picture "
        "that is refused after it was drawn is paid, and a job is paid for twice at most.",
    )
    slots: dict[str, int] = Field(
        default={"local": 2, "hosted": 8, "read": _READ_AT_ONCE},
        description="How many jobs run at once by lane, as JSON. Of two local ones, one renders "
        "while the next is prepared or finished. A lane without a model is not served. `read` is "
        "how many pages of plans are read at once: 4 where it is left out, 0 for none.",
    )

    @property
    def served_slots(self) -> dict[str, int]:
        """The slots of the lanes that the catalogue has a model in, and of that of plans."""
        lanes = {Lane.READ, *(row.lane for row in self.catalogue().models)}
        slots = {Lane.READ: _READ_AT_ONCE, **self.slots}
        return {lane: number for lane, number in slots.items() if lane in lanes}

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.heartbeat_s * 2 > self.lease_s:
            raise ValueError(
                f"IMGGEN_HEARTBEAT_S: {self.heartbeat_s:g} s lets a lease of {self.lease_s:g} s "
                "run out after one lost heartbeat; use half of IMGGEN_LEASE_S or less"
            )
        return self


def _require(setting: str, needed: Mapping[str, object]) -> None:
    """Raises ValueError for what a local classifier lacks."""
    if names := [name for name, value in needed.items() if not value]:
        raise ValueError(
            f"{', '.join(names)}: not set, and {setting}=local needs it; set it, or {setting}=none"
        )


def _refuse_unused(setting: str, needed: Mapping[str, object]) -> None:
    """Raises ValueError for a local classifier that nothing would ask: that passes unseen."""
    if names := [name for name, value in needed.items() if value]:
        raise ValueError(
            f"{', '.join(names)}: set, but {setting} is not, so that nothing is classified; set "
            f"{setting}=local, or {setting}=none to say so"
        )


def _on_this_machine(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


DATA_PLANE_SETTINGS: list[type[BaseSettings]] = [
    WorkerSettings,
    DiffuserSettings,
    ExtractorSettings,
    ClassifierSettings,
    PictureSettings,
    OpenAiSettings,
]
"""Every settings class of the data plane except the storage's; docs/settings.md lists them."""
