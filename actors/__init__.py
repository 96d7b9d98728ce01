"""The data plane: the worker, the models and what they need. Imports nothing of the gateway."""
