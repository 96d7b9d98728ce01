"""What follows each error of OpenAI's images API: a failure of one kind, with safe words.

An error's own message may repeat the prompt or the key, so none of it is kept.
"""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import httpx2
import openai

from actors.providers.base import ProviderFailed
from actors.providers.delays import asked_delay
from server.routing.failover import FailureKind

_log = logging.getLogger(__name__)

_NEVER_SENT = (
    *(httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout),
    *(httpx2.ProxyError, httpx2.UnsupportedProtocol),
)
_MODERATED = frozenset(
    {
        *("moderation_blocked", "content_policy_violation"),
        *("contentfilter", "content_filter", "responsibleaipolicyviolation"),  # Azure
    }
)
_STOPPED = frozenset(
    {
        *("insufficient_quota", "billing_hard_limit_reached", "billing_not_active"),
        *("account_deactivated", "invalid_api_key"),
    }
)
_STAGES = ("input", "output")
_GONE = re.compile(r"does not exist|not found|no longer|retired|deprecated|shut down")
_VIOLATIONS = re.compile(r"safety_violations=\[([^\]]*)\]")
_WORD = re.compile(r"[a-z][a-z/_-]{0,63}")
_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_LONGEST_MESSAGE = 4000


@dataclass(frozen=True, slots=True)
class ErrorAnswer:
    """An error as the API told it, in an answer of its own or inside a stream of status 200."""

    status: int
    headers: Mapping[str, str]
    code: str
    type: str
    param: str
    message: str
    moderation: Mapping[str, Any]

    @classmethod
    def read(cls, status: int, headers: Mapping[str, str], error: object) -> Self:
        """Reads an error's JSON; any other body, like a page of HTML, tells its status alone."""
        told = error if isinstance(error, Mapping) else {}
        message, details = told.get("message"), told.get("moderation_details")
        return cls(
            status=status,
            headers=headers,
            code=plain_word(told.get("code")),
            type=plain_word(told.get("type")),
            param=plain_word(told.get("param")),
            message=message[:_LONGEST_MESSAGE] if isinstance(message, str) else "",
            moderation=details if isinstance(details, Mapping) else {},
        )

    def kind(self, model: str) -> FailureKind:
        """Returns the kind of failure; `model` is the name that the request had."""
        if self.status == 408 or self.status >= 500:
            return FailureKind.OUTCOME_UNKNOWN
        if self._coded(_MODERATED):
            # A stage that is not told counts as the output's, which is billed.
            at_input = self.stage == "input"
            return FailureKind.MODERATED if at_input else FailureKind.MODERATED_OUTPUT
        if self._coded(_STOPPED):
            return FailureKind.ACCOUNT_STOPPED
        if self._model_gone(model):
            return FailureKind.MODEL_GONE
        if self.status in (401, 402, 403):
            return FailureKind.ACCOUNT_STOPPED
        if self.status == 429 or self.code == "rate_limit_exceeded":
            return FailureKind.RATE_LIMITED
        # An error inside a stream comes after the picture was begun.
        return FailureKind.OUTCOME_UNKNOWN if self.status < 300 else FailureKind.REFUSED

    @property
    def stage(self) -> str:
        """The stage at which moderation refused: `input`, `output` or `unknown`."""
        stage = self.moderation.get("moderation_stage")
        return stage if stage in _STAGES else "unknown"

    @property
    def categories(self) -> tuple[str, ...]:
        """The categories that moderation found."""
        told = self.moderation.get("categories")
        if not isinstance(told, list):
            found = _VIOLATIONS.search(self.message)
            told = [word.strip(" '\"") for word in found[1].split(",")] if found else []
        return tuple(dict.fromkeys(filter(None, map(plain_word, told))))

    def _coded(self, codes: frozenset[str]) -> bool:
        return self.code in codes or self.type in codes

    def _model_gone(self, model: str) -> bool:
        """Returns whether the model is unknown or retired, which has two forms.

        One is `model_not_found`, the other an `invalid_value` that names the model.
        """
        if self.code == "model_not_found":
            return True
        if self.status not in (400, 404) or self.code not in ("invalid_value", ""):
            return False
        named = model in self.message and self.param in ("", "model")
        return named and (self.param == "model" or bool(_GONE.search(self.message)))


def answered(answer: ErrorAnswer, model: str) -> ProviderFailed:
    """Returns the failure for an error that the API answered; logs one that is our fault."""
    kind = answer.kind(model)
    named = f" ({answer.code or answer.type})" if answer.code or answer.type else ""
    found = request_id(answer.headers)
    if kind is FailureKind.REFUSED:
        _log.error(
            "request refused",
            extra={
                "provider": "openai",
                "model": model,
                "status": answer.status,
                "code": answer.code,
                "param": answer.param,
                "request_id": found,
            },
        )
    moderated = kind in (FailureKind.MODERATED, FailureKind.MODERATED_OUTPUT)
    limited = kind is FailureKind.RATE_LIMITED
    return ProviderFailed(
        kind,
        f"openai answered {answer.status}{named} for {model}: {_MEANING[kind]}",
        delay=asked_delay(answer.headers, answer.message) if limited else None,
        stage=answer.stage if moderated else "",
        categories=answer.categories if moderated else (),
        request_id=found,
    )


def broken_off(error: BaseException) -> ProviderFailed:
    """Returns the failure for a call without a whole answer: never sent, cut or silent."""
    kind, named = how_broken_off(error)
    if kind is FailureKind.NOT_CONNECTED:
        return ProviderFailed(
            kind,
            f"openai was not reached ({named}), nothing was sent; see IMGGEN_OPENAI_BASE_URL",
        )
    return ProviderFailed(
        kind,
        f"openai was cut off or silent ({named}) after the request was sent; it may be billed",
    )


def how_broken_off(error: BaseException) -> tuple[FailureKind, str]:
    """Returns whether a call without a whole answer was sent at all, and the error's name."""
    cause = error.__cause__ if isinstance(error, openai.APIConnectionError) else error
    never_sent = isinstance(cause, _NEVER_SENT)
    kind = FailureKind.NOT_CONNECTED if never_sent else FailureKind.OUTCOME_UNKNOWN
    return kind, type(cause or error).__name__


def request_id(headers: Mapping[str, str]) -> str:
    """Returns the provider's id of a call; empty for one that looks like no id."""
    found = headers.get("x-request-id", "")
    return found if _REQUEST_ID.fullmatch(found) else ""


_MEANING: Mapping[FailureKind, str] = {
    FailureKind.OUTCOME_UNKNOWN: "whether it drew is unknown; it counts as billed",
    FailureKind.RATE_LIMITED: "its limit is reached; it must wait",
    FailureKind.ACCOUNT_STOPPED: "the account draws nothing; look at its key, quota and limit",
    FailureKind.MODEL_GONE: "the model is unknown or retired; remove it from the catalogue",
    FailureKind.MODERATED: "the prompt was refused by its policy",
    FailureKind.MODERATED_OUTPUT: "the picture was refused by its policy; it counts as billed",
    FailureKind.REFUSED: "the request is wrong; this is an error of imggen or of its settings",
}


def plain_word(value: object) -> str:
    """Returns a code in lower case; nothing for what could be a key or a part of a prompt."""
    word = value.lower() if isinstance(value, str) else ""
    return word if _WORD.fullmatch(word) else ""
