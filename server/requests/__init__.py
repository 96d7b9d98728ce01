"""Requests become values or violations: fields, masks, filters, page tokens, cursors, keys.

Nothing here writes; what needs a transaction is in `server.admission`.
"""
