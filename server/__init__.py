"""The control plane: gateway, domain, store, storage, routing and money."""
