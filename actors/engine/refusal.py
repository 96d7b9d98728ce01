"""The refusal of a checkpoint."""


class CheckpointRefused(Exception):
    """Raised when a checkpoint's files must not be loaded as a model; names the file."""
