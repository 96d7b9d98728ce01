"""Trains the storybook checkpoint: `python -m actors.storybook.train --help`."""

from actors.storybook.training.command import main

if __name__ == "__main__":
    main()
