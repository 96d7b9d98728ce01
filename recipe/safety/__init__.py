"""The corpus of the text gate, and its measurement."""
