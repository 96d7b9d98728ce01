"""Styles: the words that every prompt in a style carries."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Style:
    """One version of an art style."""

    id: str
    version: int
    display_name: str
    description: str
    prompt_template: str
    negative_prompt: str
