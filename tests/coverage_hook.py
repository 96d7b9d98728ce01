"""A coverage plugin that counts lines in processes that never exit by themselves.

coverage (7.10 and later, `patch = ["subprocess"]`) starts itself in every child of a measured
process and saves when the child exits. Ray's workers do not exit: they are killed. So each
child saves its data twice a second; pytest's workers, which do exit and have the most to save,
less often.
"""

import atexit
import os
import threading
from pathlib import Path

from coverage import Coverage
from coverage.plugin_support import Plugins

ROOT = str(Path(__file__).resolve().parent.parent)
INTERVAL_S = 0.5
INTERVAL_OF_PYTEST_S = 2.0
_WORKER = "PYTEST_XDIST_WORKER"


def coverage_init(_registry: Plugins, _options: object) -> None:
    """Runs in every measured process before coverage starts there."""
    is_child = "COVERAGE_PROCESS_CONFIG" in os.environ
    if is_child:
        _save_until_exit()
    else:
        _let_children_import_this_module()


def _let_children_import_this_module() -> None:
    """Extends PYTHONPATH: children start coverage before their own path is set up."""
    inherited = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = f"{ROOT}{os.pathsep}{inherited}" if inherited else ROOT


def _save_until_exit() -> None:
    exiting = threading.Event()
    # A fork in the middle of a save would leave its locks held in the child for ever.
    saving = threading.Lock()
    os.register_at_fork(
        before=saving.acquire, after_in_parent=saving.release, after_in_child=saving.release
    )
    # A worker of pytest names itself after its start, and its children inherit the name.
    is_within_worker = _WORKER in os.environ

    def interval_s() -> float:
        is_worker = _WORKER in os.environ and not is_within_worker
        return INTERVAL_OF_PYTEST_S if is_worker else INTERVAL_S

    def stop() -> None:
        exiting.set()
        thread.join()

    def save() -> None:
        # A thread that is still in C code while the interpreter shuts down can crash it.
        # Coverage has registered its last save already; later registrations run first.
        if not exiting.wait(INTERVAL_S):
            atexit.register(stop)
        while not exiting.wait(interval_s()):
            if (coverage := Coverage.current()) is not None:
                with saving:
                    coverage.save()

    thread = threading.Thread(target=save, name="coverage-save", daemon=True)
    thread.start()
