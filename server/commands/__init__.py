"""The commands of `python -m server`: each a module with its options and what it does."""
