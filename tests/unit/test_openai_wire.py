"""The provider against a server written from OpenAI's contract alone."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from actors.providers.base import ProviderFailed, RenderedPicture
from actors.providers.delays import UNTOLD
from actors.providers.hosted import hosted_model
from server.domain.models import Format, Size
from server.domain.states import Quality
from server.routing.catalogue import Catalogue
from server.routing.failover import FailureKind
from server.routing.prices import PricedCall
from tests.markdown import ROOT, blocks
from tests.unit.hosted import (
    FLARE,
    FORMAT,
    MIA,
    PRICE,
    TOM,
    Progress,
    content,
    draw,
    provider,
    reference,
    watched,
)
from tests.unit.images_server import picture
from tests.wire.behaviours import BEHAVIOURS, Place, slow
from tests.wire.contract import Operation
from tests.wire.records import Outcome
from tests.wire.server import WireServer, closed_url

EXACT, AS_TOLD, ESTIMATED = "exact", "as told", "estimated"
GONE, MODERATED, UNKNOWN = (
    FailureKind.MODEL_GONE,
    FailureKind.MODERATED_OUTPUT,
    FailureKind.OUTCOME_UNKNOWN,
)
LIMITED, STOPPED, UNREADABLE = (
    FailureKind.RATE_LIMITED,
    FailureKind.ACCOUNT_STOPPED,
    FailureKind.UNREADABLE,
)
ALIKE: dict[str, str] = {
    "good": EXACT,
    "twice": EXACT,
    **dict.fromkeys(("model_not_found", "model_retired"), GONE),
    "moderation_input": FailureKind.MODERATED,
    **dict.fromkeys(("moderation_output", "moderation_unknown"), MODERATED),
    "picture_filtered": MODERATED,
    **dict.fromkeys(("moderation_in_words", "content_policy"), MODERATED),
    **dict.fromkeys(("billing_limit", "no_quota"), STOPPED),
    **dict.fromkeys(("invalid_key", "key_in_full", "forbidden"), STOPPED),
    **dict.fromkeys(("rate_limit", "rate_limit_ms", "rate_limit_in_words"), LIMITED),
    **dict.fromkeys(("rate_limit_in_ms", "rate_limit_in_minutes", "rate_limit_bare"), LIMITED),
    **dict.fromkeys(("request_timeout", "server_error", "bad_gateway", "overloaded"), UNKNOWN),
    "bad_request": FailureKind.REFUSED,
    **dict.fromkeys(("not_json", "empty_body", "no_data", "null_data"), UNREADABLE),
    **dict.fromkeys(("empty_data", "no_b64", "a_list"), UNREADABLE),
    **dict.fromkeys(("picture_not_base64", "picture_no_picture"), UNREADABLE),
    **dict.fromkeys(("picture_wrong_size", "picture_truncated"), UNREADABLE),
    "picture_wrong_format": EXACT,
    **dict.fromkeys(("cut_before_headers", "cut_in_body"), UNKNOWN),
    "cut_between_events": UNKNOWN,
    **{f"slow_{place}": EXACT for place in Place},
    **dict.fromkeys(("usage_missing", "usage_null", "usage_nan"), ESTIMATED),
    **dict.fromkeys(("usage_negative", "usage_strings", "usage_zero"), ESTIMATED),
    **dict.fromkeys(("usage_huge", "usage_no_details"), AS_TOLD),
    **dict.fromkeys(("usage_empty_output_details", "usage_output_details"), EXACT),
}
"""What follows each behaviour, whether the call is streamed or not."""
STREAMED: dict[str, str] = {
    **dict.fromkeys(("stream_completed_early", "stream_completed_twice"), EXACT),
    **dict.fromkeys(("stream_completed_late", "stream_fewer_partials"), EXACT),
    **dict.fromkeys(("stream_unknown_events", "stream_comments"), EXACT),
    **dict.fromkeys(("stream_no_completed", "stream_garbage_event"), UNKNOWN),
    "stream_error_event": MODERATED,
}
PLAIN = [name for name in [*ALIKE, *STREAMED] if not name.startswith("slow_")]
EVENTFUL = [name for name in PLAIN if BEHAVIOURS[name].reply is None]
"""The behaviours that differ in a stream; an error that is the whole answer does not."""
CALLS = [
    *(pytest.param(name, False, id=f"{name}-plain") for name in PLAIN),
    *(pytest.param(name, True, id=f"{name}-streamed") for name in EVENTFUL),
]


@pytest.fixture(scope="module")
def server() -> Iterator[WireServer]:
    with WireServer() as running:
        yield running


@pytest.fixture
def wire(server: WireServer) -> WireServer:
    server.script.clear()
    server.journal.clear()
    return server


async def drawn(wire: WireServer, progress: Progress | None = None) -> RenderedPicture:
    return await draw(wire.base_url, progress=progress, openai_api_key=wire.api_key)


def test_every_behaviour_of_the_server_has_an_outcome() -> None:
    # What chats alone do has its outcomes in test_extractor_chat.
    pictures = {name for name in BEHAVIOURS if not name.startswith("chat_")}
    assert {*ALIKE, *STREAMED} == pictures


@pytest.mark.parametrize(("name", "streamed"), CALLS)
async def test_a_behaviour_has_its_outcome(wire: WireServer, name: str, streamed: bool) -> None:
    wire.script.always(name)
    expected = ALIKE.get(name, STREAMED.get(name, EXACT) if streamed else EXACT)
    progress = watched() if streamed else None
    if isinstance(expected, FailureKind):
        with pytest.raises(ProviderFailed) as failed:
            await drawn(wire, progress)
        assert failed.value.kind is expected
        assert failed.value.request_id or expected is UNKNOWN
    else:
        _check_cost(await drawn(wire, progress), wire, expected, partials=2 if streamed else 0)
    assert wire.journal.refused == []
    assert len(wire.journal.accepted) == 1


def _check_cost(done: RenderedPicture, wire: WireServer, expected: str, partials: int) -> None:
    (recorded,) = wire.journal.accepted
    hold = PRICE.most_micros(PricedCall(Size(1024, 1024), "high", 0, partials))
    assert done.cost_micros > 0
    assert done.cost_estimated is (expected == ESTIMATED)
    match expected:
        case "exact":
            assert done.cost_micros == recorded.cost_micros <= hold
        case "as told":
            # More than it was: text counted as pictures, or a usage that is far too high.
            assert done.cost_micros > recorded.cost_micros
        case _:
            assert done.cost_micros == hold


async def test_a_generation_has_these_fields_and_no_others(wire: WireServer) -> None:
    what = content(MIA, TOM, quality=Quality.STANDARD)
    done = await draw(wire.base_url, what=what, openai_api_key=wire.api_key)
    (sent,) = wire.journal.accepted
    assert (sent.operation, sent.parts) == (Operation.GENERATION, ())
    assert sent.fields == {
        "model": "gpt-image-2.5-flare",
        "prompt": done.prompt.prompt,
        "n": 1,
        "size": "1024x1024",
        "quality": "medium",
        "output_format": "png",
    }
    assert done.request_id == sent.request_id


async def test_an_edit_has_these_fields_and_its_pictures_in_order(wire: WireServer) -> None:
    pictures = [picture((64, 64)), picture((32, 48))]
    references = [reference(TOM, pictures[0]), reference(MIA, pictures[1])]
    done = await draw(
        wire.base_url,
        *references,
        what=content(TOM, MIA),
        progress=watched(),
        openai_api_key=wire.api_key,
    )
    (sent,) = wire.journal.accepted
    assert sent.operation is Operation.EDIT
    assert sent.fields == {
        "model": "gpt-image-2.5-flare",
        "prompt": done.prompt.prompt,
        "n": "1",
        "size": "1024x1024",
        "quality": "high",
        "output_format": "png",
        "stream": "true",
        "partial_images": "2",
    }
    assert [(part.name, part.file_name, part.media_type) for part in sent.parts] == [
        ("image[]", "1-tom-o-neil.png", "image/png"),
        ("image[]", "2-mia.png", "image/png"),
    ]
    assert [part.data for part in sent.parts] == pictures
    assert done.cost_micros == sent.cost_micros
    assert not done.cost_estimated


async def test_sixteen_references_fit(wire: WireServer) -> None:
    references = [reference(MIA, picture((16, 16)))] * 20
    await draw(wire.base_url, *references, openai_api_key=wire.api_key)
    assert len(wire.journal.accepted[0].parts) == 16


async def test_a_wide_scene_is_drawn_in_its_native_size(wire: WireServer) -> None:
    wide = Format(Size(1920, 1080), Size(1536, 864))
    outputs = {"high": {"1536x864": 1400}}
    model = replace(FLARE, price=replace(PRICE, outputs=outputs))
    async with provider(wire.base_url, model, openai_api_key=wire.api_key) as drawing:
        done = await drawing.render(content(MIA), wide, (), Progress())
    assert Image.open(BytesIO(done.png)).size == (done.width, done.height) == (1536, 864)
    assert wire.journal.accepted[0].fields["size"] == "1536x864"


async def test_the_longest_prompt_is_taken(wire: WireServer) -> None:
    what = content(MIA, scene="Mia runs through a forest. " * 3000)
    done = await draw(wire.base_url, what=what, openai_api_key=wire.api_key)
    assert 31_900 < len(done.prompt.prompt) <= 32_000
    assert wire.journal.refused == []


async def test_a_service_that_still_has_dall_e_3_is_asked_in_its_way(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "providers.md").read_text()
    [row] = [one.text for one in blocks(page) if one.text.startswith("[models.dall-e-3]")]
    (tmp_path / "models.toml").write_text(row)
    [listed] = Catalogue.read(["dall-e-3"], tmp_path / "models.toml").models
    old = hosted_model(listed)
    with WireServer(serves=["dall-e-3"]) as wire:
        done = await draw(wire.base_url, model=old, openai_api_key=wire.api_key)
        (sent,) = wire.journal.accepted
    assert (done.cost_micros, done.cost_estimated) == (80_000, False)
    assert set(sent.fields) == {"model", "prompt", "n", "size", "quality", "response_format"}


@pytest.mark.parametrize("invalid", [False, True])
async def test_a_retired_model_is_gone_in_both_forms(invalid: bool) -> None:
    old = replace(FLARE, sent_as="dall-e-3")
    with (
        WireServer(retired_is_invalid=invalid) as wire,
        pytest.raises(ProviderFailed) as failed,
    ):
        await draw(wire.base_url, model=old, openai_api_key=wire.api_key)
    assert failed.value.kind is FailureKind.MODEL_GONE


async def test_a_wrong_key_stops_the_account(wire: WireServer) -> None:
    with pytest.raises(ProviderFailed) as failed:
        await draw(wire.base_url, openai_api_key="sk-another-0123")
    assert failed.value.kind is FailureKind.ACCOUNT_STOPPED


async def test_a_closed_port_was_not_connected() -> None:
    with pytest.raises(ProviderFailed) as failed:
        await draw(closed_url())
    assert failed.value.kind is FailureKind.NOT_CONNECTED


@pytest.mark.parametrize(
    ("name", "delay"),
    [
        ("rate_limit", timedelta(seconds=7)),
        ("rate_limit_ms", timedelta(milliseconds=1500)),
        ("rate_limit_in_words", timedelta(seconds=12)),
        ("rate_limit_in_ms", timedelta(milliseconds=345)),
        ("rate_limit_in_minutes", timedelta(seconds=90)),
        ("rate_limit_bare", UNTOLD),
    ],
)
async def test_a_limit_tells_its_delay(wire: WireServer, name: str, delay: timedelta) -> None:
    wire.script.always(name)
    with pytest.raises(ProviderFailed) as failed:
        await drawn(wire)
    assert failed.value.delay == delay


@pytest.mark.parametrize(
    ("name", "stage", "categories"),
    [
        ("moderation_input", "input", ("violence", "self-harm")),
        ("moderation_output", "output", ("sexual",)),
        ("picture_filtered", "output", ("sexual",)),
        ("moderation_unknown", "unknown", ("hate",)),
        ("moderation_in_words", "unknown", ("violence",)),
        ("content_policy", "unknown", ()),
    ],
)
async def test_a_refusal_tells_its_stage_and_categories(
    wire: WireServer, name: str, stage: str, categories: tuple[str, ...]
) -> None:
    wire.script.always(name)
    with pytest.raises(ProviderFailed) as failed:
        await drawn(wire)
    assert (failed.value.stage, failed.value.categories) == (stage, categories)


@pytest.mark.parametrize(
    ("place", "streamed"),
    [(Place.BEFORE_HEADERS, False), (Place.IN_BODY, False), (Place.BETWEEN_EVENTS, True)],
)
async def test_silence_has_an_unknown_outcome(
    wire: WireServer, place: Place, streamed: bool
) -> None:
    wire.script.always(slow(place))
    progress = watched() if streamed else Progress()
    async with provider(
        wire.base_url, openai_api_key=wire.api_key, openai_timeout_s=1.5
    ) as drawing:
        with pytest.raises(ProviderFailed) as failed:
            await drawing.render(content(MIA), FORMAT, (), progress)
    assert failed.value.kind is FailureKind.OUTCOME_UNKNOWN


@pytest.mark.parametrize("place", Place)
async def test_cancelling_leaves_the_connection(wire: WireServer, place: Place) -> None:
    wire.script.always(slow(place))
    call = asyncio.create_task(drawn(wire, watched()))
    assert await asyncio.to_thread(wire.journal.wait, lambda journal: bool(journal.accepted))
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    left = await asyncio.to_thread(
        wire.journal.wait,
        lambda journal: journal.accepted[0].outcome is Outcome.CLIENT_LEFT,
    )
    assert left


async def test_a_second_answer_is_not_that_of_the_next_call(wire: WireServer) -> None:
    wire.script.then("twice")
    async with provider(wire.base_url, openai_api_key=wire.api_key) as drawing:
        first = await drawing.render(content(MIA, scene="a red house"), FORMAT, (), Progress())
        second = await drawing.render(content(MIA, scene="a blue boat"), FORMAT, (), Progress())
    assert first.request_id != second.request_id
    assert first.png != second.png


async def test_previews_are_shown_as_they_come(wire: WireServer) -> None:
    progress = watched()
    await drawn(wire, progress)
    assert [Image.open(BytesIO(data)).format for data in progress.previews] == ["JPEG", "JPEG"]
    assert [step for step, _, _ in progress.steps] == [0, 1, 2, 3, 4]


async def test_a_probe_knows_whether_the_model_is_there(wire: WireServer) -> None:
    async with provider(wire.base_url, openai_api_key=wire.api_key) as drawing:
        await drawing.probe()
    gone = replace(FLARE, sent_as="gpt-image-1")
    async with provider(wire.base_url, gone, openai_api_key=wire.api_key) as drawing:
        with pytest.raises(ProviderFailed) as failed:
            await drawing.probe()
    assert failed.value.kind is FailureKind.MODEL_GONE
    assert len(wire.journal.probes) == 2
    assert wire.journal.accepted == []
