"""Who is calling: tokens, the keys that check them, and the caller of the current RPC.

Nothing here reads requests or the store.
"""
