"""The one place where the command prints: no name raises there, and the terminal obeys none."""

import sys
from collections.abc import Iterable

import click
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from imggen.printing import fitting, printable


def echo(text: str = "", *, err: bool = False, nl: bool = True) -> None:
    """Prints a text to stdout, or to stderr."""
    click.echo(shown(text, err=err), err=err, nl=nl)


def beside(text: str) -> None:
    """Prints what is said beside a table: in a pipe to stderr, for stdout has its rows alone."""
    echo(text, err=not on_terminal())


def confirm(question: str) -> bool:
    """Asks on stderr; raises click.Abort where nobody answers."""
    return click.confirm(shown(question, err=True), err=True)


def shown(text: str, *, err: bool = False) -> str:
    """Returns a text as it is printed, so that its width can be measured."""
    encoding = getattr(sys.stderr if err else sys.stdout, "encoding", None) or "utf-8"
    return fitting(printable(text), encoding)


def hidden(name: str) -> str:
    """Asks on stderr for something that is not shown as it is typed."""
    return str(click.prompt(name, hide_input=True, err=True))


def on_terminal(*, err: bool = False) -> bool:
    """Returns whether stdout, or stderr, is a terminal; it may be closed.

    It is not rich that is asked: FORCE_COLOR and the like make it call a pipe a terminal.
    """
    stream = sys.stderr if err else sys.stdout
    return stream is not None and stream.isatty()


def console(*, err: bool = False) -> Console:
    """Returns a console for tables and bars, which shows texts as they are."""
    return _Console(stderr=err, highlight=False, markup=False)


class _Console(Console):
    """A console whose texts do nothing to the terminal."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Renders something, without the control characters that texts may hold."""
        for segment in super().render(renderable, options):
            text = segment.text if segment.control else printable(segment.text)
            yield segment if text == segment.text else Segment(text, segment.style)
