"""Tables that break no word: on a terminal in columns or blocks, in a pipe a line for each row."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from rich.cells import cell_len
from rich.console import Group
from rich.table import Table
from rich.text import Text

from imggen.cli.consoles import console, echo, on_terminal, shown

_GAP = 2
"""The columns between two of a table."""
_BREAKS = re.compile("[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+")
"""What ends a field or a line of a pipe, for whatever reads it."""

Rows = Sequence[Sequence[str]]


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], say: Callable[[str], None] = echo
) -> None:
    """Prints a table: for people on a terminal, whose first column never wraps, else with tabs.

    `say` prints the one with tabs.
    """
    listed = [tuple(row) for row in rows]
    if on_terminal():
        screen = console()
        cells = [tuple(map(shown, row)) for row in listed]
        screen.print(Group(*tables(columns, cells, screen.width)))
    else:
        say("\n".join(map(tabbed, [tuple(columns), *listed])))


def tabbed(fields: Iterable[str]) -> str:
    """Returns fields as a line of a pipe, with tabs between them and none within."""
    return "\t".join(_BREAKS.sub(" ", field).strip() for field in fields)


def tables(columns: Sequence[str], rows: Rows, width: int) -> Iterator[Table | Text]:
    """Yields a table of so many columns at most, whose first one never wraps, or its rows' blocks.

    A block has the first value, then the others with their names.
    """
    widths = _widths(columns, rows, width)
    if widths is not None:
        table = Table(box=None, pad_edge=False)
        for column, room in zip(columns, widths, strict=True):
            table.add_column(column, width=room, overflow="fold")
        for row in rows:
            table.add_row(*row)
        yield table
        return
    for first, *others in rows:
        yield Text(first, overflow="fold")
        told = [f"{name} {value}" for name, value in zip(columns[1:], others, strict=True) if value]
        yield from (Text(f"  {line}", overflow="fold") for line in _lines(told, width - _GAP))


def _widths(columns: Sequence[str], rows: Rows, width: int) -> list[int] | None:
    """Returns how wide each column is; None where a word would not fit."""
    cells = [(name, *(row[place] for row in rows)) for place, name in enumerate(columns)]
    full = [max(map(cell_len, column)) for column in cells]
    least = [full[0], *map(_longest_word, cells[1:])]
    spare = width - sum(least) - _GAP * (len(columns) - 1)
    if spare < 0:
        return None
    # Those that need the least get all of it; the longest text wraps.
    for place in sorted(range(len(columns)), key=lambda place: full[place] - least[place]):
        more = min(spare, full[place] - least[place])
        least[place] += more
        spare -= more
    return least


def _longest_word(texts: Sequence[str]) -> int:
    return max((cell_len(word) for text in texts for word in text.split()), default=0)


def _lines(parts: Sequence[str], width: int) -> Iterator[str]:
    """Yields parts in lines of a width; one that is too long for a line is wrapped at its words."""
    line = ""
    for part in parts:
        together = f"{line}{' ' * _GAP}{part}" if line else part
        if line and cell_len(together) > width:
            yield line
            together = part
        line = together
        while cell_len(line) > width and " " in line[:width].strip():
            cut = line.rindex(" ", 0, width + 1)
            yield line[:cut].rstrip()
            line = line[cut:].lstrip()
    if line:
        yield line
