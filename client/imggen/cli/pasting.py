"""Commands that are printed for their user to paste: they reach the server of the running one."""

import os
from collections.abc import Iterator, Mapping, Sequence
from shlex import quote
from subprocess import list2cmdline

import click
from click.core import ParameterSource

_CONNECTION = ("server", "token", "ca", "insecure", "profile")


def pasted(*words: str) -> str:
    """Returns a command, quoted for the shell, that reaches the server of the running one.

    It has the connection options that were typed; where it is the running command itself also the
    others, unless `words` have them. What the environment and profiles say holds for it, too.
    """
    context = click.get_current_context(silent=True)
    line = quoted("imggen", *words)
    return line if context is None else " ".join([line, *_typed(context, words)])


def quoted(*words: str) -> str:
    """Returns words as the shell of this system takes them."""
    return list2cmdline(words) if os.name == "nt" else " ".join(map(quote, words))


def _typed(context: click.Context, words: Sequence[str]) -> Iterator[str]:
    """Yields the options that were typed, quoted."""
    path = context.command_path.split()
    same = ["imggen", *words][: len(path)] == path
    for option in context.command.params:
        # A group keeps its command's --profile and --json beside the parameters.
        kept: Mapping[str, object] = context.meta
        name = option.name or ""
        typed = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        typed |= bool(kept.get(f"imggen.{name}.typed"))
        wanted = same or name in _CONNECTION
        if isinstance(option, click.Option) and typed and wanted and option.opts[0] not in words:
            value = context.params.get(name, kept.get(f"imggen.{name}"))
            yield from _option(option, value)


def _option(option: click.Option, value: object) -> Iterator[str]:
    """Yields an option with its value, once for each of several; a flag has none."""
    if option.name == "token":
        yield f"--token {_token(str(value))}"
    elif option.is_flag:
        yield option.opts[0]
    else:
        for each in value if isinstance(value, tuple | list) else [value]:
            yield quoted(option.opts[0], str(each))


def _token(value: str) -> str:
    """Returns the word for a token, which is not shown: the variable that holds it, or one to set.

    A shell of POSIX refuses the command while that one is not set.
    """
    if os.name == "nt":
        return "YOUR_TOKEN"
    named = (name for name, held in os.environ.items() if held == value and name.isidentifier())
    holder = next(named, None)
    return f'"${holder}"' if holder else '"${YOUR_TOKEN:?}"'
