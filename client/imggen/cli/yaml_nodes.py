"""YAML as nodes, which have line numbers; what is no YAML is refused with its line."""

from pathlib import Path
from typing import Any

import yaml
from yaml.composer import ComposerError
from yaml.nodes import Node, ScalarNode
from yaml.reader import ReaderError

from imggen.cli.input_files import FileWrong

_DEEPEST = 20
_HINTS = (
    ("mapping values are not allowed", "put a text with a colon in quotes, and align the fields"),
    (r"found character '\t'", "indent with spaces, not with tabs"),
    ("that cannot start any token", "put the text in quotes"),
    ("found undefined alias", "put a text that starts with * in quotes"),
    ("found undefined tag handle", "put a text that starts with ! in quotes"),
    ("found unknown escape", r"in double quotes write \\ for \, or use single quotes"),
    ("found another document", "put one story into a file, without a line of ---"),
    ("expected <block end>", "check how far the line is indented, and its quotes and dashes"),
    ("could not find expected ':'", "write each field as `name: value`"),
    ("found unexpected end of stream", "close the quotes"),
)


def compose(path: Path, text: str) -> Node | None:
    """Returns the root of a YAML document, None for an empty one; raises FileWrong."""
    loader = None
    try:
        loader = _Loader(text)
        return loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise FileWrong([f"{path}:{line}: is not YAML: {_problem(error)}"]) from error
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        wrong = f"{path}:{line}: has the character {_code(error.character)}, which no text shows"
        raise FileWrong([f"{wrong}; remove it"]) from error
    except (ValueError, OverflowError) as error:  # as `"\UFFFFFFFF"`, of which there is none
        assert loader is not None, "the constructor raises errors of YAML"
        line = loader.line + 1
        wrong = f"{path}:{line}: has an escape that stands for no character; write the character"
        raise FileWrong([wrong]) from error


class _Loader(yaml.SafeLoader):
    """A loader that refuses what no story needs, and reads characters written as two escapes."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        """Composes a node and those in it."""
        if self._depth == _DEEPEST:
            deep = f"more than {_DEEPEST} levels are nested; put a text with [ in quotes"
            event: Any = self.peek_event()  # type: ignore[no-untyped-call]
            raise ComposerError(None, None, deep, event.start_mark)
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def compose_scalar_node(self, anchor: dict[Any, Node]) -> ScalarNode:
        """Composes a text; JSON writes some characters as two escapes, which belong together."""
        node = super().compose_scalar_node(anchor)
        try:
            node.value.encode()
        except UnicodeEncodeError:
            node.value = _whole(node)
        return node


def _whole(node: ScalarNode) -> str:
    try:
        return str(node.value).encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeDecodeError as error:
        half = next(one for one in node.value if "\ud800" <= one <= "\udfff")
        wrong = rf"\u{ord(half):04x} is half a character; write the character itself"
        raise ComposerError(None, None, wrong, node.start_mark) from error


def _problem(error: yaml.MarkedYAMLError) -> str:
    """Returns what is wrong, and what to do about it where that is known."""
    said = ", ".join(filter(None, (error.context, error.problem)))
    hints = [hint for problem, hint in _HINTS if problem in said]
    return "; ".join([said, *hints[:1]])


def _code(character: object) -> str:
    number = character if isinstance(character, int) else ord(str(character))
    return f"U+{number:04X}"
