"""A key and a prompt appear in no log, error or representation, whatever fails."""

import io
import logging
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from actors.providers.base import ProviderFailed
from actors.providers.hosted import open_hosted
from server.logs import JsonFormatter, configure_logs
from tests.unit.hosted import FLARE, FORMAT, Progress, content, settings, watched
from tests.unit.images_server import (
    Answering,
    answering,
    cutting,
    drawn,
    event,
    hang_up,
    refusing,
    serving,
    streaming,
)

CANARY = "sk-canary-7f3a91c2"
SCENE = "a purple zeppelin"
ECHO = f"Incorrect API key {CANARY} for the prompt: {SCENE}"
ECHOED: dict[str, Any] = {"message": ECHO, "type": ECHO, "code": CANARY, "param": SCENE}
FAILING: list[Answering] = [
    *(refusing(status, **ECHOED) for status in (400, 401, 403, 404, 408, 418, 429, 500)),
    refusing(400, **ECHOED | {"code": "moderation_blocked", "moderation_details": [ECHO]}),
    refusing(
        400,
        **ECHOED
        | {
            "code": "moderation_blocked",
            "moderation_details": {"moderation_stage": ECHO, "categories": [CANARY, SCENE]},
        },
    ),
    answering(ECHO, 400),
    answering(ECHO, 502),
    answering(ECHO.encode()),
    answering({"error": ECHOED}),
    answering({"data": [{"b64_json": ECHO}]}),
    answering(drawn(usage={"output_tokens": ECHO, "input_tokens_details": ECHO})),
    answering(ECHO, 302),
    streaming(event("error", error=ECHOED)),
    streaming(event("image_generation.completed", b64_json=ECHO)),
    streaming(ECHO.encode()),
    cutting(ECHO.encode()),
    hang_up,
]
IN_HEADERS: list[Answering] = [
    refusing(429, {"retry-after": CANARY, "x-ratelimit-reset-requests": CANARY}, **ECHOED),
    refusing(400, {"x-request-id": ECHO}, **ECHOED),
    answering({}, 307, {"location": f"/v1/{CANARY}"}),
]
"""At DEBUG the libraries log an answer's headers, so ours keep them at WARNING."""


class _Log:
    """All that is logged, as its line and as its record."""

    def __init__(self) -> None:
        self.stream = io.StringIO()
        self.records: list[logging.LogRecord] = []

    def text(self) -> str:
        return self.stream.getvalue() + "".join(repr(vars(record)) for record in self.records)


class _Keeper(logging.Handler):
    def __init__(self, log: _Log) -> None:
        super().__init__(logging.DEBUG)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        self._log.records.append(record)


@pytest.fixture
def log() -> Iterator[_Log]:
    """Logs everything at DEBUG, as our processes do."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    kept = _Log()
    configure_logs("debug", kept.stream)
    root.addHandler(_Keeper(kept))
    yield kept
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def loud(log: _Log, monkeypatch: pytest.MonkeyPatch) -> _Log:
    """Logs all of the libraries, too, as somebody who looks for an error might."""
    for name in ("httpcore2", "httpx2", "openai"):
        monkeypatch.setattr(logging.getLogger(name), "level", logging.DEBUG)
        logging.getLogger(name).manager._clear_cache()  # type: ignore[attr-defined]
    return log


async def outputs(url: str, log: _Log, progress: Progress) -> str:
    """Draws and probes, and returns all that a failure says of itself."""
    said: list[object] = []
    account = settings(url, openai_api_key=CANARY)
    async with open_hosted(account, [FLARE]) as (drawing,):
        said += [repr(account), str(account), account.model_dump_json(), repr(drawing)]
        for call in (
            drawing.render(content(scene=SCENE), FORMAT, (), progress),
            drawing.probe(),
        ):
            try:
                done = await call
            except ProviderFailed as error:
                logging.getLogger("test").exception("failed")
                said += [str(error), repr(error), vars(error)]
                said += traceback.format_exception(error)
                said.append(_chain(error))
            else:
                # A picture has the prompt that drew it, and no key.
                said.append(repr(done).replace(SCENE, ""))
    return "\n".join(map(str, said)) + log.text()


def _chain(error: BaseException | None) -> list[str]:
    said = []
    while error is not None:
        said += [str(error), repr(error), repr(error.args)]
        error = error.__cause__ or error.__context__
    return said


@pytest.mark.parametrize("answer", [*FAILING, *IN_HEADERS])
@pytest.mark.parametrize("progress", [Progress, watched], ids=["plain", "streamed"])
async def test_no_failure_shows_the_key_or_the_prompt(
    answer: Answering, progress: Callable[[], Progress], log: _Log
) -> None:
    async with serving(answer) as server:
        said = await outputs(server.url, log, progress())
    assert server.requests[0].headers["Authorization"] == f"Bearer {CANARY}"
    assert CANARY not in said
    assert SCENE not in said


@pytest.mark.parametrize("answer", FAILING)
async def test_the_libraries_log_no_request(answer: Answering, loud: _Log) -> None:
    async with serving(answer) as server:
        said = await outputs(server.url, loud, Progress())
    assert any(record.name.startswith("httpcore2") for record in loud.records)
    assert CANARY not in said
    assert SCENE not in said


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/v1", "https://no-such-host.invalid/v1"])
async def test_no_unreachable_host_shows_the_key_or_the_prompt(url: str, log: _Log) -> None:
    said = await outputs(url, log, Progress())
    assert CANARY not in said
    assert SCENE not in said


def test_the_canary_would_be_seen(log: _Log) -> None:
    logging.getLogger("test").debug("%s", CANARY)
    assert CANARY in log.stream.getvalue()
    assert CANARY in JsonFormatter().format(log.records[-1])
