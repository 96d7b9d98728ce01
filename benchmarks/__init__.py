"""Benchmarks: `python -m benchmarks` measures imggen, and prints medians with their settings."""
