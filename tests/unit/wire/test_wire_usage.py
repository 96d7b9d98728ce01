"""Usage by the published prices, and pictures that are drawn."""

from typing import Any

import pytest

from tests.unit.wire.calls import opened
from tests.wire.models import OFFERED
from tests.wire.pictures import Drawing, drawn, unfinished
from tests.wire.usage import Usage, output_tokens

SQUARE, TALL, LARGE = (1024, 1024), (1024, 1536), (3840, 2160)

# Published dollars of one picture, its output alone.
PRICES: dict[str, dict[tuple[int, int], dict[str, float]]] = {
    "gpt-image-2.5-flare": {
        SQUARE: {
            "low": 0.00588, "medium": 0.01317, "high": 0.05268, "xhigh": 0.09366, "max": 0.21072
        },
        TALL: {
            "low": 0.00474, "medium": 0.01029, "high": 0.04116, "xhigh": 0.07377, "max": 0.16464
        },
        LARGE: {
            "low": 0.01113, "medium": 0.02595, "high": 0.10008, "xhigh": 0.1779, "max": 0.40026
        },
    },
    "gpt-image-2": {
        SQUARE: {"low": 0.00588, "medium": 0.05268, "high": 0.21072},
        TALL: {"low": 0.00474, "medium": 0.04116, "high": 0.16464},
        LARGE: {"high": 0.40026},
    },
}  # fmt: skip
ROWS = [
    (model, size, quality, price)
    for model, sizes in PRICES.items()
    for size, labels in sizes.items()
    for quality, price in labels.items()
]


@pytest.mark.parametrize(("model", "size", "quality", "price"), ROWS)
def test_tokens_give_the_published_price(
    model: str, size: tuple[int, int], quality: str, price: float
) -> None:
    micros = output_tokens(OFFERED[model], size, quality) * 30
    assert micros == round(price * 1_000_000)


@pytest.mark.parametrize(
    ("quality", "tokens"),
    [("low", 196), ("medium", 439), ("high", 1756), ("xhigh", 3122), ("max", 7024)],
)
def test_tokens_of_a_square_are_the_published_ones(quality: str, tokens: int) -> None:
    assert output_tokens(OFFERED["gpt-image-2.5-sunburst"], SQUARE, quality) == tokens


def test_a_side_may_be_either() -> None:
    model = OFFERED["gpt-image-2"]
    assert output_tokens(model, (1536, 864), "high") == output_tokens(model, (864, 1536), "high")


def test_the_older_models_cost_their_published_price() -> None:
    assert output_tokens(OFFERED["gpt-image-1.5"], SQUARE, "high") * 32 / 1e6 == pytest.approx(
        0.133, abs=1e-4
    )
    assert output_tokens(OFFERED["gpt-image-1-mini"], SQUARE, "low") * 8 / 1e6 == 0.005


def test_a_cost_is_exact_to_the_micro_dollar() -> None:
    assert Usage(text=20, images=0, output=1756).cost_micros == 52_780
    assert Usage(text=0, images=1000, output=0).cost_micros == 8_000


@pytest.mark.parametrize("size", [(1024, 640), (640, 1024), (1920, 640)])
@pytest.mark.parametrize("format", ["png", "jpeg", "webp"])
def test_equal_drawings_are_equal_bytes(size: tuple[int, int], format: str) -> None:
    drawing = Drawing("A hill", size, "flare")
    first = drawn(drawing, format)
    assert first == drawn(drawing, format)
    assert opened(first).size == size


@pytest.mark.parametrize("other", [{"prompt": "A lake"}, {"index": 1}, {"size": (1024, 656)}])
def test_other_drawings_are_other_bytes(other: dict[str, Any]) -> None:
    about: dict[str, Any] = {"prompt": "A hill", "size": (1024, 640), "caption": "flare"}
    assert drawn(Drawing(**about), "png") != drawn(Drawing(**about | other), "png")


def test_an_unfinished_picture_differs_from_the_whole_one() -> None:
    drawing = Drawing("A hill", (1024, 640), "flare")
    early, late = unfinished(drawing, "png", 0.25), unfinished(drawing, "png", 0.75)
    assert len({early, late, drawn(drawing, "png")}) == 3
    assert opened(early).size == opened(late).size == (1024, 640)
