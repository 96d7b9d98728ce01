"""Forecasts: when jobs and batches should end, from measured times.

It knows the domain alone; what it looks at is handed to it.
"""
