"""Finishing: enlarges the model's picture, and makes the forms that are stored.

Pictures in, pictures out: no Ray, no store and no storage.
"""
