"""Tells characters apart in pictures: the networks that judge, which know nothing of drawing.

They are trained on drawings, but import nothing that draws: whoever serves may import them.
"""
