"""Benchmarks: `python -m benchmarks` measures, and prints medians with their settings."""
