"""Lexicon: what the words of children's stories mean to a picture."""
