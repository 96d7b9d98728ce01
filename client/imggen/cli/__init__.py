"""The `imggen` command; what it needs comes with the extra `imggen[cli]`."""

import os
import sys


def main() -> None:
    """Runs the command and exits with its code, or says which extra it lacks."""
    # gRPC's own log lines would cut through the progress bar; errors come as exceptions.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    try:
        from imggen.cli.app import run
    except ModuleNotFoundError as missing:
        library = (missing.name or "").partition(".")[0]
        if library not in ("click", "rich", "yaml"):
            raise
        sys.exit(f"imggen: the command needs {library}: pip install 'imggen[cli]'")
    sys.exit(run())
