"""The commands for prices, routes and providers, and the options that limit a picture."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration

from imggen.cli.routes import (
    call_line,
    comparison_lines,
    ended,
    provider_row,
    quote_lines,
    route_lines,
)
from imggen.testing import FakeService
from imggen.v1.budget_pb2 import CALL_KIND_READ, CALL_KIND_RENDER
from imggen.v1.routing_pb2 import (
    DrawingRecord,
    ModelStatus,
    Offer,
    PaidCall,
    PassedOver,
    ProviderStatus,
    QuotedModel,
    QuoteStoryResponse,
    Route,
    RoutedAttempt,
)
from tests.unit.cli.conftest import Command

FILE = """
title: The Map
style: anime
characters:
  - name: Mia
pages:
  - text: Mia finds a map.
    characters: [Mia]
options:
  provider: local
  min_quality: draft
  max_cost: 0.10
"""
LIMITS = ("--provider", "local", "--min-quality", "draft", "--max-cost", "0.05")


def test_providers_are_a_table(command: Command) -> None:
    head, row = command("providers").splitlines()
    assert head.split() == ["MODEL", "PROVIDER", "HEALTH", "PRICE", "QUALITY", "TIME", "NOTES"]
    assert row.split() == ["storybook", "local", "well", "free", "1.5", "4", "s"]
    [local] = command.json("providers")["providers"]
    assert local["models"][0]["priceMicros"] == "0"


def test_a_job_is_explained(command: Command, mia: str) -> None:
    job = command.json("portrait", mia, "--style", "anime")["job"]["jobId"]
    lines = command("explain", job).splitlines()
    choice = "  * storybook (local): free, quality 1.5, 4 s"
    why = "    storybook, free: the only model that may draw it"
    assert lines == ["admitted:", choice, why, "attempt 1, completed:", choice, why]
    shown = command.json("explain", job)
    assert shown["attempts"][0]["outcome"] == "completed"
    assert shown["admitted"] == shown["attempts"][0]["route"]


def test_a_job_that_is_unknown_cannot_be_explained(command: Command) -> None:
    command("explain", "00000000-0000-4000-8000-000000000009", code=1)
    assert "JOB_NOT_FOUND" in command.err


@pytest.mark.parametrize("kind", ["portrait", "scene", "regenerate"])
def test_every_limit_is_sent(
    command: Command, fake: FakeService, mia: str, story: str, kind: str
) -> None:
    image = command.json("portrait", mia, "--style", "anime")["job"]["imageId"]
    arguments = {
        "portrait": ("portrait", mia, "--style", "anime"),
        "scene": ("scene", story, "1"),
        "regenerate": ("regenerate", image),
    }[kind]
    before = datetime.now(UTC)
    command(*arguments, *LIMITS, "--complete-within", "90", "--no-wait")
    request: Any = fake.received[-1].request
    options = request.options
    assert (options.provider, options.min_quality) == ("local", "draft")
    assert options.max_cost_micros == 50_000
    assert 90 <= (options.complete_by.ToDatetime(UTC) - before).total_seconds() < 180


@pytest.mark.parametrize(
    "wrong",
    [
        ("--max-cost", "-1"),
        ("--max-cost", "nan"),
        ("--max-cost", "1e30"),
        ("--max-cost", "0.0000004"),
        ("--min-quality", "superb"),
        ("--complete-within", "0"),
        ("--complete-within", "nan"),
        ("--complete-within", "1e18"),
    ],
)
def test_a_limit_that_cannot_be_is_wrong_usage(
    command: Command, mia: str, wrong: tuple[str, str]
) -> None:
    command("portrait", mia, "--style", "anime", *wrong, code=2)


def test_what_no_model_may_draw_is_an_error_with_its_reason(command: Command, mia: str) -> None:
    command("portrait", mia, "--style", "anime", "--min-quality", "best", code=1)
    assert "NO_ELIGIBLE_OFFER" in command.err
    assert "scores 1.5, below the least of 4.5" in command.err


def test_a_story_file_is_quoted_and_nothing_runs(
    command: Command, fake: FakeService, tmp_path: Path
) -> None:
    path = tmp_path / "map.yaml"
    path.write_text(FILE)
    assert command("story", str(path), "--quote").splitlines() == [
        "2 images, free, 8 s",
        "  2 by storybook (local), free",
    ]
    [request] = fake.requests("QuoteStory")
    options = request.story.options  # type: ignore[attr-defined]
    assert (options.provider, options.min_quality) == ("local", "draft")
    assert options.max_cost_micros == 100_000
    assert command.json("story", str(path), "--quote")["quote"]["images"] == 2
    assert not fake.requests("GenerateStory")
    assert command.json("jobs")["jobs"] == []


@pytest.mark.parametrize("amount", ["-1", "a lot", "[1]", "1e3"])
def test_an_amount_of_a_story_file_is_in_dollars(
    command: Command, tmp_path: Path, amount: str
) -> None:
    path = tmp_path / "map.yaml"
    path.write_text(FILE.replace("0.10", amount))
    command("story", str(path), "--quote", code=2)
    assert f"{path}:12: options.max_cost: " in command.err
    assert "is not an amount in dollars, like 0.10" in command.err


def test_a_call_says_what_it_was_made_for() -> None:
    read = PaidCall(call=1, provider="openai", cost_micros=200, kind=CALL_KIND_READ)
    assert call_line(read) == "call 1 (read) of openai: $0.0002"
    render = PaidCall(call=2, provider="openai", kind=CALL_KIND_RENDER, provider_request_id="r-1")
    assert call_line(render) == "call 2 (render) of openai: nothing, r-1"
    assert call_line(PaidCall(call=1, provider="openai")) == "call 1 of openai: nothing"


def test_a_choice_is_told_with_its_losers() -> None:
    route = Route(
        offers=[
            Offer(model="a", provider="x", price_micros=40_000, score=4.25),
            Offer(model="b", provider="y", score=1, expected_duration=Duration()),
        ],
        passed_over=[PassedOver(model="c", provider="x", reason="is off")],
        reason="a is cheap",
    )
    assert list(route_lines(route)) == [
        "* a (x): $0.0400, quality 4.25, no worker draws it now",
        "- b (y): free, quality 1, under 1 s",
        "  a is cheap",
        "x c (x): is off",
    ]


def test_a_canary_is_shown_beside_what_it_would_replace() -> None:
    model = ModelStatus(model="new", canary=0.05)
    assert list(comparison_lines(model)) == ["drew nothing as a canary in the last 7 days"]
    found = model.canary_comparison
    found.since.FromJsonString("2026-11-21T08:30:00Z")
    found.canary.MergeFrom(
        DrawingRecord(
            model="new",
            pictures=1,
            success_share=0.5,
            mean_cost_micros=61_200,
            mean_duration=Duration(seconds=28),
            mean_score=4.126,
        )
    )
    found.replaced.model = "old"
    assert list(comparison_lines(model)) == [
        "since 2026-11-21 08:30 UTC: 1 picture, 50.0% succeeded, $0.0612 each, 28 s, quality 4.13",
        "old meanwhile: 0 pictures",
    ]
    assert not list(comparison_lines(ModelStatus(model="old")))


def test_a_stored_picture_comes_before_what_would_draw() -> None:
    route = Route(offers=[Offer(model="a", provider="x", score=1)], reused_from_image_id="i-1")
    assert list(route_lines(route)) == [
        "* the stored picture of i-1: free, nothing is drawn",
        "- a (x): free, quality 1, no worker draws it now",
    ]


def test_a_quote_names_the_part_of_each_model() -> None:
    part = QuotedModel(model="a", provider="x", images=2, price_micros=80_000)
    quote = QuoteStoryResponse(images=2, price_micros=80_000, models=[part])
    assert list(quote_lines(quote)) == [
        "2 images, at most $0.0800, no worker draws it now",
        "  2 by a (x), expected at most $0.0800",
    ]
    quote.reused_images = 3
    assert list(quote_lines(quote))[1] == "  3 more are stored already, free"
    quote.expected_duration.FromMilliseconds(400)
    assert next(iter(quote_lines(quote))) == "2 images, at most $0.0800, under 1 s"


def test_a_quote_whose_lane_is_paused_says_so() -> None:
    quote = QuoteStoryResponse(images=2, lane_paused=True)
    assert list(quote_lines(quote)) == ["2 images, free, its lane is paused"]
    route = Route(offers=[Offer(model="a", provider="x", score=1)], lane_paused=True)
    assert list(route_lines(route)) == ["* a (x): free, quality 1, its lane is paused"]


def test_a_quote_says_what_it_comes_to_if_others_must_draw() -> None:
    quote = QuoteStoryResponse(images=2, price_micros=80_000, most_micros=240_000)
    assert list(quote_lines(quote)) == [
        "2 images, expected at most $0.0800,"
        " at most $0.2400 if calls fail or other models must draw, no worker draws it now"
    ]
    quote.price_micros = 0
    assert "2 images, expected free, at most $0.2400 if" in next(iter(quote_lines(quote)))
    route = Route(offers=[Offer(model="a", provider="x", score=1)], most_micros=240_000)
    assert list(route_lines(route))[-1] == (
        "  at most $0.2400 if calls fail or other models must draw"
    )
    route.reused_from_image_id = "i-1"
    assert not any("at most" in line for line in route_lines(route))


def test_a_model_that_is_off_says_so_and_why() -> None:
    off = ModelStatus(model="a", off=True, off_reason="a is off (model_gone)", canary=0.005)
    row = provider_row(ProviderStatus(provider="x", health="well"), off)
    assert row[2] == "off"
    assert row[-1].startswith("a is off (model_gone); canary of 0.5 %")


def test_an_attempt_that_was_given_back_says_why() -> None:
    given = RoutedAttempt(outcome="released", error="its worker stopped, and gave it back")
    assert ended(given) == "released: its worker stopped, and gave it back"
    assert ended(RoutedAttempt(outcome="released")) == "released: given back to the queue"
    assert ended(RoutedAttempt(outcome="completed")) == "completed"
