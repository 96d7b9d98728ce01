"""Amounts of money as people read them."""

MICROS = 1_000_000
"""The millionths of a US dollar in one."""

_SMALL = 100


def is_amount(dollars: float) -> bool:
    """Returns whether an amount in US dollars is nothing, or at least a millionth."""
    return dollars == 0 or dollars * MICROS >= 1


def dollars(micros: int, nothing: str = "free") -> str:
    """Returns an amount in US dollars: never as zero where it is more, and nothing in a word."""
    if not micros:
        return nothing
    digits = 4 if micros >= _SMALL else 6
    return f"${micros / MICROS:.{digits}f}"
