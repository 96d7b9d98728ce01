"""Errors as the API words them: those of a refused request, and recorded ones to replay."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

INVALID = "invalid_request_error"


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer; `{key}`, `{masked}` and `{model}` in its body stand for the caller's."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "application/json"

    def naming(self, key: str, model: str = "") -> "Reply":
        """Returns the answer with the caller's key, in full or masked, and model filled in."""
        masked = f"{key[:8]}{'*' * 12}{key[-4:]}"
        body = self.body
        for name, value in (("key", key), ("masked", masked), ("model", model)):
            body = body.replace(f"{{{name}}}".encode(), json.dumps(value)[1:-1].encode())
        return Reply(self.status, body, self.headers, self.media_type)


def error(
    status: int,
    message: str,
    *,
    type: str = INVALID,
    code: str | None = None,
    param: str | None = None,
    headers: Mapping[str, str] | None = None,
    **more: object,
) -> Reply:
    """Returns an error with the API's body."""
    about = {"message": message, "type": type, "param": param, "code": code, **more}
    return Reply(status, json.dumps({"error": about}).encode(), headers or {})


class Refused(Exception):
    """Raised for a request that the contract does not allow."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.body.decode())
        self.reply = reply


def refused(message: str, code: str, param: str | None) -> Refused:
    """Returns the refusal of a field."""
    return Refused(error(400, message, code=code, param=param))


def no_key() -> Reply:
    """Returns the answer to a request without a key."""
    return error(401, "You didn't provide an API key. Send it as a Bearer token.")


def wrong_key() -> Reply:
    """Returns the answer to a wrong key, which it masks."""
    return error(401, "Incorrect API key provided: {masked}.", code="invalid_api_key")


def key_in_full() -> Reply:
    """Returns the answer of a compatible endpoint that tells the whole key."""
    return error(401, "Incorrect API key provided: {key}.", code="invalid_api_key")


def unknown_model(model: str) -> Reply:
    """Returns the answer for a model that does not exist, or exists no more."""
    message = f"The model '{model}' does not exist or you do not have access to it."
    return error(404, message, code="model_not_found", param="model")


def retired_model(model: str) -> Reply:
    """Returns the other answer for a model that exists no more."""
    message = f"The model '{model}' does not exist."
    kind = "image_generation_user_error"
    return error(400, message, type=kind, code="invalid_value", param="model")


def moderation(stage: str, *categories: str) -> Reply:
    """Returns the refusal of a prompt, or of a picture after it was drawn."""
    named = ", ".join(categories)
    return error(
        400,
        "Your request was rejected by the safety system. If you believe this is an error,"
        f" contact us with the request ID. safety_violations=[{named}].",
        type="image_generation_user_error",
        code="moderation_blocked",
        moderation_details={"moderation_stage": stage, "categories": list(categories)},
    )


def moderation_in_words() -> Reply:
    """Returns a refusal whose categories are only in the message."""
    return error(
        400,
        "Your request was rejected by the safety system. safety_violations=[violence].",
        type="image_generation_user_error",
        code="moderation_blocked",
    )


def content_policy() -> Reply:
    """Returns the older refusal of a prompt."""
    return error(
        400,
        "Your request was rejected as a result of our safety system. Your prompt may contain text"
        " that is not allowed by our safety system.",
        code="content_policy_violation",
    )


def billing_limit() -> Reply:
    """Returns the stop of an account, which looks like a refused request."""
    return error(400, "Billing hard limit has been reached", code="billing_hard_limit_reached")


def no_quota() -> Reply:
    """Returns the stop of an account, which looks like a rate limit."""
    return error(
        429,
        "You exceeded your current quota, please check your plan and billing details.",
        type="insufficient_quota",
        code="insufficient_quota",
    )


def rate_limit(headers: Mapping[str, str], hint: str = "") -> Reply:
    """Returns a rate limit that tells its delay in headers, in the message or not at all."""
    message = (
        "Rate limit reached for gpt-image-2 in organization org-wire on input-images per min:"
        f" Limit 5, Used 5, Requested 1.{hint}"
    )
    kind = "input-images"
    return error(429, message, type=kind, code="rate_limit_exceeded", headers=headers)


def server_error(status: int, message: str) -> Reply:
    """Returns a failure of the API itself."""
    return error(status, message, type="server_error")


def bad_gateway() -> Reply:
    """Returns what a proxy in front of the API answers."""
    body = b"<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>"
    return Reply(502, body, media_type="text/html")
