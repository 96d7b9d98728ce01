"""Prompts: a job's content in the words that a model was trained on.

No models, no store and no storage: content in, words out.
"""
