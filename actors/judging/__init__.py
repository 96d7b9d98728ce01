"""Judging: whether a picture shows who it should, by a network that the generator does not share.

No Ray, no store and no storage.
"""
