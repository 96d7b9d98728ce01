"""Child processes of the benchmarks: the measured processes and their load."""
