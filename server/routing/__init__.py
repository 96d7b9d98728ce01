"""Chooses the model that draws: the catalogue of models and the offers they make."""
