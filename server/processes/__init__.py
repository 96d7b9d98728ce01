"""Several gateway processes on the same ports, which look like one gateway from outside.

A supervisor starts them, restarts one that ends, drains them all, and answers for them on the
metrics port. The kernel divides new connections among them (SO_REUSEPORT).
"""
