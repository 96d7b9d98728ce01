"""Trains the storybook checkpoint: `python -m recipe.train --help`."""

from recipe.training.command import main

if __name__ == "__main__":
    main()
