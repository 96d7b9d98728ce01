"""The engine: warm models that turn a prompt into a picture, with previews, in plain Python.

No Ray, no store and no storage: a test or a benchmark runs it without a cluster.
"""
