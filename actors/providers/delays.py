"""How long a provider asks to wait, from the headers and the message of a 429."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from server.clock import SYSTEM_CLOCK

UNTOLD = timedelta(seconds=20)
"""The delay of a 429 that tells none: providers count by the minute."""

_LONGEST = timedelta(days=1)
_RESET = "x-ratelimit-reset-"
_REMAINING = "x-ratelimit-remaining-"
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_PART = r"[0-9]+(?:\.[0-9]+)?\s*(?:milliseconds?|minutes?|seconds?|hours?|ms|min|sec|s|m|h|d)"
_PARTS = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(ms|milli|s|m|h|d)")
_DURATION = re.compile(rf"(?:{_PART}\s*)+")
_IN_MESSAGE = re.compile(
    rf"(?:try again|retry) (?:in|after)\s+((?:{_PART}(?![a-z])\s*)+)", re.IGNORECASE
)


def asked_delay(headers: Mapping[str, str], message: str, now: datetime | None = None) -> timedelta:
    """Returns the delay that a 429 asks for, a day at most.

    It is the first that is told of `retry-after-ms`, `retry-after` in seconds or as a date, the
    reset of a limit that is used up, `try again in 12s` in the message, and any reset.
    """
    # The provider's own clock goes before ours.
    now = _date(headers.get("date", "")) or now or SYSTEM_CLOCK.now()
    used_up, any_reset = _resets(headers)
    found = (
        _number(headers.get("retry-after-ms"), 0.001),
        _number(headers.get("retry-after"), 1.0),
        _until(headers.get("retry-after", ""), now),
        used_up,
        _seconds(match[1]) if (match := _IN_MESSAGE.search(message)) else 0.0,
        any_reset,
    )
    seconds = next((each for each in found if each > 0 and math.isfinite(each)), None)
    if seconds is None:
        return UNTOLD
    return timedelta(seconds=min(seconds, _LONGEST.total_seconds()))


def _resets(headers: Mapping[str, str]) -> tuple[float, float]:
    """Returns the longest reset of a limit with nothing left, and the longest of all."""
    resets = {
        name[len(_RESET) :]: _number(value, 1.0) or _seconds(value)
        for name, value in headers.items()
        if name.startswith(_RESET)
    }
    used_up = [
        reset for limit, reset in resets.items() if headers.get(f"{_REMAINING}{limit}") == "0"
    ]
    return max(used_up, default=0.0), max(resets.values(), default=0.0)


def _number(text: str | None, unit: float) -> float:
    try:
        value = float(text or "") * unit
    except ValueError:
        return 0.0
    return value if math.isfinite(value) else 0.0


def _until(text: str, now: datetime) -> float:
    date = _date(text)
    return 0.0 if date is None else (date - now).total_seconds()


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def _seconds(text: str) -> float:
    """Returns the length of `1m30s`, `20ms` or `12 seconds`; 0 for other texts."""
    text = text.strip().lower()
    if not _DURATION.fullmatch(text):
        return 0.0
    return sum(
        float(number) * _UNITS["ms" if unit == "milli" else unit]
        for number, unit in _PARTS.findall(text)
    )
