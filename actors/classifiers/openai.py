"""The classifiers that ask OpenAI's moderation, or a service that speaks it; it costs nothing."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from typing import TypeAlias

import openai
from openai.types import ModerationMultiModalInputParam
from PIL import Image

from actors.classifiers.base import ClassifierAway
from actors.finishing.forms import PictureRefused, open_picture
from actors.pictures.seen import seen
from actors.providers.events import read_object
from actors.providers.openai_client import BROKEN_OFF, open_client
from actors.providers.openai_errors import how_broken_off, plain_word
from actors.settings import ClassifierSettings
from server.safety.texts import MODERATION

_CONNECT_S = 5.0
_MOST_LETTERS = 10_000
_SHARED = 1_000
"""Of one input: a longer text is sent in parts that share some, so that no phrase is cut apart."""
_MOST_INPUTS = 32
_FLAGGED = "flagged"
"""The category of what is flagged without one that has a plain name."""
_SIDE = 1024
_QUALITY = 90
_WHITE = 64
"""The sides, in pixels, of the largest picture that is sent, and of the one for a check."""

_Inputs: TypeAlias = list[str] | list[ModerationMultiModalInputParam]


class OpenAiModeration:
    """Asks a moderation model, once; a text is refused for the categories that it flags."""

    name = MODERATION

    def __init__(self, asked: "_Asked") -> None:
        self._asked = asked

    async def refused_for(self, text: str) -> tuple[str, ...]:
        """Returns the flagged categories, sorted; raises ClassifierAway."""
        parts = _parts(text)
        found: set[str] = set()
        for at in range(0, len(parts), _MOST_INPUTS):
            some = parts[at : at + _MOST_INPUTS]
            found |= await self._asked.flagged(some, len(some))
        return tuple(sorted(found))


class OpenAiPictures:
    """Shows pictures to a moderation model; one is refused for the categories that it flags.

    A picture is sent smaller than it is: the model looks at no more of it.
    """

    name = MODERATION

    def __init__(self, asked: "_Asked") -> None:
        self._asked = asked

    async def check(self) -> None:
        """Has a white picture looked at: a service may know texts alone."""
        buffer = BytesIO()
        Image.new("RGB", (_WHITE, _WHITE), "white").save(buffer, "PNG")
        await self.refused_for(buffer.getvalue())

    async def refused_for(self, picture: bytes) -> tuple[str, ...]:
        """Returns the flagged categories, sorted; raises ClassifierAway."""
        try:
            encoded = await asyncio.to_thread(_data_url, picture)
        except PictureRefused as error:
            raise ClassifierAway("the picture cannot be read") from error
        shown: list[ModerationMultiModalInputParam]
        shown = [{"type": "image_url", "image_url": {"url": encoded}}]
        return tuple(sorted(await self._asked.flagged(shown, len(shown))))


class _Asked:
    """A moderation model, and the reading of its answers."""

    def __init__(self, client: openai.AsyncOpenAI, model: str, timeout_s: float) -> None:
        """Takes a client without retries, and how long a call may take in all."""
        self._client = client
        self._model = model
        self._timeout_s = timeout_s

    async def flagged(self, inputs: _Inputs, results_wanted: int) -> set[str]:
        """Returns the categories that are flagged of any input; raises ClassifierAway."""
        answer = read_object(await self._answer(inputs)) or {}
        results = answer.get("results")
        if not isinstance(results, list) or len(results) != results_wanted:
            raise ClassifierAway("the moderation's answer has no result for each input")
        found: set[str] = set()
        for result in results:
            match result:
                case {"flagged": bool() as flagged, "categories": dict() as categories} if all(
                    is_so is None or isinstance(is_so, bool) for is_so in categories.values()
                ):
                    # Callers are told the names, and a service may write anything there.
                    named = {
                        plain_word(name) or _FLAGGED for name, is_so in categories.items() if is_so
                    }
                    # Flagged for nothing is flagged, too.
                    found |= named or ({_FLAGGED} if flagged else set())
                case _:
                    raise ClassifierAway("the moderation's answer has a result that is none")
        return found

    async def _answer(self, inputs: _Inputs) -> bytes:
        """Returns the API's answer; raises ClassifierAway, without the SDK's error as its cause.

        That one may hold the text and the key, and would be logged with it.
        """
        try:
            async with asyncio.timeout(self._timeout_s):
                raw = await self._client.moderations.with_raw_response.create(
                    input=inputs, model=self._model
                )
            return raw.http_response.content
        except BROKEN_OFF as error:
            failed = _failed(error)
        raise failed


@asynccontextmanager
async def open_moderation(settings: ClassifierSettings) -> AsyncIterator[OpenAiModeration]:
    """Yields a classifier of texts with its own connections; raises ValueError without a key."""
    async with _open(settings) as asked:
        yield OpenAiModeration(asked)


@asynccontextmanager
async def open_picture_moderation(settings: ClassifierSettings) -> AsyncIterator[OpenAiPictures]:
    """Yields a classifier of pictures with its own connections; raises ValueError without a key."""
    async with _open(settings) as asked:
        yield OpenAiPictures(asked)


@asynccontextmanager
async def _open(settings: ClassifierSettings) -> AsyncIterator[_Asked]:
    if settings.moderation_api_key is None:
        raise ValueError(
            "IMGGEN_MODERATION_API_KEY: not set, and OpenAI's moderation needs it; set the key, or "
            "IMGGEN_TEXT_CLASSIFIER=none and IMGGEN_IMAGE_SAFETY=none"
        )
    timeout_s = settings.moderation_timeout_s
    async with open_client(
        settings.moderation_base_url,
        settings.moderation_api_key.get_secret_value(),
        timeout_s=timeout_s,
        connect_timeout_s=min(_CONNECT_S, timeout_s / 2),
    ) as client:
        yield _Asked(client, settings.moderation_model, timeout_s)


def _parts(text: str) -> list[str]:
    last = max(len(text) - _SHARED, 1) if text else 0
    return [text[at : at + _MOST_LETTERS] for at in range(0, last, _MOST_LETTERS - _SHARED)]


def _data_url(picture: bytes) -> str:
    """Returns a picture as a JPEG in a URL; raises PictureRefused for no picture."""
    small = seen(open_picture(picture))
    small.thumbnail((_SIDE, _SIDE))
    buffer = BytesIO()
    small.save(buffer, "JPEG", quality=_QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _failed(error: BaseException) -> ClassifierAway:
    if isinstance(error, openai.APIStatusError):
        return ClassifierAway(f"the moderation answered {error.status_code}; it must answer 200")
    _, named = how_broken_off(error)
    told = f"the moderation did not answer ({named}); see IMGGEN_MODERATION_BASE_URL"
    return ClassifierAway(told)
