"""Measures the text gate: `python -m recipe.safety --help`."""

import sys

from recipe.safety.command import main

if __name__ == "__main__":
    sys.exit(main())
