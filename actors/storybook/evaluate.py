"""Measures a storybook checkpoint: `python -m actors.storybook.evaluate --help`."""

import sys

from actors.storybook.evaluation.command import main

if __name__ == "__main__":
    sys.exit(main())
