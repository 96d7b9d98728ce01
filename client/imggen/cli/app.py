"""The entry point of the command: its subcommands, and how a run of it ends."""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress

import click

from imggen.cli.admin import admin
from imggen.cli.batches import batch
from imggen.cli.budgets import budget, spend
from imggen.cli.completion import completion
from imggen.cli.config import config
from imggen.cli.events import events
from imggen.cli.exits import UNREAD, exit_table
from imggen.cli.jobs import cancel, jobs, retry, watch
from imggen.cli.library import characters, stories, styles
from imggen.cli.pictures import delete, download, image, images, portrait, regenerate, scene
from imggen.cli.progress import Interrupted
from imggen.cli.reports import asks_json, report
from imggen.cli.routes import explain, providers
from imggen.cli.session import kept_options
from imggen.cli.story import story
from imggen.cli.top import top
from imggen.cli.upscales import upscale
from imggen.cli.verify import verify
from imggen.cli.versions import version
from imggen.errors import ImggenError
from imggen.release import VERSION


class PipeClosed(Exception):
    """The reader of the output has ended."""


class Root(click.Group):
    """The command, which click would end with an exit code of its own where a pipe is closed."""

    def invoke(self, ctx: click.Context) -> object:
        """Runs the subcommand; raises PipeClosed where nobody reads what it prints."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise PipeClosed from error


@click.group(
    cls=Root,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=f"\b\nExit codes:\n{exit_table()}",
)
@click.version_option(VERSION)
def imggen() -> None:
    """Illustrate stories: portraits of characters, and scenes in which they look the same.

    Four commands make a character, its portrait, a story and the picture of a page. Each
    prints the id that the next one needs:

    \b
      imggen characters create --name Mia --age 7 --hair "curly red hair"
      imggen portrait CHARACTER_ID --style watercolor --output mia.jpg
      imggen stories create --title "The Map" --style watercolor --page "Mia finds a map."
      imggen scene STORY_ID 1 --character CHARACTER_ID --output page1.jpg

    Or write a whole story into a file and draw it with one command: `imggen story --help`.

    The server's address and your token come from --server and --token, else from --profile, else
    from the environment variables IMGGEN_SERVER and IMGGEN_TOKEN, else from the default profile
    (`imggen config --help`).

    In a pipe, a table has a line for each row and tabs between its columns, and stderr what is said
    beside it. With --json, before or
    after its name, every command prints JSON, with the field names of the gRPC contract; an error
    is then one object in one line, the last line of stderr: {"error": {"code", "message", ...}}.
    """


def _take_kept_options(command: click.Command) -> None:
    """Adds --json and --profile to a command, and to all of a group."""
    command.params.extend(kept_options())
    for each in command.commands.values() if isinstance(command, click.Group) else ():
        _take_kept_options(each)


for command in (
    *(portrait, scene, regenerate, upscale, watch, download, image, images, delete),
    *(story, batch, characters, stories, styles, jobs, cancel, retry, events, spend, budget),
    *(providers, explain, top, admin, config, completion, version, verify),
):
    imggen.add_command(command)
_take_kept_options(imggen)


def run(arguments: Sequence[str] | None = None) -> int:
    """Runs the command with these arguments, or those of the process; returns the exit code."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    try:
        code = imggen.main(words, prog_name="imggen", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
    except (PipeClosed, BrokenPipeError):
        _forget_output()
        return UNREAD
    except (click.ClickException, click.Abort, Interrupted, ImggenError, OSError) as wrong:
        return report(wrong, as_json=asks_json(words))
    return code if isinstance(code, int) else 0


def _forget_output() -> None:
    """Lets nothing be written to a pipe that nobody reads: Python flushes it again at its end."""
    with suppress(OSError):  # a test's stdout has no descriptor
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
