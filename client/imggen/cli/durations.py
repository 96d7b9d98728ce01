"""Durations as people say them."""

from datetime import timedelta


def spoken(duration: timedelta) -> str:
    """Returns a duration in its two largest units, for instance `20 h 30 min`, rounded up."""
    seconds = -(-duration // timedelta(seconds=1))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3_600:
        return _two(seconds // 60, "min", seconds % 60, "s")
    minutes = -(-seconds // 60)
    return _two(minutes // 60, "h", minutes % 60, "min")


def _two(more: int, unit: str, less: int, smaller: str) -> str:
    return f"{more} {unit} {less} {smaller}" if less else f"{more} {unit}"
