"""The entry point of the command: its subcommands, and the exit codes of errors."""

from collections.abc import Sequence

import click

from imggen.cli.admin import admin
from imggen.cli.batches import batch
from imggen.cli.budgets import budget, spend
from imggen.cli.consoles import echo
from imggen.cli.durations import spoken
from imggen.cli.events import events
from imggen.cli.jobs import cancel, jobs, retry, watch
from imggen.cli.library import characters, stories, styles
from imggen.cli.pictures import download, image, images, portrait, regenerate, scene
from imggen.cli.progress import Interrupted
from imggen.cli.routes import explain, providers
from imggen.cli.story import story
from imggen.cli.top import top
from imggen.errors import ImggenError, reason_name

FAILED = 1
INTERRUPTED = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="imggen")
def imggen() -> None:
    """Illustrate stories: portraits of characters, and scenes in which they look the same.

    Four commands make a character, its portrait, a story and the picture of a page. Each
    prints the id that the next one needs:

    \b
      imggen characters create --name Mia --age 7 --hair "curly red hair"
      imggen portrait CHARACTER_ID --style watercolor --output mia.png
      imggen stories create --title "The Map" --style watercolor --page "Mia finds a map."
      imggen scene STORY_ID 1 --character CHARACTER_ID --output page1.png

    Or write a whole story into a file and draw it with one command: `imggen story --help`.

    The server's address and your token come from --server and --token, or from the
    environment variables IMGGEN_SERVER and IMGGEN_TOKEN. With --json every command prints
    JSON, with the field names of the gRPC contract.
    """


for command in (
    *(portrait, scene, regenerate, watch, download, image, images),
    *(story, batch, characters, stories, styles, jobs, cancel, retry, events, spend, budget),
    *(providers, explain, top, admin),
):
    imggen.add_command(command)


def run(arguments: Sequence[str] | None = None) -> int:
    """Runs the command with these arguments, or those of the process; returns the exit code."""
    try:
        code = imggen.main(arguments, prog_name="imggen", standalone_mode=False)
    except click.ClickException as wrong:
        wrong.show()
        return wrong.exit_code
    except Interrupted as interrupted:
        echo(f"\nimggen: {interrupted}", err=True)
        return INTERRUPTED
    except click.Abort:
        echo("\nimggen: interrupted", err=True)
        return INTERRUPTED
    except (ImggenError, OSError) as error:
        echo(f"imggen: {describe(error)}", err=True)
        return FAILED
    return code if isinstance(code, int) else 0


def describe(error: ImggenError | OSError) -> str:
    """Returns an error as one line: its reason, every bad field, and when to retry."""
    if not isinstance(error, ImggenError):
        return str(error)
    # The server's last violation has no field if it counts the violations left out.
    what = "; ".join(
        f"{bad.field}: {bad.description}" if bad.field else bad.description
        for bad in error.violations
    )
    line = f"{reason_name(error.reason) or error.code.name}: {what or error.message}"
    if error.about:
        line += f" [{', '.join(error.about)}]"
    if error.retry_after is not None:
        line += f" (try again in {spoken(error.retry_after)})"
    return " ".join(line.split())
