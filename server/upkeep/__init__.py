"""Upkeep: what gateways do beside their calls, one at a time in the whole fleet."""
