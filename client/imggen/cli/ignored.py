"""Options that would be accepted and change nothing: refused before anything is asked for."""

import click
from click.core import ParameterSource


def refuse_typed(reason: str, *options: str) -> None:
    """Raises UsageError for the first of these options that was typed: `--kind` and the reason."""
    context = click.get_current_context()
    for option in options:
        if context.get_parameter_source(option) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"--{option.replace('_', '-')} {reason}", context)


def refuse_unsaved(*, saves: bool, waits: bool = True) -> None:
    """Refuses options of saving where nothing is saved, for lack of --output or of a wait."""
    if not waits:
        refuse_typed("saves nothing with --no-wait; leave one of them out", "output")
    if not (saves and waits):
        why = "is for a picture that --output saves" if waits else "saves nothing with --no-wait"
        refuse_typed(f"{why}; leave it out", "kind", "force")
