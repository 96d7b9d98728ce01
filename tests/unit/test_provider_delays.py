"""The delays that providers ask for."""

from datetime import UTC, datetime, timedelta

import pytest

from actors.providers.delays import UNTOLD, asked_delay

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "message", "seconds"),
    [
        ({"retry-after-ms": "250", "retry-after": "9"}, "try again in 12s", 0.25),
        ({"retry-after": "7"}, "", 7),
        ({"retry-after": "1.5"}, "", 1.5),
        ({"retry-after": "Sat, 28 Nov 2026 12:00:30 GMT"}, "", 30),
        (
            {
                "retry-after": "Sat, 28 Nov 2026 12:00:30 GMT",
                "date": "Sat, 28 Nov 2026 12:00:10 GMT",
            },
            "",
            20,
        ),
        ({"x-ratelimit-reset-images": "12s", "x-ratelimit-remaining-images": "0"}, "", 12),
        (
            {
                "x-ratelimit-reset-requests": "6m0s",
                "x-ratelimit-remaining-requests": "499",
                "x-ratelimit-reset-images": "1m2.5s",
                "x-ratelimit-remaining-images": "0",
            },
            "Please try again in 3s.",
            62.5,
        ),
        (
            {"x-ratelimit-reset-requests": "6m0s", "x-ratelimit-remaining-requests": "499"},
            "Please try again in 3s.",
            3,
        ),
        ({"x-ratelimit-reset-tokens": "20ms"}, "", 0.02),
        ({"x-ratelimit-reset-tokens": "4"}, "", 4),
        ({}, "Limit 5, Used 5, Requested 1. Please try again in 12s. See the guide.", 12),
        ({}, "try again in 20ms", 0.02),
        ({}, "Try again in 1m.", 60),
        ({}, "try again in 1m30.5s", 90.5),
        ({}, "try again in 1h2m", 3720),
        ({}, "Please retry after 27 seconds.", 27),
        ({}, "try again in 2 minutes", 120),
        ({}, "try again in 300 milliseconds", 0.3),
    ],
)
def test_a_delay_is_read(headers: dict[str, str], message: str, seconds: float) -> None:
    assert asked_delay(headers, message, NOW) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({}, ""),
        ({}, "try again in 5 moons"),
        ({}, "try again in a while"),
        ({"retry-after": "soon"}, ""),
        ({"retry-after": "nan"}, ""),
        ({"retry-after": "inf"}, ""),
        ({"retry-after": "-3"}, ""),
        ({"retry-after": "0"}, ""),
        ({"retry-after": "Sat, 28 Nov 2026 11:00:00 GMT"}, ""),
        ({"retry-after-ms": ""}, ""),
        ({"x-ratelimit-reset-requests": "later"}, ""),
    ],
)
def test_without_a_delay_it_is_a_third_of_a_minute(headers: dict[str, str], message: str) -> None:
    assert asked_delay(headers, message, NOW) == UNTOLD


@pytest.mark.parametrize("value", ["1e300", "99999999", "9" * 400])
def test_no_delay_is_longer_than_a_day(value: str) -> None:
    assert asked_delay({"retry-after": value}, "", NOW) in (timedelta(days=1), UNTOLD)
