"""The recipe of the storybook checkpoint: drawing, training and evaluation.

It is run by hand, and is in no image and no deployment. It may import `actors`; nothing imports it.
"""
