"""Child processes of the benchmarks: what is measured, and who loads it, each in a process of its own."""
