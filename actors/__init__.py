"""The data plane: the worker, the models and all they need; no gateway code is imported."""
