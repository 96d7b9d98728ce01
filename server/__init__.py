"""The control plane: the gateway, and the store, storage and domain it shares with workers."""
