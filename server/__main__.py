"""The gateway's command: `python -m server` serves; `--help` lists the rest."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from pydantic import ValidationError

from imggen.printing import never_raising
from imggen.release import VERSION
from server.causes import CannotStart
from server.commands import allowing, migrating, minting, serving, showing, sweeping, turning_on
from server.errors import Unavailable
from server.storage.base import StorageFull, StorageRefused

_ABOUT = """\
Serves the imggen API over gRPC until SIGTERM or Ctrl-C, then drains.

Settings come from environment variables, see `python -m server settings`. It needs a
database that was migrated and a storage:

  export IMGGEN_DATABASE_URL=postgresql://user:password@host/imggen
  export IMGGEN_STORAGE_URL=s3://bucket/folder
  python -m server migrate
  python -m server
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit status: 2 for what only other settings mend."""
    never_raising()
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        status = command(options)
        sys.stdout.flush()
    except ValidationError as error:
        from server.start_errors import explain

        for line in explain(error):
            print(f"error: {line}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # as in `python -m server settings | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # flushed again at exit
        return 1
    except CannotStart as error:
        print(f"error: {error}", file=sys.stderr)
        return 2 if error.lasting else 1
    except StorageRefused as error:
        print(f"error: {error}", file=sys.stderr)
        return 1 if isinstance(error, StorageFull) else 2
    except (Unavailable, OSError, RuntimeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m server",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    serving.add_options(parser)
    parser.add_argument("--version", action="version", version=f"imggen {VERSION}")
    commands = parser.add_subparsers(title="other commands", metavar="COMMAND")
    for command in (migrating, minting, turning_on, sweeping, allowing, showing):
        command.add(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
