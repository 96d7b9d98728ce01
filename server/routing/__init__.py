"""Routing: the catalogue of models, and the choice of the one that draws a request."""
