"""Behaviours: the ways in which an answer can go wrong, by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from tests.wire import errors
from tests.wire.errors import Reply
from tests.wire.pictures import PictureFault
from tests.wire.usage import UsageFault


class Place(StrEnum):
    """A place in an answer; the last is in the middle of the body where there are no events."""

    BEFORE_HEADERS = "before_headers"
    IN_BODY = "in_body"
    BETWEEN_EVENTS = "between_events"  # before the last event of a stream


class StreamFault(StrEnum):
    """The way in which a stream differs from partial pictures, then one completed event."""

    COMPLETED_EARLY = "completed_early"  # before the last partial picture
    COMPLETED_TWICE = "completed_twice"
    COMPLETED_LATE = "completed_late"  # again, after more events, with another picture and usage
    NO_COMPLETED = "no_completed"
    FEWER_PARTIALS = "fewer_partials"
    UNKNOWN_EVENTS = "unknown_events"
    COMMENTS = "comments"  # and empty lines, which keep a connection open
    GARBAGE_EVENT = "garbage_event"  # data that is not JSON
    ERROR_EVENT = "error_event"  # the picture was refused after it was drawn


class ChatFault(StrEnum):
    """The way in which a chat's answer does not say what it should."""

    REFUSED = "refused"  # `refusal` in place of `content`
    FILTERED = "filtered"  # half of it, with the finish reason `content_filter`
    CUT_SHORT = "cut_short"  # half of it, with the finish reason `length`


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause at a place; without `seconds` until the test releases it, or the client leaves."""

    place: Place
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What sets an answer apart from a good one; `dataclasses.replace` combines several.

    `reply` is sent in place of a picture. `content` is what a chat's answer says. `filtered` blurs
    the picture and says so, as services do whose filter refuses it. `twice` sends the whole answer
    a second time.
    """

    about: str = "a good answer"
    reply: Reply | None = None
    pause: Pause | None = None
    cut: Place | None = None
    picture: PictureFault | None = None
    usage: UsageFault | None = None
    stream: StreamFault | None = None
    chat: ChatFault | None = None
    content: str | None = None
    filtered: bool = False
    twice: bool = False


GOOD = Behaviour()


def slow(place: Place, seconds: float | None = None) -> Behaviour:
    """Returns a behaviour that pauses; without `seconds` until `WireServer.release`."""
    return Behaviour(f"a pause {place}", pause=Pause(place, seconds))


def failing(reply: Reply, about: str = "a scripted answer") -> Behaviour:
    """Returns a behaviour that answers with `reply`."""
    return Behaviour(about, reply=reply)


def saying(content: str) -> Behaviour:
    """Returns a behaviour whose chat answers say `content`."""
    return Behaviour("a scripted content", content=content)


def _garbage(body: bytes, about: str) -> Behaviour:
    return failing(Reply(200, body), about)


_RETRY = "Please try again in 12s."

_ERRORS: Mapping[str, Behaviour] = {
    "model_not_found": failing(errors.unknown_model("{model}"), "404: the model is unknown"),
    "model_retired": failing(errors.retired_model("{model}"), "400: the model is unknown"),
    "moderation_input": failing(
        errors.moderation("input", "violence", "self-harm"), "400: the prompt was refused"
    ),
    "moderation_output": failing(
        errors.moderation("output", "sexual"), "400: the picture was refused after it was drawn"
    ),
    "moderation_unknown": failing(errors.moderation("unknown", "hate"), "400: refused somewhere"),
    "moderation_in_words": failing(
        errors.moderation_in_words(), "400: refused, with categories in the message alone"
    ),
    "content_policy": failing(errors.content_policy(), "400: the older refusal of a prompt"),
    "billing_limit": failing(errors.billing_limit(), "400: the account's own limit"),
    "no_quota": failing(errors.no_quota(), "429: the account has no quota left"),
    "rate_limit": failing(errors.rate_limit({"retry-after": "7"}), "429: Retry-After of 7 s"),
    "rate_limit_ms": failing(
        errors.rate_limit({"retry-after-ms": "1500"}), "429: retry-after-ms of 1500"
    ),
    "rate_limit_in_words": failing(
        errors.rate_limit({}, f" {_RETRY}"), "429: 12 s, told by the message alone"
    ),
    "rate_limit_in_ms": failing(
        errors.rate_limit({}, " Please try again in 345ms."), "429: 345 ms, by the message alone"
    ),
    "rate_limit_in_minutes": failing(
        errors.rate_limit({}, " Please try again in 1.5m."), "429: 1.5 min, by the message alone"
    ),
    "rate_limit_bare": failing(errors.rate_limit({}), "429: without a delay"),
    "invalid_key": failing(errors.wrong_key(), "401: the key is wrong, and named masked"),
    "key_in_full": failing(errors.key_in_full(), "401: the key is wrong, and named in full"),
    "forbidden": failing(
        errors.error(403, "Your organization must be verified to use this model."),
        "403: the organization is not verified",
    ),
    "request_timeout": failing(errors.server_error(408, "Request timed out."), "408"),
    "server_error": failing(
        errors.server_error(500, "The server had an error while processing your request."), "500"
    ),
    "bad_gateway": failing(errors.bad_gateway(), "502 with a page of HTML"),
    "overloaded": failing(
        errors.server_error(503, "The engine is currently overloaded, please try again later."),
        "503",
    ),
    "bad_request": failing(
        errors.error(400, "Invalid request.", code="invalid_value", param="size"),
        "400: another fault of the request",
    ),
}

_GARBAGE: Mapping[str, Behaviour] = {
    "not_json": _garbage(b"<!doctype html><p>Welcome to the hotel's network", "200 without JSON"),
    "empty_body": _garbage(b"", "200 without a body"),
    "no_data": _garbage(b'{"created": 1790000000}', "200 without `data`"),
    "null_data": _garbage(b'{"created": 1790000000, "data": null}', "200, `data` is null"),
    "empty_data": _garbage(b'{"created": 1790000000, "data": []}', "200, `data` is empty"),
    "no_b64": _garbage(b'{"created": 1790000000, "data": [{}]}', "200, a picture without base64"),
    "a_list": _garbage(b"[1, 2]", "200, a list in place of an object"),
} | {
    f"picture_{fault}": Behaviour(f"a picture that is {fault.replace('_', ' ')}", picture=fault)
    for fault in PictureFault
}

_FILTERED: Mapping[str, Behaviour] = {
    "picture_filtered": Behaviour("200 with a picture that a filter blurred", filtered=True)
}

_CONNECTION: Mapping[str, Behaviour] = (
    {f"cut_{place}": Behaviour(f"the connection is cut {place}", cut=place) for place in Place}
    | {f"slow_{place}": slow(place, 2.0) for place in Place}
    | {"twice": Behaviour("the whole answer is sent twice", twice=True)}
)

_CONTENT: Mapping[str, Behaviour] = (
    {
        f"usage_{fault}": Behaviour(f"usage: {fault.replace('_', ' ')}", usage=fault)
        for fault in UsageFault
    }
    | {
        f"stream_{fault}": Behaviour(f"a stream: {fault.replace('_', ' ')}", stream=fault)
        for fault in StreamFault
    }
    | {
        f"chat_{fault}": Behaviour(f"a chat: {fault.replace('_', ' ')}", chat=fault)
        for fault in ChatFault
    }
)

BEHAVIOURS: Mapping[str, Behaviour] = MappingProxyType(
    {"good": GOOD, **_ERRORS, **_GARBAGE, **_FILTERED, **_CONNECTION, **_CONTENT}
)
"""All behaviours that have a name."""
