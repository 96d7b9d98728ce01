"""Child processes of the benchmarks: what is measured, and what loads it."""
