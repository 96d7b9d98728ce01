"""Providers: what draws pictures, on the cluster's own machines or over the network.

One module per provider, each with its own SDK; all have the interface in `base`.
"""
