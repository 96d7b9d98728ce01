"""Benchmarks: `python -m benchmarks` measures imggen, and prints medians with their settings.

Nothing imports it but tests, and it asserts nothing: what must hold is in `tests`.
"""
