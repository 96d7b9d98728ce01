"""Captions: the contents of a drawing in the grammar, in which prompts are written too."""

from actors.storybook.grammar import caption, describe

__all__ = ["caption", "describe"]
