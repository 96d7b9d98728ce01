"""The gRPC and HTTP endpoints: calls arrive, are logged and counted, and errors become Statuses.

What a call does is in `server.services`; nothing here depends on it.
"""
