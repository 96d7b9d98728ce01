"""The command that lets a shell complete the words of `imggen`."""

import click
from click.shell_completion import get_completion_class

from imggen.cli.session import Output, local

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@local
def completion(session: Output, shell: str) -> None:
    """Print what a shell needs to complete commands and options; it has to find `imggen`.

    \b
    Examples:
      source <(imggen completion bash)                       # in ~/.bashrc; bash 4.4 or newer
      source <(imggen completion zsh)                        # in ~/.zshrc, after compinit
      imggen completion fish > ~/.config/fish/completions/imggen.fish
    """
    found = get_completion_class(shell)
    assert found is not None, "click completes in these shells"
    root = click.get_current_context().find_root().command
    script = found(root, {}, "imggen", "_IMGGEN_COMPLETE").source()
    session.document(script, shell=shell, script=script)
