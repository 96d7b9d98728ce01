"""Models for load and fault tests, shipped with the rest: scripted ones and stored pictures.

Only tests and benchmarks import it, and only `cluster/serve/bench.yaml` deploys it.
"""
