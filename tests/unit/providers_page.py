"""What docs/providers.md says: its blocks, the module of its fourth provider, and its rows."""

import tomllib
from types import MappingProxyType
from typing import Any

from server.routing.prices import PicturePrice
from tests.markdown import ROOT, Block, blocks

PAGE = (ROOT / "docs" / "providers.md").read_text()


def block(language: str, start: str) -> Block:
    """Returns the only block of the page that starts so."""
    found = [one for one in blocks(PAGE) if one.language == language]
    (only,) = [one for one in found if one.text.startswith(start)]
    return only


MODULE = block("python", '"""The provider of Stability')
ROWS: dict[str, Any] = tomllib.loads(block("toml", "[models.stable-image-core]").text)["models"]


def price_of(model: str) -> PicturePrice:
    """Returns the price that the page's row of a model has."""
    return PicturePrice(ROWS[model]["price"]["qualities"], MappingProxyType({}))
