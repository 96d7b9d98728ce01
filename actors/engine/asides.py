"""Asides: what is done beside a picture, and must not cost it."""

import logging
from collections.abc import Callable
from typing import TypeVar

from actors.engine.faults import is_fault
from actors.engine.render import RenderCancelled

_T = TypeVar("_T")
_log = logging.getLogger(__name__)


class Asides:
    """The asides of one render: its previews, its records, its traces and who hears its steps.

    One that fails is told once, however often it fails, and the picture is drawn on.
    """

    def __init__(self, render: str) -> None:
        self._render = render
        self._told: set[str] = set()

    def do(self, aside: str, work: Callable[[], _T]) -> _T | None:
        """Returns what an aside makes; None where it fails.

        A fault of the device is the picture's, too, and is raised; so is RenderCancelled, which is
        how a listener ends a render.
        """
        try:
            return work()
        except RenderCancelled:
            raise
        except Exception as error:
            if is_fault(error):
                raise
            if aside not in self._told:
                self._told.add(aside)
                why = f"{type(error).__name__}: {error}"
                about = {"render": self._render, "aside": aside, "error": why}
                _log.warning("drawn without", extra=about)
        return None
