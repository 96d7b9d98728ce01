"""Runs the command as `python -m imggen.cli`."""

from imggen.cli import main

main()
