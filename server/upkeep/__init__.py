"""Upkeep: what gateways do beside their calls, one at a time in the whole fleet.

Nothing here serves a call: no requests, no replies and no messages.
"""
