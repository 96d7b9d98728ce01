"""The settings of services that are paid: who reads pages, and who draws."""

from decimal import Decimal
from ipaddress import ip_address
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings

from actors.settings.values import CONFIG, key, url


class ExtractorSettings(BaseSettings):
    """The extractor that turns a page's text into a scene."""

    model_config = CONFIG

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

    _one_line = field_validator("chat_api_key")(key)
    _plain_url = field_validator("chat_base_url")(url)

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

    model_config = CONFIG

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

    _one_line = field_validator("openai_api_key")(key)
    _plain_url = field_validator("openai_base_url")(url)


def _on_this_machine(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
