"""A process that decodes pictures from others, and may die of them: `python -m` of this module.

On stdin it gets the length of a file, 4 bytes, and the file; on stdout it answers with the length
of a line of JSON, the line, and the PNG whose size the line says. It ends with its stdin.
"""

import json
import resource
import signal
import sys
from io import BytesIO
from typing import BinaryIO

from actors.pictures.alone import is_alone
from actors.pictures.opened import NotAPicture, opened
from actors.pictures.seen import kept


def main() -> None:
    """Answers until stdin ends; the arguments are the most memory in bytes and seconds of CPU."""
    memory, cpu_s = (int(argument) for argument in sys.argv[1:3])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _limit(resource.RLIMIT_AS, memory)
    _limit(resource.RLIMIT_CORE, 0)
    given, told = sys.stdin.buffer, sys.stdout.buffer
    while head := given.read(4):
        _allow(cpu_s)
        line, png = _answer(given.read(int.from_bytes(head)))
        _tell(told, json.dumps({**line, "size": len(png)}).encode(), png)


def _allow(cpu_s: int) -> None:
    """Allows so many more seconds of CPU, until the kernel ends the process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _limit(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime) + 1 + cpu_s)


def _limit(kind: int, most: int) -> None:
    """Sets a limit, or leaves it at what this process may have at most."""
    _, hard = resource.getrlimit(kind)
    soft = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(kind, (soft, hard))


def _answer(data: bytes) -> tuple[dict[str, object], bytes]:
    try:
        picture = opened(data)
        pixels = kept(picture)
        buffer = BytesIO()
        pixels.save(buffer, "PNG", compress_level=1)
    except NotAPicture as error:
        return {"refused": str(error)}, b""
    except MemoryError:
        return {"refused": "it needs more memory than it may have"}, b""
    told: dict[str, object] = {"width": pixels.width, "height": pixels.height}
    told["alone"] = is_alone(data)
    return told, buffer.getvalue()


def _tell(told: BinaryIO, line: bytes, png: bytes) -> None:
    told.write(len(line).to_bytes(4) + line + png)
    told.flush()


if __name__ == "__main__":
    main()
