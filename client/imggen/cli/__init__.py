"""The `imggen` command; its dependencies are the extra `imggen[cli]`."""

import os
import sys

from imggen.printing import all_written, never_raising


def main() -> None:
    """Runs the command and exits with its code, or names the extra that is not installed."""
    # gRPC's own log lines would break the progress bar; errors are raised as exceptions.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    never_raising()
    try:
        from imggen.cli.app import run
    except ModuleNotFoundError as missing:
        library = (missing.name or "").partition(".")[0]
        if library not in ("click", "rich", "yaml"):
            raise
        sys.exit(f"imggen: the command needs {library}: pip install 'imggen[cli]'")
    try:
        code = run()
    finally:
        written = all_written()
    sys.exit(code if written else code or 1)
