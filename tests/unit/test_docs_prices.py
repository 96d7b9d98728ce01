"""docs/providers.md has the holds that follow from the catalogue's prices."""

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from server.domain.models import Size
from server.routing.prices import FreePrice, PicturePrice, Price, PricedCall, TokenPrice
from tests.markdown import ROOT, rows, section

CATALOGUE = ROOT / "server" / "routing" / "catalogue.toml"
TABLE = rows(section((ROOT / "docs" / "providers.md").read_text(), "What it costs"))


def price_of(table: Mapping[str, Any]) -> Price:
    """Returns the price that a row's table has."""
    fields = {name: value for name, value in table.items() if name != "kind"}
    match table["kind"]:
        case "free":
            return FreePrice()
        case "picture":
            return PicturePrice(**{"sizes": {}, **fields})
        case _:
            rates = ("text_in", "text_out", "text_cached", "image_in", "image_out", "image_cached")
            return TokenPrice(**fields | {rate: Decimal(str(fields[rate])) for rate in rates})


def dollars(micros: int) -> str:
    """Returns micros in dollars, rounded up to hundredths of a cent."""
    return f"{Decimal(-(-micros // 100)) / 10_000:f}"


def test_the_holds_are_those_of_the_catalogue() -> None:
    models = tomllib.loads(CATALOGUE.read_text())["models"]
    expected = []
    for name, row in models.items():
        price = price_of(row["price"])
        wide, square = (row["scenes"].get(ratio) for ratio in ("16:9", "1:1"))
        size = Size(*map(int, (wide or square).split("x")))
        calls = [
            PricedCall(size, row["quality"][quality]["label"])
            for quality in ("draft", "standard", "hd")
        ]
        hd, most = calls[-1], price.most_micros(calls[-1])
        added = [
            price.most_micros(PricedCall(size, hd.quality, **{more: 1})) - most
            for more in ("references", "partials")
        ]
        cells = [*map(price.most_micros, calls), *added]
        expected.append([f"`{name}`", *map(dollars, cells)])
    assert expected == TABLE


def test_the_least_scores_are_those_of_the_catalogue() -> None:
    page = (ROOT / "docs" / "providers.md").read_text()
    told = [cells[:2] for cells in rows(section(page, "How good it must be"))]
    floors = tomllib.loads(CATALOGUE.read_text())["min_quality"]
    assert told == [[f"`{label}`", str(least)] for label, least in floors.items()]
