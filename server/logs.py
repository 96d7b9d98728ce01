"""Logs: one JSON object per line, with an event's name and its fields."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TextIO

from server.traces import current

_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
# Built once: `json.dumps` builds an encoder for each line when it gets options.
_encode = json.JSONEncoder(default=str, ensure_ascii=False).encode


class JsonFormatter(logging.Formatter):
    """Formats a record as one line of JSON; its `extra` becomes fields.

    `log.info("job completed", extra={"job_id": job.id})` gives
    `{"time": ..., "level": "info", "logger": ..., "event": "job completed", "job_id": ...}`.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Returns the line, without its newline."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        if trace_id := current().trace_id:
            line["trace_id"] = trace_id
        line.update((key, value) for key, value in vars(record).items() if key not in _PLAIN)
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return _encode(line)


def configure_logs(level: str, stream: TextIO | None = None) -> None:
    """Sends the logs of the whole process as JSON to `stream`, stderr by default."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # These libraries log their internals at INFO and below.
    noises = ("aiohttp.access", "asyncio", "botocore", "boto3", "urllib3")
    for noisy in (*noises, "httpcore2", "httpx2", "openai"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # They complain at every try; `server.traces.otlp` says once what it means.
    for silent in ("opentelemetry.exporter.otlp", "opentelemetry.sdk._shared_internal"):
        logging.getLogger(silent).setLevel(logging.CRITICAL)
