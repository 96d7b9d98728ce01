"""Where the database is: the settings that gateways and workers read alike."""

from dataclasses import dataclass
from typing import Literal, Self, TypeAlias

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from server.causes import CannotStart
from server.database_urls import check_url

URL = "IMGGEN_DATABASE_URL"
DIRECT_URL = "IMGGEN_DATABASE_DIRECT_URL"
Pooler: TypeAlias = Literal["auto", "session", "transaction"]


class UnfitPooler(CannotStart):
    """A pooler that imggen cannot work behind as it is set; the message says what to set."""

    def __init__(self, message: str) -> None:
        super().__init__(message, lasting=True)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a database is: its URL, which may lead to a pooler, and one that does not."""

    url: str
    pooler: Pooler = "auto"
    direct_url: str = ""

    @classmethod
    def of(cls, where: str | Self) -> Self:
        """Returns an address as it is, and that of a bare URL."""
        return cls(where) if isinstance(where, str) else where

    @property
    def session_url(self) -> str:
        """The URL that is used where a session has to last."""
        return self.direct_url or self.url

    @property
    def session_setting(self) -> str:
        """The setting that this URL is from."""
        return DIRECT_URL if self.direct_url else URL


class DatabaseSettings(BaseSettings):
    """Where the database is, and what is between it and a process."""

    model_config = SettingsConfigDict(
        env_prefix="IMGGEN_",
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
        allow_inf_nan=False,
    )

    database_url: str = Field(
        "postgresql://127.0.0.1:5432/imggen",
        description="The Postgres database, as psql takes it. What asyncpg has nothing for, like "
        "`channel_binding`, has no effect, and the log says so at the start; so it does with the "
        "`PG*` variables that say what the URL does not.",
    )
    database_pooler: Pooler = Field(
        "auto",
        description="What IMGGEN_DATABASE_URL leads to: `session` or `transaction` is a pooler, "
        "such as PgBouncer, in that mode; `auto` finds out whether there is one, and takes it for "
        "one in `transaction` mode, which works with both.",
    )
    database_direct_url: str = Field(
        "",
        description="The same database without the pooler, for `migrate` and for one connection of "
        "each process, which listens. Required behind a pooler in transaction mode.",
    )

    clock_skew_s: float = Field(
        5.0,
        gt=0,
        description="How far the clock of this machine may be from the database's before the log "
        "warns of it. What callers get has the database's time in any case.",
    )

    _usable_url = field_validator("database_url")(check_url)

    @field_validator("database_direct_url")
    @classmethod
    def _usable_direct_url(cls, value: str) -> str:
        return value and check_url(value)

    @property
    def database(self) -> Address:
        """The addresses of the database."""
        return Address(self.database_url, self.database_pooler, self.database_direct_url)
