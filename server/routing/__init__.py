"""Routing: the catalogue of models, and the choice of the one that draws a request.

It knows the catalogue and the wish; nothing here reads the store, or a request's message.
"""
