"""Captions: what a drawing shows, in the words of the grammar that prompts are written in too."""

from actors.storybook.grammar import caption, describe

__all__ = ["caption", "describe"]
