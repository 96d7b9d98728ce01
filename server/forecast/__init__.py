"""Forecasts: when jobs and batches should end, from measured times.

It imports the domain only; its measurements are passed in.
"""
