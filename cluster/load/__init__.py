"""imggen for load tests, with ghz configurations.

Nothing here measures: ghz does, and prints its own report.
"""
