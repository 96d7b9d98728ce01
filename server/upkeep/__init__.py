"""Upkeep: what every gateway does beside its calls, one at a time in the whole fleet."""
