"""Looks for the watermark in a file: `python -m imggen.watermark FILE`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from imggen.watermark.pattern import PUBLIC_KEY
from imggen.watermark.reading import NotRead, told, watermark_of


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints what was found; returns 0 for a mark, 1 for none, 2 for a file that is not read."""
    parser = argparse.ArgumentParser(
        prog="python -m imggen.watermark",
        description="Says whether a picture has the watermark of imggen. Exits with 1 if not.",
    )
    parser.add_argument("file", type=Path, help="a picture")
    parser.add_argument("--key", default=PUBLIC_KEY, help="the service's key (the public one)")
    said = parser.parse_args(arguments)
    try:
        mark = watermark_of(said.file.read_bytes(), said.key)
    except (NotRead, OSError) as error:
        print(f"{said.file}: {error}", file=sys.stderr)  # the command's output
        return 2
    print(f"{said.file}: {told(mark)}")  # the command's output
    return 0 if mark else 1


if __name__ == "__main__":
    sys.exit(main())
