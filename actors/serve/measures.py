"""Measures: what a replica measures of its pictures, and what must not cost one."""

import logging
from collections.abc import Callable

_log = logging.getLogger(__name__)


class Measures:
    """Takes the measures of a replica; the first one that fails is told, and no other."""

    def __init__(self) -> None:
        self._is_told = False

    def take(self, measure: Callable[[], None]) -> None:
        """Takes one."""
        try:
            measure()
        except Exception as error:  # whatever it is, the picture is drawn
            if not self._is_told:
                self._is_told = True
                _log.warning("not measured", extra={"error": f"{type(error).__name__}: {error}"})
