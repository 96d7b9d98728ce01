"""Admission: what a caller asked for becomes committed rows, with its money held, or an error.

Requests were read before, in `server.requests`; answers are made after, in `server.replies`.
"""
