"""The encoding of the database: UTF8, since texts of all languages are stored."""

from typing import Any

_TEMPLATE = (
    "SELECT datctype, current_database() AS name FROM pg_database WHERE datname = 'template0'"
)


class WrongEncoding(RuntimeError):
    """Raised for a database that cannot hold all texts; the message makes one that can."""


async def require_utf8(connection: Any) -> None:
    """Raises WrongEncoding for a database in another encoding; needs no statement in UTF8."""
    encoding = connection.get_settings().server_encoding
    if encoding == "UTF8":
        return
    row = await connection.fetchrow(_TEMPLATE)
    name = f"{row['name']}_utf8".replace('"', '""')
    # With the locale of a server in another encoding, UTF8 would be refused.
    fits = (
        row["datctype"].lower().replace("-", "").endswith(("utf8", "posix"))
        or row["datctype"] == "C"
    )
    locale = "" if fits else " LOCALE 'C'"
    raise WrongEncoding(
        f"its encoding is {encoding}, and texts of all languages need UTF8; make another, with "
        f"CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING 'UTF8'{locale}, and name it in "
        "IMGGEN_DATABASE_URL"
    )
