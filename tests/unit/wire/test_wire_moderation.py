"""Moderations of the wire server."""

import base64
from io import BytesIO

import pytest
from openai import BadRequestError, InternalServerError, NotFoundError
from openai.types import ModerationImageURLInputParam
from PIL import Image

from tests.unit.wire.calls import post, sdk
from tests.wire.contract import Operation
from tests.wire.records import Outcome
from tests.wire.server import WireServer


def test_each_text_has_a_result_that_is_flagged_for_what_it_names(wire: WireServer) -> None:
    with sdk(wire) as client:
        answer = client.moderations.create(input=["A hill.", "A flag:self-harm/intent hill."])
    harmless, flagged = answer.results
    assert (harmless.flagged, flagged.flagged) == (False, True)
    assert not any(harmless.categories.to_dict().values())
    named = [name for name, is_so in flagged.categories.to_dict().items() if is_so]
    assert named == ["self-harm/intent"]
    assert flagged.category_scores.self_harm_intent > flagged.category_scores.violence
    assert answer.model == "omni-moderation-latest"
    (entry,) = wire.journal.accepted
    assert (entry.operation, entry.outcome) == (Operation.MODERATION, Outcome.ANSWERED)


@pytest.mark.parametrize(
    ("fields", "param"),
    [({}, "input"), ({"input": []}, "input"), ({"input": [1]}, "input"), ({"n": 1}, "n")],
)
async def test_what_the_api_refuses_is_refused(
    wire: WireServer, fields: dict[str, object], param: str
) -> None:
    answer = await post(wire, "/v1/moderations", fields)
    assert (answer.status, answer.error["param"]) == (400, param)


def test_an_unknown_model_and_a_scripted_failure_are_answered_so(wire: WireServer) -> None:
    with sdk(wire) as client:
        with pytest.raises((NotFoundError, BadRequestError)):
            client.moderations.create(input="A hill.", model="gpt-5-mini")
        wire.script.then("server_error", on=[Operation.MODERATION])
        with pytest.raises(InternalServerError):
            client.moderations.create(input="A hill.")


def test_a_picture_has_one_result_and_a_red_one_is_flagged(wire: WireServer) -> None:
    with sdk(wire) as client:
        verdicts = [client.moderations.create(input=[shown(hue)]) for hue in ("red", "green")]
        with pytest.raises(BadRequestError):
            client.moderations.create(input=[shown("green")], model="text-moderation-latest")
    results = [answer.results for answer in verdicts]
    assert [[one.flagged for one in result] for result in results] == [[True], [False]]
    assert results[0][0].categories.sexual


def shown(colour: str) -> ModerationImageURLInputParam:
    """Returns a picture of one colour as an input."""
    buffer = BytesIO()
    Image.new("RGB", (8, 8), colour).save(buffer, "PNG")
    url = f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
    return {"type": "image_url", "image_url": {"url": url}}
