"""How a request becomes a value or its violations: fields, masks, filters, tokens, cursors, keys.

What needs a transaction is `server.admission.jobs`; nothing here writes.
"""
