"""Admission: a request becomes committed rows with its money held, or an error.

`server.requests` has read it before; `server.replies` makes the answer after.
"""
