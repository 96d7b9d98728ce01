"""The classifier that asks OpenAI's moderation, or a service that speaks it; it costs nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import openai

from actors.classifiers.base import ClassifierAway
from actors.providers.events import read_object
from actors.providers.openai_client import BROKEN_OFF, open_client
from actors.providers.openai_errors import how_broken_off
from server.safety.texts import MODERATION

_CONNECT_S = 5.0
_MOST_LETTERS = 10_000
"""Of one input: a longer text is sent in parts."""
_MOST_INPUTS = 32


class OpenAiModeration:
    """Asks a moderation model, once; a text is refused for the categories that it flags."""

    name = MODERATION

    def __init__(self, client: openai.AsyncOpenAI, model: str, timeout_s: float) -> None:
        """Takes a client without retries, and how long a call may take in all."""
        self._client = client
        self._model = model
        self._timeout_s = timeout_s

    async def refused_for(self, text: str) -> tuple[str, ...]:
        """Returns the flagged categories, sorted; raises ClassifierAway."""
        parts = [text[at : at + _MOST_LETTERS] for at in range(0, len(text), _MOST_LETTERS)]
        found: set[str] = set()
        for at in range(0, len(parts), _MOST_INPUTS):
            found |= await self._flagged(parts[at : at + _MOST_INPUTS])
        return tuple(sorted(found))

    async def _flagged(self, texts: list[str]) -> set[str]:
        answer = read_object(await self._answer(texts)) or {}
        results = answer.get("results")
        if not isinstance(results, list) or len(results) != len(texts):
            raise ClassifierAway("the moderation's answer has no result for each text")
        found: set[str] = set()
        for result in results:
            match result:
                case {"flagged": bool() as flagged, "categories": dict() as categories}:
                    named = {str(name) for name, is_so in categories.items() if is_so is True}
                    # Flagged for nothing is flagged, too.
                    found |= named or ({"flagged"} if flagged else set())
                case _:
                    raise ClassifierAway("the moderation's answer has a result that is none")
        return found

    async def _answer(self, texts: list[str]) -> bytes:
        """Returns the API's answer; raises ClassifierAway, without the SDK's error as its cause.

        That one may hold the text and the key, and would be logged with it.
        """
        try:
            async with asyncio.timeout(self._timeout_s):
                raw = await self._client.moderations.with_raw_response.create(
                    input=texts, model=self._model
                )
            return raw.http_response.content
        except BROKEN_OFF as error:
            failed = _failed(error)
        raise failed


@asynccontextmanager
async def open_moderation(
    *, base_url: str, api_key: str, model: str, timeout_s: float
) -> AsyncIterator[OpenAiModeration]:
    """Yields a classifier with its own connections."""
    connect_s = min(_CONNECT_S, timeout_s / 2)
    async with open_client(
        base_url, api_key, timeout_s=timeout_s, connect_timeout_s=connect_s
    ) as client:
        yield OpenAiModeration(client, model, timeout_s)


def _failed(error: BaseException) -> ClassifierAway:
    if isinstance(error, openai.APIStatusError):
        return ClassifierAway(f"the moderation answered {error.status_code}; it must answer 200")
    _, named = how_broken_off(error)
    told = f"the moderation did not answer ({named}); see IMGGEN_MODERATION_BASE_URL"
    return ClassifierAway(told)
