"""The tests: unit (no processes), integration (real parts), slow, and benchmarks."""
