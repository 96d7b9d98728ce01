"""Logs are one JSON object per line."""

import io
import json
import logging
from collections.abc import Iterator
from uuid import UUID

import pytest

from server.logs import configure_logs


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure_logs("info", stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)


def test_an_event_is_a_line_with_its_fields(log: io.StringIO) -> None:
    job = UUID(int=7)

    logging.getLogger("imggen.test").info("job claimed", extra={"job_id": job, "attempt": 2})

    line = json.loads(log.getvalue())
    assert line["event"] == "job claimed"
    assert (line["level"], line["logger"]) == ("info", "imggen.test")
    assert (line["job_id"], line["attempt"]) == (str(job), 2)
    assert line["time"].endswith("+00:00")


def test_a_line_break_stays_inside_its_line(log: io.StringIO) -> None:
    logging.getLogger("imggen.test").warning("a\nb", extra={"where": "c\nd"})

    assert len(log.getvalue().splitlines()) == 1


def test_an_exception_brings_its_traceback(log: io.StringIO) -> None:
    try:
        raise ValueError("seven")
    except ValueError:
        logging.getLogger("imggen.test").exception("failed")

    assert "ValueError: seven" in json.loads(log.getvalue())["traceback"]


def test_events_below_the_level_are_left_out(log: io.StringIO) -> None:
    logging.getLogger("imggen.test").debug("noise")

    assert log.getvalue() == ""
