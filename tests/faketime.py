"""The clock of a process as a test sets it: Debian's libfaketime, which `make faketime` takes."""

from pathlib import Path

import pytest

from tests.markdown import ROOT

_PLACES = (ROOT / ".tools" / "faketime", *Path("/usr/lib").glob("*/faketime"))
_NAME = "libfaketimeMT.so.1"


class FakeTime:
    """A process's wall clock; `environment` gives it to the process, `set_to` moves it."""

    def __init__(self, folder: Path) -> None:
        """Skips the test where there is no libfaketime."""
        found = next((at / _NAME for at in _PLACES if (at / _NAME).exists()), None)
        if found is None:
            pytest.skip("skipped: there is no libfaketime; `make faketime` takes it from Debian")
        self._file = folder / "time"
        self.environment = {
            "LD_PRELOAD": str(found),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DONT_RESET": "1",
        }

    def set_to(self, offset: str) -> None:
        """Sets the clock so far from the real one, like `+1h`, at once and for good."""
        partial = self._file.with_name("partial")
        partial.write_text(f"{offset}\n")
        partial.replace(self._file)
