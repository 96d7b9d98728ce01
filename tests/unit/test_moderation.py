"""OpenAI's moderation as a classifier, against a server of its wire protocol."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from pydantic import SecretStr, ValidationError

from actors.classifiers.base import ClassifierAway, TextClassifier
from actors.classifiers.choice import open_classifier
from actors.settings import ClassifierSettings
from tests.wire.behaviours import Place, failing, slow
from tests.wire.contract import Operation
from tests.wire.errors import Reply
from tests.wire.server import WireServer, closed_url

ASKED = [Operation.MODERATION]


@asynccontextmanager
async def moderation(
    wire: WireServer, base_url: str = "", timeout_s: float = 10.0
) -> AsyncIterator[TextClassifier]:
    """Yields the classifier of a worker whose settings name the wire server."""
    settings = ClassifierSettings(
        text_classifier="openai",
        moderation_api_key=SecretStr(wire.api_key),
        moderation_base_url=base_url or wire.base_url,
        moderation_timeout_s=timeout_s,
    )
    async with open_classifier(settings) as classifier:
        assert classifier is not None
        yield classifier


async def test_a_text_is_refused_for_what_is_flagged(wire: WireServer) -> None:
    async with moderation(wire) as classifier:
        assert await classifier.refused_for("A hill.") == ()
        said = "A flag:violence and a flag:self-harm hill."
        assert await classifier.refused_for(said) == ("self-harm", "violence")
    [first, _] = wire.journal.accepted
    assert first.fields == {"input": ["A hill."], "model": "omni-moderation-latest"}


async def test_a_long_text_is_asked_in_parts_and_refused_for_any(wire: WireServer) -> None:
    async with moderation(wire) as classifier:
        assert await classifier.refused_for("x" * 500_000 + " flag:hate") == ("hate",)
        assert await classifier.refused_for("") == ()
    sent = [one.fields["input"] for one in wire.journal.accepted]
    assert [len(one) for one in sent if isinstance(one, list)] == [32, 24]


@pytest.mark.parametrize("before", [8_995, 9_000, 9_995, 10_000, 18_995])
async def test_words_are_not_cut_apart_between_two_parts(wire: WireServer, before: int) -> None:
    async with moderation(wire) as classifier:
        said = "x" * (before - 1) + " flag:violence" + " x" * 10_000
        assert await classifier.refused_for(said) == ("violence",)


async def test_a_category_whose_name_could_be_anything_is_not_told(wire: WireServer) -> None:
    named = {"Mia is nude.": True, "violence": True, "hate": False, "illicit": None}
    body = json.dumps({"results": [{"flagged": True, "categories": named}]}).encode()
    wire.script.then(failing(Reply(200, body)), on=ASKED)
    async with moderation(wire) as classifier:
        assert await classifier.refused_for("A hill.") == ("flagged", "violence")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"results": []}',
        b'{"results": [{}]}',
        b'{"results": [{"flagged": "no", "categories": {}}]}',
        b'{"results": [{"flagged": false, "categories": {"sexual": "yes"}}]}',
        b'{"results": [{"flagged": false, "categories": {}}, {"flagged": false}]}',
    ],
)
async def test_an_answer_without_a_verdict_is_no_pass(wire: WireServer, body: bytes) -> None:
    wire.script.then(failing(Reply(200, body)), on=ASKED)
    async with moderation(wire) as classifier:
        with pytest.raises(ClassifierAway):
            await classifier.refused_for("A hill.")


async def test_what_is_flagged_for_nothing_is_refused(wire: WireServer) -> None:
    body = b'{"results": [{"flagged": true, "categories": {"hate": false}}]}'
    wire.script.then(failing(Reply(200, body)), on=ASKED)
    async with moderation(wire) as classifier:
        assert await classifier.refused_for("A hill.") == ("flagged",)


@pytest.mark.parametrize("name", ["invalid_key", "rate_limit", "server_error", "overloaded"])
async def test_a_failure_is_no_pass_and_tells_neither_text_nor_key(
    wire: WireServer, name: str
) -> None:
    wire.script.then(name, on=ASKED)
    async with moderation(wire) as classifier:
        with pytest.raises(ClassifierAway) as raised:
            await classifier.refused_for("A marmalade hill.")
    assert "marmalade" not in str(raised.value)
    assert wire.api_key not in str(raised.value)
    assert (raised.value.__cause__, raised.value.__context__) == (None, None)
    assert len(wire.journal.accepted) == 1


async def test_silence_and_nobody_listening_are_no_pass(wire: WireServer) -> None:
    wire.script.then(slow(Place.BEFORE_HEADERS), on=ASKED)
    for base_url, timeout_s in (("", 0.3), (closed_url(), 10.0)):
        async with moderation(wire, base_url, timeout_s) as classifier:
            with pytest.raises(ClassifierAway, match="IMGGEN_MODERATION_BASE_URL"):
                await classifier.refused_for("A hill.")


async def test_without_a_setting_nothing_classifies() -> None:
    async with open_classifier(ClassifierSettings()) as classifier:
        assert classifier is None


def test_the_classifier_needs_a_key() -> None:
    with pytest.raises(ValidationError, match="IMGGEN_MODERATION_API_KEY: not set"):
        ClassifierSettings(text_classifier="openai")
