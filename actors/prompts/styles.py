"""Styles: the one of the grammar's six that each style is drawn in."""

from dataclasses import dataclass

from actors.prompts.reading import Reading
from actors.prompts.told import SHOWN, Told
from actors.storybook import attributes as drawn
from actors.storybook.vocabulary.acting import STYLES
from server.domain.scenes import LossKind
from server.domain.styles import Style


@dataclass(frozen=True, slots=True)
class DrawnStyle:
    """A style as it is drawn; an `exact` one is drawn as itself."""

    style: drawn.Style
    exact: bool

    @property
    def word(self) -> str:
        """The style in a word or two: `watercolor`, `3d render`."""
        return self.style.removesuffix(" style")


def drawn_style(style: Style) -> DrawnStyle:
    """Returns as what a style is drawn: known by its id or its template, else as a storybook."""
    found = Reading(style.id).take(STYLES) or Reading(style.prompt_template).take(STYLES)
    if found is None:
        return DrawnStyle(drawn.Style.STORYBOOK, exact=False)
    return DrawnStyle(drawn.Style(found.meaning), exact=not found.bent)


def told_style(style: Style) -> Told:
    """Returns what a style tells, by its id."""
    found = drawn_style(style)
    return Told(style.id, LossKind.STYLE, SHOWN, "" if found.exact else found.word)
