"""The corpus of the text gate, and what the gate makes of it.

`written` is the half that the lists and rules were made with; `held_back` was written at the same
time and is never used to change them.
"""
