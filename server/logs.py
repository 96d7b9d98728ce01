"""Logs: one JSON object per line, with an event's name and its fields."""

import json
import logging
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TextIO

from server.hidden import without_secrets
from server.traces import current

_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_TOLD_EVERY_S = 60.0
_log = logging.getLogger(__name__)
# Built once: `json.dumps` builds an encoder for each line when it gets options.
_encode = json.JSONEncoder(default=str, ensure_ascii=False).encode


class JsonFormatter(logging.Formatter):
    """Formats a record as one line of JSON; its `extra` becomes fields.

    `log.info("job completed", extra={"job_id": job.id})` gives
    `{"time": ..., "level": "info", "logger": ..., "event": "job completed", "job_id": ...}`.
    One of several processes puts its number into each line.
    """

    def __init__(self, process: int | None = None) -> None:
        super().__init__()
        self._process = {} if process is None else {"process_number": process}

    def format(self, record: logging.LogRecord) -> str:
        """Returns the line, without its newline."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            **self._process,
        }
        if trace_id := current().trace_id:
            line["trace_id"] = trace_id
        if record.levelno >= logging.WARNING:
            # Other libraries put the URLs into it that they were called with.
            line["event"] = without_secrets(record.getMessage())
        line.update((key, value) for key, value in vars(record).items() if key not in _PLAIN)
        if record.exc_info:
            line["traceback"] = without_secrets(self.formatException(record.exc_info))
        return _encode(line)


class MalformedRequests(logging.Filter):
    """Logs one line a minute for requests that are no HTTP, with their number.

    Anybody can send them, and aiohttp logs each as an error, with its traceback and its URL.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._told_at = float("-inf")
        self._untold = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Returns whether the record is logged; a line of its own replaces such a request's."""
        error = record.exc_info[1] if record.exc_info else None
        if type(error).__module__ != "aiohttp.http_exceptions":
            return True
        self._untold += 1
        if self._clock() - self._told_at < _TOLD_EVERY_S:
            return False
        fields = {"requests": self._untold, "error": type(error).__name__}
        _log.warning("malformed requests", extra=fields)
        self._told_at, self._untold = self._clock(), 0
        return False


def configure_logs(level: str, stream: TextIO | None = None, *, process: int | None = None) -> None:
    """Sends the logs of the whole process as JSON to `stream`, stderr by default.

    `process` is its number among several.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter(process))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # These libraries log their internals at INFO and below.
    noises = ("aiohttp.access", "asyncio", "botocore", "boto3", "urllib3")
    for noisy in (*noises, "httpcore2", "httpx2", "openai"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    http = logging.getLogger("aiohttp.server")
    http.filters[:] = [MalformedRequests()]
    # They complain at every try; `server.traces.otlp` says once what it means.
    for silent in ("opentelemetry.exporter.otlp", "opentelemetry.sdk._shared_internal"):
        logging.getLogger(silent).setLevel(logging.CRITICAL)
