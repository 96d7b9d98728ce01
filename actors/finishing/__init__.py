"""Finishing: what the model gave becomes larger, and the forms that are stored.

Pictures in, pictures out: no Ray, no store and no storage.
"""
