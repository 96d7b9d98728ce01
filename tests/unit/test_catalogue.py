"""The catalogue: its rows and prices, an operator's file over it, and dates of retirement."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from server.domain.health import HealthState, ProviderHealth
from server.domain.models import Size
from server.domain.states import Lane, Quality
from server.routing.catalogue import FLOORS, KNOWN, STORYBOOK, Catalogue
from server.routing.listing import CatalogueInvalid, read_listing
from server.routing.prices import FreePrice, PricedCall, Usage
from server.routing.rows import Capability, Row

FLARE = KNOWN["gpt-image-2.5-flare"]
SUNBURST = KNOWN["gpt-image-2.5-sunburst"]
HOSTED = [row for row in KNOWN.values() if row.provider == "openai"]
SQUARE, TALL, SMALL = Size(1024, 1024), Size(1024, 1536), Size(1024, 768)
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


def _price(row: Row, quality: str, size: Size, **call: int) -> int:
    assert row.price is not None
    return row.price.most_micros(PricedCall(size, quality, **call))


def _picture(row: Row, quality: str, size: Size) -> int:
    """Returns the price of a picture's own tokens, without those of the prompt."""
    assert row.price is not None
    tokens = row.price.outputs[quality][str(size)]  # type: ignore[attr-defined]
    return row.price.cost_micros(PricedCall(size, quality), Usage(0, 0, tokens))


@pytest.mark.parametrize(
    ("name", "quality", "size", "dollars"),
    [
        # fal's list of the same models, in dollars a picture.
        ("gpt-image-2", "low", SQUARE, 0.006),
        ("gpt-image-2", "medium", SQUARE, 0.053),
        ("gpt-image-2", "high", SQUARE, 0.211),
        ("gpt-image-2", "high", TALL, 0.165),
        ("gpt-image-2", "high", SMALL, 0.145),
        ("gpt-image-2.5-flare", "low", SQUARE, 0.00588),
        ("gpt-image-2.5-flare", "medium", SQUARE, 0.01317),
        ("gpt-image-2.5-flare", "high", SQUARE, 0.05268),
        ("gpt-image-2.5-flare", "high", TALL, 0.04116),
        ("gpt-image-2.5-flare", "high", SMALL, 0.03612),
        ("gpt-image-2.5-flare", "xhigh", TALL, 0.07377),
        ("gpt-image-2.5-flare", "max", SQUARE, 0.21072),
    ],
)
def test_prices_of_pictures_are_those_of_another_list(
    name: str, quality: str, size: Size, dollars: float
) -> None:
    assert _picture(KNOWN[name], quality, size) == pytest.approx(dollars * 1e6, abs=700)


@pytest.mark.parametrize("row", HOSTED, ids=lambda row: row.name)
def test_prices_of_tokens_are_those_of_another_map(row: Row) -> None:
    assert row.price is not None
    rates = ("text_in", "text_cached", "image_in", "image_cached", "image_out")
    found = [float(getattr(row.price, rate)) for rate in rates]
    # litellm's map, in dollars a token.
    assert found == [value * 1e6 for value in (5e-6, 1.25e-6, 8e-6, 2e-6, 3e-5)]


def test_both_models_of_a_generation_cost_the_same() -> None:
    assert FLARE.price == SUNBURST.price


def test_the_successor_of_dall_e_3_fits_the_default_limit_where_gpt_image_2_does_not() -> None:
    assert FLARE.successor_of == ("dall-e-3",)
    wide = FLARE.scenes["16:9"]
    assert _price(FLARE, "high", wide, references=2) <= 100_000
    assert _price(FLARE, "high", SQUARE, references=2) <= 100_000
    assert _price(KNOWN["gpt-image-2"], "high", TALL) > 100_000


@pytest.mark.parametrize("row", HOSTED, ids=lambda row: row.name)
def test_hosted_rows_have_a_price_for_all_that_they_offer(row: Row) -> None:
    sizes = [*row.scenes.values(), *(form.native for form in row.portraits.values())]
    for grade in row.grades.values():
        prices = [_price(row, grade.label, size) for size in sizes]
        assert min(prices) > 0
    assert {grade.label for grade in row.grades.values()} == {"low", "medium", "high"}
    for size in sizes:
        assert size.width % 16 == size.height % 16 == 0
        assert 655_360 <= size.width * size.height <= 8_294_400
    assert row.scenes["16:9"] == Size(1536, 864)


def test_a_picture_is_held_at_its_references_partials_and_longest_prompt() -> None:
    plain = _price(FLARE, "high", SQUARE)
    assert plain == 1_756 * 30 + 3_000 * 5
    assert _price(FLARE, "high", SQUARE, references=2) == plain + 2 * 1_700 * 8
    assert _price(FLARE, "high", SQUARE, partials=3) == plain + 300 * 30


def test_local_models_cost_nothing_and_every_label_has_a_score() -> None:
    for row in KNOWN.values():
        assert (row.provider == "local") == (row.lane is Lane.LOCAL) == (row.price == FreePrice())
        assert row.grades.keys() == set(Quality)
        scores = [row.grades[quality].score for quality in Quality]
        assert scores == sorted(scores)
    assert FLOORS == {"draft": 1.0, "good": 2.5, "fine": 3.5, "best": 4.5}


def test_names_of_models_that_are_gone_stand_for_their_successors() -> None:
    assert Catalogue.named(["storybook", "dall-e-3"]).models == (STORYBOOK, FLARE)
    assert Catalogue.named(["gpt-image-2.5-flare", "dall-e-3"]).models == (FLARE,)
    catalogue = Catalogue([STORYBOOK, FLARE])
    assert catalogue.resolve("dall-e-3", NOW) is FLARE
    assert catalogue.resolve("dall-e-2", NOW) is None
    served = replace(FLARE, name="dall-e-3", successor_of=())
    assert Catalogue([FLARE, served]).resolve("dall-e-3", NOW) is served


def test_a_retired_model_gives_way_from_its_day_on() -> None:
    last = datetime(2026, 12, 1, tzinfo=UTC)
    old = replace(FLARE, name="old", successor_of=(), retires_on=last.date())
    heir = replace(FLARE, successor_of=("old",))
    catalogue = Catalogue([old, heir])
    before = last - timedelta(seconds=1)
    assert (old.retired(before), old.retired(last)) == (False, True)
    assert catalogue.resolve("old", before) is old
    assert catalogue.resolve("old", last) is heir
    assert Catalogue([old]).resolve("old", last) is old


def test_retirement_is_announced_thirty_days_before() -> None:
    old = replace(FLARE, name="old", successor_of=(), retires_on=date(2026, 12, 31))
    catalogue = Catalogue([STORYBOOK, old])
    assert catalogue.warnings(datetime(2026, 11, 30, 23, tzinfo=UTC)) == []
    [soon] = catalogue.warnings(datetime(2026, 12, 1, tzinfo=UTC))
    assert soon == "old: openai retires it on 2026-12-31; take it out of IMGGEN_MODELS"
    [late] = Catalogue([old, replace(FLARE, successor_of=("old",))]).warnings(
        datetime(2027, 1, 1, tzinfo=UTC)
    )
    assert "retired it on 2026-12-31" in late
    assert "gpt-image-2.5-flare draws what is asked of it" in late


OWN = """
[min_quality]
fine = 3.0

[models.sdxl.quality.hd]
seconds = 2.5

[models.gpt-image-2]
retires_on = 2027-10-21
canary = 0.05
successor_of = ["dall-e-3"]

[models.gpt-image-2.price]
kind = "picture"
qualities = { medium = 50_000, high = 200_000 }
sizes.high = { "1024x1536" = 150_000 }

[models."dall-e-2"]
provider = "openai"
lane = "hosted"
max_characters = 2
portraits = { "1024x1024" = "512x512" }
scenes = { "1:1" = "512x512" }
quality.standard = { label = "standard", seconds = 9, score = 2 }
"""


def test_an_operators_file_changes_rows_and_adds_others(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(OWN)
    listing = read_listing(own)
    rows = listing.rows
    assert listing.floors == {**FLOORS, "fine": 3.0}
    assert rows["storybook"] == STORYBOOK
    hd = rows["sdxl"].grades[Quality.HD]
    assert (hd.label, hd.seconds, hd.score) == ("hd", 2.5, 3.0)
    changed = rows["gpt-image-2"]
    assert (changed.retires_on, changed.canary) == (date(2027, 10, 21), 0.05)
    assert _price(changed, "high", TALL) == 150_000
    assert _price(changed, "high", SQUARE) == 200_000
    assert (changed.successor_of, rows["gpt-image-2.5-flare"].successor_of) == (("dall-e-3",), ())
    # Its price was written before there were drafts.
    assert changed.grades.keys() == {Quality.STANDARD, Quality.HD}
    assert rows["gpt-image-2.5-flare"].grades.keys() == set(Quality)
    new = rows["dall-e-2"]
    assert (new.provider, new.price, new.known_as) == ("openai", None, "dall-e-2")
    assert Catalogue.named(["dall-e-2"], rows).models == (new,)


WRONG = """
colour = "red"

[models.sdxl]
colour = "red"
canary = 1.5
lane = "fast"
scenes = { "2:1" = "1024x512" }

[models.sdxl.quality.hd]
secs = 3

[models.gpt-image-2.price]
kind = "token"
text_in = -1

[models.new]
provider = "x"

[models.gpt-image-9]
provider = "opnai"
lane = "local"
max_characters = 2
portraits = { "1024x1024" = "512x512" }
scenes = { "3:1" = "512x512" }
quality.standard = { label = "medium", seconds = 9, score = 2 }
quality.hd = { label = "high", seconds = 9, score = 2 }
price = { kind = "picture", qualities = { medium = 1, hihg = 2 }, sizes.tall = {} }

[models.gpt-image-2-5-flare]
as_of = 2030-01-01
"""


def test_everything_that_is_wrong_in_a_file_is_named_at_once(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(WRONG)
    with pytest.raises(CatalogueInvalid) as refused:
        read_listing(own, NOW.date())
    found = "\n".join(refused.value.problems)
    assert str(refused.value).startswith(f"{own}: ")
    for part in (
        "colour: is not known here; use one of min_quality, models",
        "models.sdxl.colour: is not known here; use one of provider, lane,",
        "models.sdxl.canary: input should be less than or equal to 1, not '1.5'",
        "models.sdxl.lane: input should be 'local' or 'hosted', not 'fast'",
        "models.sdxl.quality.hd.secs: is not known here; use one of label, seconds, score",
        "models.gpt-image-2.price.text_in: input should be greater than or equal to 0, not '-1'",
        "models.gpt-image-2.price.image_out: is missing",
        "models.new.lane: is missing",
        'models.gpt-image-9.provider: "opnai" is not known; use one of local, openai, fake',
        "models.gpt-image-9.scenes: 3:1; use some of",
        "models.gpt-image-9.as_of: a price needs the date on which it was read",
        "models.gpt-image-9.price.qualities.high: is missing; every quality's label needs a price",
        "models.gpt-image-9.price.qualities.hihg: no quality has this label; use one of high, med",
        "models.gpt-image-9.price.sizes.tall: no quality has this label",
        "models.gpt-image-2-5-flare.as_of: 2030-01-01 is after today, 2026-11-28;",
    ):
        assert part in found


def test_a_price_that_was_read_where_tomorrow_has_begun_is_taken(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text("[models.gpt-image-2]\nas_of = 2026-11-29")
    assert read_listing(own, NOW.date()).rows["gpt-image-2"].as_of == date(2026, 11, 29)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[models", "is not TOML"),
        ("models = 3", "models: input should be a valid dictionary"),
        ("[min_quality]\ngod = 2", "min_quality.god: is not known here; use one of draft, good,"),
        ("[min_quality]\ndraft = 5\nbest = 0.1", "min_quality.good: 2.5 is below draft, 5;"),
        ("[min_quality]\ndraft = 5\nbest = 0.1", "min_quality.best: 0.1 is below fine, 3.5;"),
        ('[models.gpt-image-2]\nlane = "local"', 'lane: openai draws in the lane "hosted", not'),
        ('[models.sdxl]\nlane = "hosted"', 'lane: local draws in the lane "local", not "hosted"'),
        (
            '[models.gpt-image-2]\nprice = { kind = "free" }',
            "gpt-image-2.price: openai sends an invoice, .* on_purpose = true",
        ),
        (
            '[models.gpt-image-2]\nprice = { kind = "picture", qualities = { high = 0 } }',
            "price.qualities.high: input should be greater than 0",
        ),
        (
            '[models.gpt-image-2]\nquality.hd.label = "hihg"',
            "price.outputs.hihg: is missing; every quality's label needs a price",
        ),
        (
            "[models.gpt-image-2]\nlongest_prompt = 3_001",
            "price.prompt_tokens: 3000 are fewer than a prompt of 3001 bytes can take",
        ),
        (
            "[models.gpt-image-2.price]\ntext_in = 5",
            "models.gpt-image-2.price.kind: is missing; use one of free, picture, token",
        ),
        (
            '[models.gpt-image-2.price]\nkind = "hour"',
            "models.gpt-image-2.price.kind: 'hour' is not known; use one of free, picture, token",
        ),
        ("[models.gpt-image-2]\nas_of = 9999-12-31", "as_of: 9999-12-31 is after today"),
        (
            '[models.gpt-image-2]\nportraits = { "1024x1024" = "10x10" }',
            "models.gpt-image-2.portraits.1024x1024: cannot be drawn in 10x10: both sides must be"
            " multiples of 16; gpt-image-2 draws 655,360 pixels at least, not 100",
        ),
        (
            '[models.gpt-image-2]\nscenes = { "16:9" = "1537x864" }',
            "models.gpt-image-2.scenes.16:9: cannot be drawn in 1537x864: both sides must be mult",
        ),
        (
            '[models.gpt-image-2]\nscenes = { "16:9" = "2080x640" }',
            "the longer side may be 3 times the shorter one at most",
        ),
        (
            '[models.gpt-image-2]\nscenes = { "16:9" = "3840x2176" }',
            "no side may be longer than 3840 pixels, and all together 8,294,400 at most",
        ),
        ("[models.sdxl]\nreferences = 0", "references: their number and their capability"),
        ('[models.sdxl]\nscenes = { "2:1" = "1024x512" }', "scenes: 2:1; use some of 16:9"),
        ("[models.sdxl]\nprice = { kind = 'free', x = 1 }", "price.x: is not known here; use one"),
        (
            '[models.sdxl]\nprice = { kind = "picture", qualities = { hd = 1 } }',
            "as_of: a price needs the date on which it was read",
        ),
        (
            '[models.sdxl]\nsuccessor_of = ["a"]\n[models.storybook]\nsuccessor_of = ["a"]',
            "a has a successor, storybook",
        ),
        (
            "[models.sdxl]\ncanary = 0.6\n[models.storybook]\ncanary = 0.6",
            "canary shares of all models add up to 1.2; 1 at most",
        ),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    own = tmp_path / "own.toml"
    own.write_text(text)
    with pytest.raises(CatalogueInvalid, match=problem):
        read_listing(own)


def test_a_hosted_model_is_free_where_its_row_says_so_on_purpose(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text('[models.gpt-image-2]\nprice = { kind = "free", on_purpose = true }\n')
    assert read_listing(own).rows["gpt-image-2"].price == FreePrice()


def test_capabilities_are_those_of_the_providers() -> None:
    assert Capability.TRANSPARENCY in FLARE.capabilities
    for row in HOSTED:
        assert not row.capabilities & {Capability.SEED, Capability.NEGATIVE_PROMPT}


def test_only_the_health_of_what_is_offered_concerns_an_installation() -> None:
    health = [
        ProviderHealth(provider, model, HealthState.OFF)
        for provider, model in [
            ("openai", ""),
            ("openai", FLARE.name),
            ("openai", SUNBURST.name),
            ("local", FLARE.name),
            ("fake", ""),
        ]
    ]
    assert Catalogue([STORYBOOK, FLARE]).offered(health) == health[:2]
