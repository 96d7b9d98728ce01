"""The reader of pictures from others: checked, and then decoded by processes that may die."""

import json
import os
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Self

from actors.pictures.uploads import LIMITS, UploadLimits, UploadRefused, check_upload

_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TZ")
"""What a process gets of ours: no secret."""
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


@dataclass(frozen=True, slots=True)
class Upload:
    """A picture that was read: its format, its size as it is seen, and its pixels as a PNG.

    The pixels are 8-bit sRGB, RGBA where something is transparent, with nothing beside them.
    `alone` is whether the file itself is a PNG in which nothing else can be hidden, and so may be
    kept in their place.
    """

    format: str
    width: int
    height: int
    png: bytes
    alone: bool = False


@dataclass(frozen=True, slots=True)
class ProcessLimits:
    """What a process may take: bytes of memory, seconds of CPU and by the clock for a picture."""

    memory: int = 2 << 30
    cpu_s: int = 20
    wall_s: float = 60.0


class UploadReader:
    """Reads pictures of others in a few processes of its own, which start as they are needed.

    They are new programs and not forks, since gRPC's threads survive none; they hold no secret of
    this one. One that dies, or takes too long, refuses its picture, and another takes its place.
    Its methods block, and may be called by several threads.
    """

    def __init__(
        self,
        limits: UploadLimits = LIMITS,
        process: ProcessLimits = ProcessLimits(),
        *,
        processes: int = 2,
    ) -> None:
        self._limits = limits
        self._process = process
        self._room = threading.Semaphore(processes)
        self._lock = threading.Lock()
        self._idle: list[_Process] = []
        self._all: set[_Process] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def read(self, data: bytes) -> Upload:
        """Returns a picture that is whole; blocks. Raises UploadRefused."""
        header = check_upload(data, self._limits)
        with self._room:
            process = self._take()
            try:
                told, png = process.ask(data, self._process.wall_s)
            except (_Died, ValueError) as error:
                self._end(process)
                raise UploadRefused(
                    f"it could not be decoded within {self._process.memory >> 20:,} MiB, "
                    f"{self._process.cpu_s} s of CPU and {self._process.wall_s:g} s"
                ) from error
            except BaseException:
                self._end(process)  # its answer may still come
                raise
            with self._lock:
                self._idle.append(process)
        if "refused" in told:
            raise UploadRefused(str(told["refused"]))
        width, height = int(str(told["width"])), int(str(told["height"]))
        return Upload(header.format, width, height, png, told["alone"] is True)

    def close(self) -> None:
        """Ends the processes; what they still read is refused."""
        with self._lock:
            ended, self._all, self._idle = self._all, set(), []
        for process in ended:
            process.end()

    def _take(self) -> "_Process":
        with self._lock:
            process = self._idle.pop() if self._idle else None
        if process is not None and process.lives:
            return process
        if process is not None:
            self._end(process)
        process = _Process(self._process)
        with self._lock:
            self._all.add(process)
        return process

    def _end(self, process: "_Process") -> None:
        with self._lock:
            self._all.discard(process)
        process.end()


class _Died(Exception):
    """Raised where a process ended in the middle of a picture, by itself or by its time."""


class _Process:
    """A process of `actors.pictures.reading`."""

    def __init__(self, limits: ProcessLimits) -> None:
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        path = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self._running = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "actors.pictures.reading",
                str(limits.memory),
                str(limits.cpu_s),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment | path | _ONE_THREAD,
        )

    @property
    def lives(self) -> bool:
        """Whether it has not ended."""
        return self._running.poll() is None

    def ask(self, data: bytes, wall_s: float) -> tuple[dict[str, object], bytes]:
        """Returns the answer for a file; raises _Died."""
        given, told = self._running.stdin, self._running.stdout
        assert given is not None
        assert told is not None
        clock = threading.Timer(wall_s, self._running.kill)
        clock.daemon = True
        clock.start()
        try:
            given.write(len(data).to_bytes(4) + data)
            given.flush()
            line: dict[str, object] = json.loads(_whole(told, int.from_bytes(_whole(told, 4))))
            return line, _whole(told, int(str(line["size"])))
        except OSError as error:
            raise _Died from error
        finally:
            clock.cancel()

    def end(self) -> None:
        """Kills the process, and waits for its end."""
        self._running.kill()
        self._running.wait()
        for pipe in (self._running.stdin, self._running.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()


def _whole(told: IO[bytes], size: int) -> bytes:
    data = told.read(size)
    if len(data) != size:
        raise _Died
    return data
