"""Classifiers: models that say what a text is about, asked before anything is drawn from it.

They know neither jobs nor the store: the worker decides what a verdict, or none, means.
"""
