"""The gate of texts, which all gateways and workers of a test process share."""

from functools import cache

from server.safety.gate import TextGate, load_gate


@cache
def text_gate() -> TextGate:
    """Returns the gate; to read its lists takes longer than most tests."""
    return load_gate()
