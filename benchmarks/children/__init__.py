"""Child processes of the benchmarks: the measured processes and their load.

Nothing here compares or reports: a child does its work, and prints what it measured.
"""
