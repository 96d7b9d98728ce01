"""The answers of OpenAI's images API: plain ones, and streams with unfinished pictures."""

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass

import httpx2

from actors.pictures.reader import UploadReader
from actors.providers.base import ProviderFailed, RenderProgress
from actors.providers.events import read_events, read_object
from actors.providers.filters import filtered
from actors.providers.openai_errors import ErrorAnswer, answered, request_id
from actors.providers.pictures import read_preview
from server.routing.failover import FailureKind


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that has not been checked: the picture's base64 and the usage, if it has them.

    `filtered` is what a filter of the service blurred the picture for; None for no filter.
    """

    picture: object
    usage: object
    request_id: str
    filtered: tuple[str, ...] | None = None


class Shown:
    """The progress of a call: sent, accepted, each unfinished picture, done."""

    def __init__(self, progress: RenderProgress, partials: int, reader: UploadReader) -> None:
        self._progress = progress
        self._reader = reader
        self._steps = partials + 2 if partials else 1
        self._step = 0

    def sent(self) -> None:
        """Reports that the request goes out."""
        self._progress.step(0, self._steps)

    def accepted(self) -> None:
        """Reports that the answer begins, where it comes in parts."""
        if self._steps > 1:
            self._next(None)

    async def partial(self, encoded: object) -> None:
        """Reports an unfinished picture; one that cannot be read has no preview."""
        self._next(await asyncio.to_thread(read_preview, encoded, self._reader))

    def done(self) -> None:
        """Reports the picture."""
        self._progress.step(self._steps, self._steps)

    def _next(self, preview: bytes | None) -> None:
        # More may come than were asked for.
        self._step = min(self._step + 1, self._steps - 1)
        self._progress.step(self._step, self._steps, preview)


async def read_answer(response: httpx2.Response, model: str, shown: Shown) -> Answer:
    """Reads the answer to a request for `model`; raises ProviderFailed, and httpx2's errors."""
    # Some services answer a request for a stream with a plain answer.
    if "event-stream" in response.headers.get("content-type", ""):
        return await _streamed(response, model, shown)
    return _plain(response, model, await response.aread())


def _plain(response: httpx2.Response, model: str, body: bytes) -> Answer:
    found = request_id(response.headers)
    answer = read_object(body)
    if answer is None:
        raise ProviderFailed(
            FailureKind.UNREADABLE,
            f"openai answered {response.status_code} without JSON for {model}; it is billed",
            request_id=found,
        )
    if error := answer.get("error"):
        raise _told(response, model, error)
    data = answer.get("data")
    first = data[0] if isinstance(data, list) and data else None
    picture = first.get("b64_json") if isinstance(first, Mapping) else None
    return Answer(picture, answer.get("usage"), found, filtered(answer, first))


async def _streamed(response: httpx2.Response, model: str, shown: Shown) -> Answer:
    """Returns the first finished picture: it may come before unfinished ones, or twice."""
    found = request_id(response.headers)
    async with aclosing(read_events(response.aiter_bytes())) as events:
        async for event in events:
            match event["type"]:
                case "image_generation.completed" | "image_edit.completed":
                    usage = event.get("usage")
                    return Answer(event.get("b64_json"), usage, found, filtered(event, None))
                case "image_generation.partial_image" | "image_edit.partial_image":
                    await shown.partial(event.get("b64_json"))
                case _ if event.get("error") or event["type"] == "error":
                    raise _told(response, model, event.get("error") or event)
    raise ProviderFailed(
        FailureKind.OUTCOME_UNKNOWN,
        f"openai ended its stream without a picture for {model}; it counts as billed",
        request_id=found,
    )


def _told(response: httpx2.Response, model: str, error: object) -> ProviderFailed:
    return answered(ErrorAnswer.read(response.status_code, response.headers, error), model)
