"""Pictures: files of any kind in, the pixels that a viewer shows out.

No Ray, no torch, no store and no storage: the models read pictures by it, and so does the worker.
"""
