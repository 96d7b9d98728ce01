"""The gateway's settings: read once, from environment variables that start with IMGGEN_."""

import ipaddress
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode

from imggen.rules.budgets import MOST_MICROS
from server.databases import DatabaseSettings
from server.hidden import without_secrets
from server.routing.settings import RoutingSettings
from server.safety.settings import SafetySettings
from server.traces import TraceSettings

DEVELOPMENT_SECRET = "imggen-development-secret-do-not-deploy"
_SHORTEST_SECRET = 32

Seconds = Annotated[float, Field(ge=0)]
Port = Annotated[int, Field(ge=0, le=65535)]
Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]


class GatewaySettings(DatabaseSettings, RoutingSettings, SafetySettings, TraceSettings):
    """The gateway's settings; docs/settings.md is made from them."""

    listen: str = Field(
        "127.0.0.1:50051", description="Where gRPC listens, `host:port`; port 0 takes a free one."
    )
    http_port: Port = Field(
        8080, description="The port of signed media URLs, on the same host; 0 takes a free one."
    )
    metrics_port: Port = Field(
        9090,
        description="The port of `/metrics`, `/livez` and `/readyz`, on the same host; "
        "0 takes a free one.",
    )
    processes: int = Field(
        1,
        ge=1,
        le=256,
        description="How many processes serve calls, on the same ports; `--processes` is the same. "
        "One takes about one core at most. Each has its own connections to the database. More than "
        "one need Linux.",
    )
    serve_unchecked_pictures: Literal["on_loopback", "anywhere"] = Field(
        "on_loopback",
        description="Where a gateway with IMGGEN_IMAGE_SAFETY=none may listen: `on_loopback` "
        "refuses any other address, `anywhere` is for pictures that somebody looks at before "
        "children do.",
    )
    start_wait_s: Seconds = Field(
        20.0,
        description="How long a start waits for a database that is away before it ends with "
        "status 1; a worker waits until it is there.",
    )
    database_pool_max: int = Field(
        10, ge=1, description="The most connections of one gateway process."
    )

    tls_cert_file: Path | None = Field(
        None, description="The certificate chain, PEM. With it and its key gRPC speaks TLS."
    )
    tls_key_file: Path | None = Field(
        None,
        description="The key of the certificate, PEM. Both are read again when they change.",
    )
    tls_client_ca_file: Path | None = Field(
        None,
        description="The authorities of client certificates, PEM. With it callers need one (mTLS).",
    )

    jwt_secret: SecretStr = Field(
        SecretStr(DEVELOPMENT_SECRET),
        description="The HS256 secret that signs tokens, 32 characters at least. The default is "
        "public, so the gateway takes it on a loopback address only. Refused with a key set.",
    )
    jwks_url: str = Field(
        "", description="The key set (JWKS) whose keys sign tokens; for production."
    )
    jwks_file: Path | None = Field(
        None, description="The same as a file; read again when a token names a new key."
    )
    jwks_cooldown_s: Seconds = Field(
        10.0, description="The least time between two reads of the key set, whatever tokens name."
    )
    jwt_algorithms: Annotated[tuple[Algorithm, ...], NoDecode] = Field(
        ("RS256", "ES256"),
        min_length=1,
        description="The signatures that are accepted with a key set, separated by commas.",
    )
    jwt_issuer: str = Field("imggen-dev", min_length=1, description="The `iss` of every token.")
    jwt_audience: str = Field("imggen", min_length=1, description="The `aud` of every token.")
    jwt_leeway_s: Seconds = Field(
        5.0, description="How far the issuer's clock may be off when `exp` is checked."
    )

    max_request_bytes: int = Field(
        4 * 1024 * 1024, ge=1024, description="The largest request message."
    )
    default_deadline_s: Seconds = Field(
        30.0, description="The deadline of a call with one answer whose caller set none."
    )
    keepalive_s: Seconds = Field(
        60.0, description="After how much silence the gateway pings a caller."
    )
    keepalive_timeout_s: Seconds = Field(
        20.0, description="How long it waits for the answer before it closes the connection."
    )
    keepalive_min_s: Seconds = Field(
        5.0,
        description="How close pings of a caller may be; who pings faster is sent away "
        "(`too_many_pings`). Clients in Go ping every 10 s at most.",
    )
    watch_silence_s: Annotated[float, Field(gt=0)] = Field(
        10.0,
        description="After how much silence a watch repeats its snapshot; keep it below what any "
        "proxy between callers and gateways allows (nginx 60 s, HAProxy often 30).",
    )
    max_metadata_bytes: int = Field(
        32 * 1024,
        ge=8 * 1024,
        le=1024 * 1024,
        description="The most metadata of a call, its token included: the bytes of all names "
        "and values, and 32 for each pair.",
    )
    max_connection_age_s: Seconds = Field(
        1800.0,
        description="After how long a caller is told to reconnect, so that load spreads over "
        "new gateways; 0 means never.",
    )
    max_connection_age_grace_s: Seconds = Field(
        300.0, description="How long the calls on such a connection may still take."
    )
    drain_delay_s: Seconds = Field(
        0.0,
        description="On SIGTERM: how long health says NOT_SERVING before calls are refused; "
        "give a load balancer its probe period.",
    )
    drain_s: Seconds = Field(
        20.0, description="Then: how long calls that are being served may still take."
    )
    health_interval_s: Annotated[float, Field(gt=0)] = Field(
        2.0, description="How often the database is checked for the health service."
    )
    sweep_interval_s: Seconds = Field(
        300.0,
        description="How often the bytes of deleted images are swept, and day-old objects that "
        "the database does not know, though it was in use; 1 % of all or 20 in a day at most. So a "
        "storage must not serve two databases. 0 means never, by this gateway.",
    )
    events_kept_days: Annotated[float, Field(gt=0)] = Field(
        7.0, description="How long WatchEvents can go back; older events are swept."
    )
    chat_provider: str = Field(
        "openai",
        pattern=r"^[a-z][a-z0-9_-]*$",
        description="The workers' setting of that name: a provider that may have a budget beside "
        "those of models.",
    )
    daily_budget_usd: Annotated[float, Field(ge=0, le=MOST_MICROS // 1_000_000)] = Field(
        500.0,
        description="What paid providers may cost in a day (UTC), in US dollars, until "
        "an admin sets the budget `global`.",
    )
    alert_webhook_url: str = Field(
        "",
        description="Where alerts are posted, signed, beside the log; empty for none.",
    )
    alert_webhook_secret: SecretStr = Field(
        SecretStr(""), description="The secret that signs them, 32 characters at least."
    )
    alert_interval_s: Seconds = Field(
        10.0,
        description="How often alerts that are due are sent. 0 means never, by this gateway.",
    )
    batch_max_concurrent: int = Field(
        5, ge=1, description="How many images of one batch, which is a story, are drawn at once."
    )
    use_references: bool = Field(
        True,
        description="Whether scenes, covers and regenerations are drawn from the references of "
        "their characters where the request does not say. `Job.references` says what became of "
        "each.",
    )
    max_waiting_jobs: Annotated[int, Field(ge=0)] = Field(
        10_000,
        description="How many jobs may wait in all before more are refused; 0 means any number.",
    )
    max_waiting_jobs_per_user: Annotated[int, Field(ge=0)] = Field(
        1_000, description="The same for the jobs of one user."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The lowest level that is logged."
    )

    @field_validator("jwt_algorithms", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("listen")
    @classmethod
    def _host_and_port(cls, value: str) -> str:
        host, _, port = value.rpartition(":")
        if not host or not port.isdecimal() or int(port) > 65535:
            raise ValueError(f'"{value}" is not an address; use host:port, like 127.0.0.1:50051')
        if _is_bare_ipv6(host):
            raise ValueError(
                f'"{value}" is an IPv6 address without brackets, whose port nobody can tell; use '
                "[host]:port, like [::1]:50051"
            )
        return value

    @model_validator(mode="after")
    def _secret_fits(self) -> Self:
        if self.key_set is not None:
            if "jwt_secret" in self.model_fields_set:
                raise ValueError(
                    "IMGGEN_JWT_SECRET: without effect with a key set, whose keys sign tokens; "
                    "unset it, or IMGGEN_JWKS_URL and IMGGEN_JWKS_FILE"
                )
            return self
        if "jwks_cooldown_s" in self.model_fields_set:
            raise ValueError(
                "IMGGEN_JWKS_COOLDOWN_S: without effect without a key set; set IMGGEN_JWKS_URL or "
                "IMGGEN_JWKS_FILE, or unset it"
            )
        secret = self.jwt_secret.get_secret_value()
        if secret == DEVELOPMENT_SECRET and not is_loopback(self.host):
            raise ValueError(
                f"{self.listen} is not a loopback address, and anyone can sign tokens with the "
                "development secret; set IMGGEN_JWKS_URL, IMGGEN_JWKS_FILE or another "
                "IMGGEN_JWT_SECRET, or listen on 127.0.0.1"
            )
        if len(secret.encode()) < _SHORTEST_SECRET:
            raise ValueError(
                f"IMGGEN_JWT_SECRET has {len(secret.encode())} bytes; HS256 needs "
                f"{_SHORTEST_SECRET} or more"
            )
        return self

    @model_validator(mode="after")
    def _pictures_are_checked(self) -> Self:
        if self.serves_unchecked_pictures and self.serve_unchecked_pictures != "anywhere":
            raise ValueError(
                f"{self.listen} is not a loopback address, and with IMGGEN_IMAGE_SAFETY=none "
                "nothing looks at the pictures that are served there; set IMGGEN_IMAGE_SAFETY for "
                "gateways and workers, or listen on 127.0.0.1, or set "
                "IMGGEN_SERVE_UNCHECKED_PICTURES=anywhere if somebody looks at each picture "
                "before children do"
            )
        return self

    @model_validator(mode="after")
    def _one_key_set(self) -> Self:
        if self.jwks_url and self.jwks_file:
            raise ValueError("set IMGGEN_JWKS_URL or IMGGEN_JWKS_FILE, not both")
        if self.jwks_url and not self.jwks_url.startswith(("https://", "http://")):
            shown = without_secrets(self.jwks_url)
            raise ValueError(f'IMGGEN_JWKS_URL: "{shown}" must start with https://')
        return self

    @model_validator(mode="after")
    def _signed_webhook(self) -> Self:
        if not self.alert_webhook_url:
            if self.alert_webhook_secret.get_secret_value():
                raise ValueError(
                    "IMGGEN_ALERT_WEBHOOK_SECRET: without effect without "
                    "IMGGEN_ALERT_WEBHOOK_URL; set both or neither"
                )
            return self
        if not self.alert_webhook_url.startswith(("https://", "http://")):
            raise ValueError("IMGGEN_ALERT_WEBHOOK_URL must start with https://")
        if len(self.alert_webhook_secret.get_secret_value().encode()) < _SHORTEST_SECRET:
            raise ValueError(
                f"IMGGEN_ALERT_WEBHOOK_URL needs IMGGEN_ALERT_WEBHOOK_SECRET with"
                f" {_SHORTEST_SECRET} bytes or more"
            )
        return self

    @model_validator(mode="after")
    def _certificate_with_key(self) -> Self:
        if (self.tls_cert_file is None) != (self.tls_key_file is None):
            raise ValueError("IMGGEN_TLS_CERT_FILE and IMGGEN_TLS_KEY_FILE go together; set both")
        if self.tls_client_ca_file and not self.tls_cert_file:
            raise ValueError("IMGGEN_TLS_CLIENT_CA_FILE needs IMGGEN_TLS_CERT_FILE and its key")
        return self

    @property
    def host(self) -> str:
        """The host part of `listen`, without the brackets of an IPv6 address."""
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def serves_unchecked_pictures(self) -> bool:
        """Whether others than this machine may fetch pictures that no classifier has looked at."""
        return self.image_safety == "none" and not is_loopback(self.host)

    @property
    def key_set(self) -> str | Path | None:
        """Where the key set is; None where the shared secret signs."""
        return self.jwks_file or self.jwks_url or None

    @property
    def daily_budget_micros(self) -> int:
        """The daily budget in millionths of a US dollar."""
        return round(self.daily_budget_usd * 1_000_000)


def _is_bare_ipv6(host: str) -> bool:
    """Whether a host has colons and no brackets, as an IPv6 address must in front of a port."""
    if host.startswith("["):
        return not host.endswith("]")
    return ":" in host and "/" not in host


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the host."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
