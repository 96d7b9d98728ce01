"""What all settings of the data plane share: where they are read, and how keys and URLs are."""

from urllib.parse import urlsplit

from pydantic import SecretStr, ValidationInfo
from pydantic_settings import SettingsConfigDict

CONFIG = SettingsConfigDict(
    env_prefix="IMGGEN_",
    frozen=True,
    extra="ignore",
    hide_input_in_errors=True,
    allow_inf_nan=False,
)


def key(value: SecretStr | None) -> SecretStr | None:
    """Returns a key without what surrounds it, None for an empty one; raises ValueError."""
    found = value.get_secret_value().strip() if value else ""
    if not found:
        return None
    # Another character would be refused with the whole header in the error's text.
    if not found.isascii() or not found.isprintable() or " " in found:
        raise ValueError("not a key; use the account's key, without spaces or line ends")
    return SecretStr(found)


def url(value: str, info: ValidationInfo) -> str:
    """Returns the URL of a service; raises ValueError for one that is none, or holds secrets."""
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError("must start with https:// or http://, and name a host")
    # The URL is logged; the key has a setting of its own.
    if parts.username or parts.password or parts.query or parts.fragment:
        setting = f"IMGGEN_{info.field_name}".upper().replace("BASE_URL", "API_KEY")
        raise ValueError(f"must have no user, password or query; see {setting}")
    return value
