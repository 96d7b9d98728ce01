"""Measures a storybook checkpoint: `python -m recipe.evaluate --help`."""

import sys

from recipe.evaluation.command import main

if __name__ == "__main__":
    sys.exit(main())
