"""OpenAI's images API, and services with the same API."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

import openai

from actors.pictures.reader import UploadReader
from actors.prompts.dialect import CompiledPrompt
from actors.prompts.hosted import HostedDialect
from actors.providers.base import (
    CharacterReference,
    Content,
    Provider,
    ProviderFailed,
    ReferenceReading,
    RenderedPicture,
    RenderProgress,
)
from actors.providers.events import read_object
from actors.providers.hosted import HostedModel
from actors.providers.openai_answers import Answer, Shown, read_answer
from actors.providers.openai_client import BROKEN_OFF, open_client
from actors.providers.openai_errors import ErrorAnswer, answered, broken_off
from actors.providers.openai_usage import cost_of, flat_usage
from actors.providers.pictures import PictureUnfit, read_png
from actors.settings import OpenAiSettings
from server.domain.models import Format
from server.routing.failover import FailureKind
from server.routing.prices import PricedCall

File = tuple[str, bytes, str]
"""A picture to send: its name, its bytes and its media type."""

_log = logging.getLogger(__name__)

_PROBE_S = 10.0


class OpenAiProvider:
    """Draws with one model of OpenAI's; never retries, since every call costs money."""

    def __init__(
        self,
        client: openai.AsyncOpenAI,
        model: HostedModel,
        timeout_s: float,
        reader: UploadReader,
    ) -> None:
        """Takes a client without retries, and how long a call may take in all."""
        self._client = client
        self._reader = reader
        self._model = model
        self._timeout_s = timeout_s
        self._dialect = HostedDialect(model.prompt_limit)

    @property
    def name(self) -> str:
        """The provider: `openai`."""
        return "openai"

    @property
    def model(self) -> str:
        """The model, by its name in the catalogue."""
        return self._model.name

    @property
    def references(self) -> ReferenceReading:
        """The portraits themselves, as many as the model takes."""
        return ReferenceReading(most=self._model.most_references)

    def told(self, content: Content) -> CompiledPrompt:
        """Returns what the model is told of a content."""
        return self._prompt(content)

    async def render(
        self,
        content: Content,
        format: Format,
        references: tuple[CharacterReference, ...],
        progress: RenderProgress,
    ) -> RenderedPicture:
        """Draws a picture; streams unfinished ones if somebody watches as the call begins.

        References beyond the most are left out. Cancelling closes the connection. Raises
        ProviderFailed.
        """
        references = references[: self._model.most_references]
        prompt = self._prompt(content, [reference.character_id for reference in references])
        partials = self._model.partials if progress.watched.is_set() else 0
        quality = self._model.qualities[content.spec.quality]
        call = PricedCall(format.native, quality, len(references), partials)
        shown = Shown(progress, call.partials, self._reader)
        answer = await self._answer(
            self._request(prompt.prompt, call), _files(content, references), shown
        )
        cost, estimated = self._cost(call, answer)
        png = await self._picture(answer, format, None if estimated else cost)
        shown.done()
        drawn = RenderedPicture(
            png, format.native.width, format.native.height, prompt, self.name, self.model, seed=None
        )
        return replace(
            drawn,
            cost_micros=cost,
            cost_estimated=estimated,
            usage=flat_usage(answer.usage),
            request_id=answer.request_id,
        )

    async def _picture(self, answer: Answer, format: Format, cost: int | None) -> bytes:
        """Returns the picture of an answer; raises ProviderFailed, with its cost if it is known."""
        failed = partial(ProviderFailed, request_id=answer.request_id, cost_micros=cost)
        who = f"openai answered 200 for {self._model.sent_as}"
        if answer.filtered is not None:
            raise failed(
                FailureKind.MODERATED_OUTPUT,
                f"{who} with a picture that its filter blurred; it is billed",
                stage="output",
                categories=answer.filtered,
            )
        try:
            return await asyncio.to_thread(read_png, answer.picture, format.native, self._reader)
        except PictureUnfit as error:
            why = f"{who}, but {error}; it is billed"
            raise failed(FailureKind.UNREADABLE, why) from error

    async def probe(self) -> None:
        """Asks for the model's description, which costs nothing; raises ProviderFailed."""
        failed: ProviderFailed | None = None
        try:
            async with asyncio.timeout(min(_PROBE_S, self._timeout_s)):
                models = self._client.models.with_raw_response
                answer = await models.retrieve(self._model.sent_as)
            if read_object(answer.http_response.content) is None:
                failed = ProviderFailed(
                    FailureKind.OUTCOME_UNKNOWN,
                    "openai answered 200 without JSON; see IMGGEN_OPENAI_BASE_URL",
                )
        except BROKEN_OFF as error:
            failed = self._failed(error)
        if failed is not None:
            raise failed

    def _prompt(self, content: Content, pictures: Sequence[UUID] = ()) -> CompiledPrompt:
        spec = replace(content.spec, characters=content.cast)
        return self._dialect.compile(spec, content.scene, pictures)

    def _request(self, prompt: str, call: PricedCall) -> dict[str, Any]:
        field, value = self._model.asks_bytes
        request: dict[str, Any] = {
            "model": self._model.sent_as,
            "prompt": prompt,
            "n": 1,
            "size": str(call.size),
            "quality": call.quality,
            field: value,
        }
        if call.partials:
            request |= {"stream": True, "partial_images": call.partials}
        return request

    async def _answer(
        self, request: Mapping[str, Any], files: Sequence[File], shown: Shown
    ) -> Answer:
        """Returns the API's answer; raises ProviderFailed, without the SDK's error as its cause.

        That one may hold the prompt and the key, and would be logged with it.
        """
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._sent(request, files, shown)
        except BROKEN_OFF as error:
            failed = self._failed(error)
        raise failed

    async def _sent(
        self, request: Mapping[str, Any], files: Sequence[File], shown: Shown
    ) -> Answer:
        images = self._client.images.with_raw_response
        shown.sent()
        if files:
            raw = await images.edit(image=list(files), **request)
        else:
            raw = await images.generate(**request)
        response = raw.http_response
        try:
            shown.accepted()
            return await read_answer(response, self._model.sent_as, shown)
        finally:
            await response.aclose()

    def _failed(self, error: BaseException) -> ProviderFailed:
        if not isinstance(error, openai.APIStatusError):
            return broken_off(error)
        response = error.response
        answer = ErrorAnswer.read(response.status_code, response.headers, error.body)
        return answered(answer, self._model.sent_as)

    def _cost(self, call: PricedCall, answer: Answer) -> tuple[int, bool]:
        """Returns a call's cost, and whether it is only its hold: the usage may be unclear."""
        cost, unclear = cost_of(self._model.price, call, answer.usage)
        if unclear:
            _log.warning(
                "cost estimated",
                extra={
                    "provider": self.name,
                    "model": self.model,
                    "error": unclear,
                    "request_id": answer.request_id,
                },
            )
        return cost, bool(unclear)


@asynccontextmanager
async def open_openai(
    settings: OpenAiSettings, models: Sequence[HostedModel]
) -> AsyncIterator[tuple[Provider, ...]]:
    """Yields a provider for each model; all share one pool of connections.

    Raises ValueError without a key.
    """
    if settings.openai_api_key is None:
        raise ValueError("IMGGEN_OPENAI_API_KEY: not set; set it, or offer no model of OpenAI's")
    client = open_client(
        settings.openai_base_url,
        settings.openai_api_key.get_secret_value(),
        timeout_s=settings.openai_timeout_s,
        connect_timeout_s=settings.openai_connect_timeout_s,
    )
    timeout_s = settings.openai_timeout_s
    with UploadReader() as reader:
        async with client as opened:
            yield tuple(OpenAiProvider(opened, one, timeout_s, reader) for one in models)


def _files(content: Content, references: Sequence[CharacterReference]) -> list[File]:
    """Returns the pictures to send, from left to right, each named for its character."""
    names = {one.id: one.description.name for one in content.cast}
    return [
        (f"{place}-{_slug(names.get(one.character_id, ''))}.png", one.data, "image/png")
        for place, one in enumerate(references, 1)
    ]


def _slug(name: str) -> str:
    letters = (letter if letter.isascii() and letter.isalnum() else " " for letter in name.lower())
    return "-".join("".join(letters).split()) or "character"
