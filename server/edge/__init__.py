"""The gRPC and HTTP endpoints: how calls arrive, are logged and counted, and how errors leave.

Nothing here knows what a call is for; that is `server.services`.
"""
