"""Chat completions: what a request may have, and what a good answer is.

The fields are those of a model that reasons, of which clients here use four.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.wire.behaviours import GOOD, Behaviour, ChatFault
from tests.wire.errors import Refused, refused, unknown_model
from tests.wire.schemas import Schema, check_format, filled, schema_of
from tests.wire.usage import UsageFault, spoiled

MODELS = ("gpt-5-mini",)
"""The models that chat."""

REASONING_TOKENS = 64
"""Output tokens that nobody sees, and that are spent first."""

_ROLES = ("developer", "system", "user", "assistant")
_WORD = re.compile(r"\S+")
_ANSWER_WORDS = 12
_REFUSAL = "I'm sorry, I can't help with that."


@dataclass(frozen=True, slots=True)
class ChatUsage:
    """Tokens of a request and its answer; those of the reasoning are part of `output`."""

    prompt: int
    output: int

    def json(self) -> dict[str, object]:
        """Returns the object that an answer carries."""
        return {
            "prompt_tokens": self.prompt,
            "completion_tokens": self.output,
            "total_tokens": self.prompt + self.output,
            "prompt_tokens_details": {"cached_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": min(self.output, REASONING_TOKENS)},
        }


@dataclass(frozen=True, slots=True)
class Chat:
    """A request that the contract allows; `schema` is that of a structured answer."""

    model: str
    messages: tuple[tuple[str, str], ...]
    most_tokens: int
    schema: Schema | None = None

    def answer(self, behaviour: Behaviour = GOOD) -> "Answer":
        """Returns the answer: what the behaviour says, else what was sent last."""
        said = self._said() if behaviour.content is None else behaviour.content
        match behaviour.chat:
            case ChatFault.REFUSED:
                return Answer(None, "stop", REASONING_TOKENS, _REFUSAL)
            case ChatFault.FILTERED:
                return Answer(said[: len(said) // 2], "content_filter", REASONING_TOKENS)
            case ChatFault.CUT_SHORT:
                return Answer(said[: len(said) // 2], "length", self.most_tokens)
        words = said.split()
        left = max(0, self.most_tokens - REASONING_TOKENS)
        if len(words) < left:
            return Answer(said, "stop", REASONING_TOKENS + len(words))
        return Answer(" ".join(words[:left]), "length", self.most_tokens)

    def body(self, id: str, created: int, behaviour: Behaviour = GOOD) -> bytes:
        """Returns an answer as a behaviour has it."""
        given = self.answer(behaviour)
        message = {"role": "assistant", "content": given.content, "refusal": given.refusal}
        choice = {"index": 0, "message": message, "finish_reason": given.reason, "logprobs": None}
        answer = {
            "id": f"chatcmpl-{id}",
            "object": "chat.completion",
            "created": created,
            "model": self.model,
            "choices": [choice],
        }
        return json.dumps({**answer, **_usage(self._usage(given), behaviour.usage)}).encode()

    def _said(self) -> str:
        """Returns the first words of the last message's last line, in the form of the schema."""
        words = _WORD.findall(self.messages[-1][1].strip().splitlines()[-1])
        text = " ".join(words[:_ANSWER_WORDS])
        return text if self.schema is None else json.dumps(filled(self.schema, text))

    def _usage(self, given: "Answer") -> ChatUsage:
        """Returns the true usage: a token for every four bytes sent, and one for a word."""
        sent = sum(4 + len(text.encode()) // 4 for _, text in self.messages)
        return ChatUsage(3 + sent, given.tokens)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a chat model says, why it ends, and the tokens that it took."""

    content: str | None
    reason: str
    tokens: int
    refusal: str | None = None


def check(fields: Mapping[str, object]) -> Chat:
    """Returns a request, or raises Refused."""
    for name in ("model", "messages"):
        if not fields.get(name):
            message = f"Missing required parameter: '{name}'."
            raise refused(message, "missing_required_parameter", name)
    for name, value in fields.items():
        if name == "max_tokens":
            message = "Unsupported parameter: 'max_tokens' is not supported with this model. Use"
            raise refused(f"{message} 'max_completion_tokens'.", "unsupported_parameter", name)
        if name not in _CHECKS:
            raise refused(f"Unknown parameter: '{name}'.", "unknown_parameter", name)
        if value is not None:
            _CHECKS[name](name, value)
    if fields["model"] not in MODELS:
        raise Refused(unknown_model(str(fields["model"])))
    most = fields.get("max_completion_tokens")
    sent = fields["messages"]
    pairs = [(one["role"], one["content"]) for one in sent] if isinstance(sent, list) else []
    return Chat(
        str(fields["model"]),
        tuple(pairs),
        most if isinstance(most, int) else 128_000,
        schema_of(fields.get("response_format")),
    )


def _text(name: str, value: object) -> None:
    if not isinstance(value, str):
        raise _invalid(name, "expected a string")


def _tokens(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _invalid(name, "expected an integer")
    if value < 1:
        message = f"Invalid '{name}': expected a value >= 1, but got {value} instead."
        raise refused(message, "integer_below_min_value", name)


def _messages(name: str, value: object) -> None:
    if not isinstance(value, list):
        raise _invalid(name, "expected an array of objects")
    for index, one in enumerate(value):
        place = f"{name}[{index}]"
        if not isinstance(one, dict) or set(one) != {"role", "content"}:
            raise _invalid(place, "expected an object with 'role' and 'content'")
        if one["role"] not in _ROLES:
            raise refused(f"Invalid value: {one['role']!r}.", "invalid_value", f"{place}.role")
        _text(f"{place}.content", one["content"])


_CHECKS: Mapping[str, Callable[[str, object], None]] = {
    "model": _text,
    "messages": _messages,
    "max_completion_tokens": _tokens,
    "response_format": check_format,
}


def _invalid(name: str, wanted: str) -> Exception:
    return refused(f"Invalid type for '{name}': {wanted}.", "invalid_type", name)


def _usage(usage: ChatUsage, fault: UsageFault | None) -> Mapping[str, object]:
    match fault:
        case UsageFault.MISSING:
            return {}
        case UsageFault.NULL:
            return {"usage": None}
        case UsageFault.ZERO:
            return {"usage": ChatUsage(0, 0).json()}
        case UsageFault.HUGE:
            return {"usage": ChatUsage(usage.prompt * 100, usage.output * 100).json()}
        case UsageFault.NAN | UsageFault.NEGATIVE | UsageFault.STRINGS:
            return {"usage": spoiled(usage.json(), fault)}
        case _:
            return {"usage": usage.json()}
