"""Judging: whether a picture shows the right characters, by networks the generator does not use.

No Ray, no store and no storage.
"""
