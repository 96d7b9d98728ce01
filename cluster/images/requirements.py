"""Prints what an image installs: `python requirements.py EXTRA... [--without NAME]`, one per line.

It is the client's dependencies and those extras of the service; nothing of ours is built, since the
code is copied into the image last.
"""

import argparse
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

_NAME = re.compile(r"[A-Za-z0-9._-]+")


def requirements(folder: Path, extras: Iterable[str], without: Iterable[str] = ()) -> list[str]:
    """Returns the requirements of the client and of the service's extras; raises KeyError."""
    client = tomllib.loads((folder / "client" / "pyproject.toml").read_text())["project"]
    service = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    offered = service["optional-dependencies"]
    wanted = [*client["dependencies"], *(each for extra in extras for each in offered[extra])]
    return [each for each in dict.fromkeys(wanted) if name_of(each) not in set(without)]


def name_of(requirement: str) -> str:
    """Returns the name of the package that a requirement asks for."""
    found = _NAME.match(requirement)
    assert found is not None, requirement
    return found[0]


def main() -> None:
    """Runs the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("extras", nargs="+", metavar="EXTRA")
    parser.add_argument("--without", action="append", default=[], metavar="NAME")
    options = parser.parse_args()
    print("\n".join(requirements(Path.cwd(), options.extras, options.without)))


if __name__ == "__main__":
    main()
