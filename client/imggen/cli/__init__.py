"""The `imggen` command; its dependencies are the extra `cli` of this package."""

import os
import re
import sys
from importlib.metadata import PackageNotFoundError, requires

from imggen.printing import all_written, never_raising

_EXTRAS = {
    "cli": ["click", "pyyaml", "rich"],
    "verify": ["c2pa-python", "numpy", "pillow"],
}


def main() -> None:
    """Runs the command and exits with its code, or names the libraries that it lacks."""
    # gRPC's own log lines would break the progress bar; errors are raised as exceptions.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    never_raising()
    try:
        from imggen.cli.app import run
    except ModuleNotFoundError as missing:
        library = (missing.name or "").partition(".")[0]
        if library not in ("click", "rich", "yaml"):
            raise
        sys.exit(f"imggen: the command needs {library}: {how_to_install()}")
    try:
        code = run()
    finally:
        written = all_written()
    sys.exit(code if written else code or 1)


def how_to_install(extra: str = "cli") -> str:
    """Returns what installs the libraries of an extra, wherever the package came from."""
    try:
        needed = [each for each in requires("imggen") or () if re.search(f"extra.*{extra}", each)]
        needed = needed or _EXTRAS[extra]  # of an older version, which lacked the extra
    except PackageNotFoundError:  # a checkout on the path, which was not installed
        needed = _EXTRAS[extra]
    # The package itself is on no index, so `imggen[cli]` would be looked for in vain.
    return " ".join(["pip install", *(repr(each.split(";")[0].strip()) for each in needed)])
