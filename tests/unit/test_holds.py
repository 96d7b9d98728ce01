"""A hold is the most that a call costs, by the usage that the stand-in for OpenAI's API reports."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as some

from actors.prompts.hosted import HostedDialect
from actors.providers.openai_usage import read_usage
from server.domain.models import Size
from server.domain.scenes import Scene
from server.domain.states import ImageType
from server.routing.catalogue import KNOWN
from server.routing.prices import PricedCall, TokenPrice
from server.routing.rows import Row
from tests.unit.content import render_spec
from tests.wire.errors import Refused
from tests.wire.fields import size as check_size
from tests.wire.models import OFFERED
from tests.wire.usage import PARTIAL_TOKENS, Usage, usage_of

HOSTED = [row for row in KNOWN.values() if row.provider == "openai"]


def price_of(row: Row) -> TokenPrice:
    """Returns the price of a hosted row."""
    assert isinstance(row.price, TokenPrice)
    return row.price


def allowed(model: str, size: Size) -> bool:
    """Returns whether the API draws a size."""
    try:
        check_size("size", str(size), OFFERED[model])
    except Refused:
        return False
    return True


@some.composite
def calls(draw: some.DrawFn) -> tuple[Row, PricedCall, str]:
    """Calls of any model in any size and quality that it draws, with what the picture shows."""
    row = draw(some.sampled_from(HOSTED))
    sides = some.integers(20, 240).map(lambda number: 16 * number)
    sizes = some.builds(Size, sides, sides).filter(lambda size: allowed(row.name, size))
    call = PricedCall(
        size=draw(sizes),
        quality=draw(some.sampled_from(sorted(price_of(row).outputs))),
        references=draw(some.integers(0, row.references)),
        partials=draw(some.integers(0, row.partials)),
    )
    words = draw(some.text(min_size=1, max_size=40))
    return row, call, words * draw(some.integers(1, row.longest_prompt // len(words) + 1))


def square(
    side: int, name: str = "gpt-image-2.5-flare", shows: str = "x"
) -> tuple[Row, PricedCall, str]:
    """Returns a call whose picture is a square that is not listed."""
    return KNOWN[name], PricedCall(Size(side, side), "high", 8, 3), shows * 3_000


def most_tokens(row: Row, shows: str) -> int:
    """Returns the most tokens of a prompt: a tokenizer falls back to a token for each byte."""
    spec = render_spec((), ImageType.SCENE, model=row.name, scene=shows)
    prompt = HostedDialect(row.longest_prompt).compile(spec, Scene(told=shows)).prompt
    return len(prompt.encode())


@given(calls())
@example(square(880))
@example(square(1248))
@example(square(2160))
@example(square(1248, "gpt-image-2"))
@example(square(1024, shows="\N{FOX FACE}"))
@example(square(1024, shows="\N{WOMAN}\N{ZERO WIDTH JOINER}\N{GIRL} "))
@example(square(1024, shows="\N{CJK UNIFIED IDEOGRAPH-72D0}\N{IDEOGRAPHIC FULL STOP}"))
@example(square(1024, shows="\N{CYRILLIC SMALL LETTER YA} "))
def test_no_call_costs_more_than_its_hold(case: tuple[Row, PricedCall, str]) -> None:
    row, call, shows = case
    size = (call.size.width, call.size.height)
    used = usage_of(OFFERED[row.known_as], "", size, call.quality, pictures=call.references)
    output = used.output + call.partials * PARTIAL_TOKENS
    used = Usage(most_tokens(row, shows), used.images, output)
    cost = price_of(row).cost_micros(call, read_usage(used.json(output_details=True)))
    try:
        hold = price_of(row).most_micros(call)
    except LookupError:
        return  # it draws nothing
    assert cost <= hold


@pytest.mark.parametrize(
    ("shows", "most"),
    [("Mia runs. ", 20), ("\N{FOX FACE}", 8), ("\N{CYRILLIC SMALL LETTER YA}", 8)],
)
def test_a_hold_is_met_nearly_in_every_script(shows: str, most: int) -> None:
    for row in HOSTED:
        assert row.longest_prompt - most <= most_tokens(row, shows * 3_000) <= row.longest_prompt
        assert price_of(row).prompt_tokens >= row.longest_prompt


@pytest.mark.parametrize("row", HOSTED, ids=lambda row: row.name)
def test_a_size_beyond_all_that_is_listed_has_no_price(row: Row) -> None:
    with pytest.raises(LookupError):
        price_of(row).most_micros(PricedCall(Size(3840, 2176), "high"))


def test_what_the_rows_offer_is_held_at_no_more_than_a_square() -> None:
    for row in HOSTED:
        square = price_of(row).most_micros(PricedCall(Size(1024, 1024), "high"))
        for size in row.scenes.values():
            assert price_of(row).most_micros(PricedCall(size, "high")) == square
