"""The vocabulary: the meaning of free words in the grammar of the storybook checkpoint.

Each table maps a value of an attribute to the words that mean it, including the grammar's own,
and apart from those to the words that it only stands for; nothing else can be drawn.
"""

from collections.abc import Mapping
from types import MappingProxyType

from actors.storybook.table import Table
from actors.storybook.vocabulary import acting, looks, people, places


def tables() -> Mapping[str, Table]:
    """Returns all tables by their names."""
    parts = (people, looks, acting, places)
    return MappingProxyType(
        {
            name: each
            for part in parts
            for name, each in vars(part).items()
            if isinstance(each, Table)
        }
    )
