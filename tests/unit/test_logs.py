"""Logs are one JSON object per line."""

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from uuid import UUID

import pytest
from aiohttp.http_exceptions import BadStatusLine

from server.edge.http import serve_http
from server.edge.monitor import GatewayMonitor, monitor_app
from server.logs import MalformedRequests, configure_logs
from server.metrics import GatewayMetrics


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


def test_secrets_of_urls_are_in_no_event_and_no_traceback(log: io.StringIO) -> None:
    url = "https://s3.example/a.png?X-Amz-Signature=hush"
    try:
        raise ValueError(f"cannot read {url}")
    except ValueError:
        logging.getLogger("library").exception("failed: %s", url)

    assert "X-Amz-Signature=********" in log.getvalue()
    assert "hush" not in log.getvalue()


def test_malformed_requests_are_one_line_a_minute_with_their_number(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now = 0.0
    logger = logging.getLogger("imggen.test.http")
    logger.filters[:] = [MalformedRequests(lambda: now)]

    def fail(error: Exception, times: int) -> None:
        for _ in range(times):
            logger.error("Error handling request", exc_info=error)

    fail(BadStatusLine("GET /media/a.png?signature=hush"), 500)
    fail(RuntimeError("a fault"), 1)
    now = 61.0
    fail(BadStatusLine("GET /"), 3)

    told = [(one.message, vars(one).get("requests")) for one in caplog.records]
    assert told == [
        *(("malformed requests", 1), ("Error handling request", None)),
        ("malformed requests", 500),
    ]
    assert "hush" not in caplog.text


def test_one_of_several_processes_puts_its_number_into_each_line(log: io.StringIO) -> None:
    configure_logs("info", log, process=3)
    logging.getLogger("a.b").info("listening", extra={"grpc": "here"})
    line = json.loads(log.getvalue())
    assert (line["event"], line["process_number"], line["grpc"]) == ("listening", 3, "here")


async def test_a_media_port_logs_what_is_no_http_once_and_without_it(log: io.StringIO) -> None:
    app = monitor_app(GatewayMonitor(GatewayMetrics(), lambda: True))
    async with serve_http(app, "127.0.0.1", 0) as port:
        for _ in range(20):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /media/a.png?signature=hush HTTP/1.1\r\nbad header\r\n\r\n")
            assert b"400" in await reader.readline()
            writer.close()

    [line] = [json.loads(text) for text in log.getvalue().splitlines()]
    assert (line["event"], line["level"], line["requests"]) == ("malformed requests", "warning", 1)
    assert "hush" not in log.getvalue()
