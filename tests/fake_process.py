"""A fake service in a process of its own, for tests in whose process gRPC's server must not be."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_CODE = """
import sys
from imggen.testing import FakeService
with FakeService() as fake:
    {first}
    print(fake.target, flush=True)
    sys.stdin.read()
"""


@contextmanager
def fake_process(*, held: bool = False) -> Iterator[str]:
    """Yields the address of a fake; where it is held, its jobs take no step."""
    code = _CODE.format(first="fake.hold()" if held else "pass")
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as service:
        assert service.stdin is not None
        assert service.stdout is not None
        yield service.stdout.readline().strip()
        service.stdin.close()
