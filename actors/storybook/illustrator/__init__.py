"""Draws the pictures that the storybook checkpoint is trained on, and says what it drew.

It is the recipe's, never the service's: nothing that generates a picture imports it.
"""

from actors.storybook.illustrator.attributes import Character, Scene
from actors.storybook.illustrator.drawing import Box, Drawing, Illustrator, draw

__all__ = ["Box", "Character", "Drawing", "Illustrator", "Scene", "draw"]
