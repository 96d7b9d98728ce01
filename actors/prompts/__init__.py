"""Prompts: a job's content in the words that a model was trained on."""
