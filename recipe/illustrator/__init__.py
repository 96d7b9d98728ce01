"""Draws the pictures that the storybook checkpoint is trained on, with their boxes and masks.

Only the recipe uses it: nothing that generates a picture imports it.
"""

from recipe.illustrator.attributes import Character, Scene
from recipe.illustrator.drawing import Box, Drawing, Illustrator, draw

__all__ = ["Box", "Character", "Drawing", "Illustrator", "Scene", "draw"]
