"""How well pages are read: a corpus of pages labelled by hand, and the measures on it."""
