"""Replies: the domain's values become messages of the contract.

Nothing here reads the store.
"""
