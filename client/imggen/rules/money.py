"""Amounts of money as people read them."""

MICROS = 1_000_000
"""The millionths of a US dollar in one."""

_SHOWN = 100


def is_amount(dollars: float) -> bool:
    """Returns whether an amount in US dollars is nothing, or at least a millionth."""
    return dollars == 0 or dollars * MICROS >= 1


def dollars(micros: int, nothing: str = "free") -> str:
    """Returns an amount in US dollars: never as zero where it is more, and nothing in a word.

    It is rounded to the nearest digit shown, as what was spent is.
    """
    return _text(micros, nothing, _round(micros))


def at_most(micros: int, nothing: str = "free") -> str:
    """Returns the most that something can cost as `dollars` does, rounded up.

    A limit of the amount shown covers it.
    """
    return _text(micros, nothing, -(-micros // _SHOWN) * _SHOWN)


def exactly(micros: int, nothing: str = "free") -> str:
    """Returns an amount as `dollars` does, with as many digits as it has.

    No price above a limit that is shown so is shown as equal to it by `at_most`.
    """
    return _text(micros, nothing, micros)


def apart(more: int, less: int, nothing: str = "free") -> tuple[str, str]:
    """Returns a price and a lower one as `at_most` does, with digits enough to differ."""
    shown = at_most(more, nothing), at_most(less, nothing)
    return shown if len(set(shown)) == 2 else (exactly(more, nothing), exactly(less, nothing))


def _round(micros: int) -> int:
    return round(micros / _SHOWN) * _SHOWN


def _text(micros: int, nothing: str, shown: int) -> str:
    if not micros:
        return nothing
    amount = shown if micros >= _SHOWN else micros
    return f"${amount / MICROS:.{6 if amount % _SHOWN else 4}f}"
