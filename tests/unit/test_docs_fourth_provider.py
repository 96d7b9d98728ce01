"""The fourth provider that docs/providers.md writes: it draws, fails and is probed like ours."""

import asyncio
import importlib.util
import inspect
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import aiohttp
import pytest

from actors.providers.base import (
    NO_RECORDS,
    Content,
    Provider,
    ProviderFailed,
    RenderedPicture,
    RenderRecords,
)
from server.domain.models import Format, Size
from server.domain.scenes import Scene
from server.routing.failover import FailureKind
from server.routing.prices import PricedCall
from tests.unit.content import character, render_spec
from tests.unit.providers_page import MODULE, ROWS, price_of
from tests.wire_stability import (
    KEY,
    REQUEST_ID,
    Answer,
    StabilityServer,
    error_body,
    picture,
    serve_stability,
)

WIDE = Format(Size(1824, 1024), Size(1344, 768))
TALL = Format(Size(1024, 1536), Size(832, 1248))
SCENE = "Mia finds a secret lantern in the dark forest."


@dataclass
class Progress:
    """Keeps what was reported."""

    records: RenderRecords = NO_RECORDS
    watched: asyncio.Event = field(default_factory=asyncio.Event)
    steps: list[tuple[int, int]] = field(default_factory=list)

    def step(self, step: int, steps: int, preview: bytes | None = None) -> None:
        self.steps.append((step, steps))


@pytest.fixture(scope="module")
def module_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page's module as a file."""
    path = tmp_path_factory.mktemp("providers") / "stability.py"
    path.write_text(MODULE.text)
    return path


@pytest.fixture(scope="module")
def stability(module_file: Path) -> ModuleType:
    """The page's module."""
    spec = importlib.util.spec_from_file_location("stability_of_the_docs", module_file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
async def served() -> AsyncIterator[tuple[StabilityServer, str]]:
    """A server of Stability's API, and its URL."""
    async with serve_stability() as server:
        yield server


@pytest.fixture
def wire(served: tuple[StabilityServer, str]) -> StabilityServer:
    """The server alone."""
    return served[0]


Make = Callable[[aiohttp.ClientSession, str], Provider]


@pytest.fixture
def make(stability: ModuleType) -> Make:
    """Makes the provider of a model with the connections that it is given."""

    def made(http: aiohttp.ClientSession, model: str) -> Provider:
        label = ROWS[model]["quality"]["hd"]["label"]
        made = stability.StabilityProvider(http, model, label, price_of(model))
        return cast(Provider, made)

    return made


@pytest.fixture
async def http(
    stability: ModuleType, served: tuple[StabilityServer, str]
) -> AsyncIterator[aiohttp.ClientSession]:
    """Connections to the server, with its key."""
    async with stability.open_stability(api_key=KEY, base_url=served[1]) as session:
        yield session


@pytest.fixture
def provider(make: Make, http: aiohttp.ClientSession) -> Provider:
    """The provider of the cheaper model."""
    return make(http, "stable-image-core")


async def draw(
    provider: Provider, drawn: Format = WIDE, progress: Progress | None = None, **spec: Any
) -> RenderedPicture:
    cast_ = (character("Mia", hair="long red hair"),)
    content = Content(render_spec(scene=SCENE, **spec), Scene(told=SCENE), cast_)
    return await provider.render(content, drawn, (), progress or Progress())


async def failed(call: Any) -> ProviderFailed:
    """Returns what a call raises; it names neither the prompt nor the key."""
    with pytest.raises(ProviderFailed) as caught:
        await call
    said = f"{caught.value.message} {caught.value!r} {caught.value.__cause__!r}"
    for secret in (KEY, "lantern", "Mia"):
        assert secret not in said
    return caught.value


def test_it_needs_no_more_than_the_protocol(stability: ModuleType) -> None:
    made = stability.StabilityProvider
    public = {name for name in vars(made) if not name.startswith("_")} | {"model"}
    assert public == {name for name in vars(Provider) if not name.startswith("_")}
    for name in ("render", "probe"):
        ours, theirs = (inspect.signature(getattr(one, name)) for one in (made, Provider))
        assert list(ours.parameters) == list(theirs.parameters)


@pytest.mark.parametrize(
    ("model", "micros"), [("stable-image-core", 30_000), ("stable-image-ultra", 80_000)]
)
async def test_a_picture_is_drawn_at_the_price_of_its_row(
    make: Make, http: aiohttp.ClientSession, wire: StabilityServer, model: str, micros: int
) -> None:
    provider, progress = make(http, model), Progress()
    drawn = await draw(provider, progress=progress)
    assert (drawn.provider, drawn.model) == ("stability", model)
    assert (drawn.width, drawn.height) == (1344, 768)
    assert drawn.png == picture(1344, 768)
    assert drawn.cost_micros == micros
    assert drawn.cost_micros == price_of(model).most_micros(
        PricedCall(WIDE.native, model.removeprefix("stable-image-"))
    )
    assert not drawn.cost_estimated
    assert drawn.request_id == REQUEST_ID
    assert progress.steps == [(0, 1), (1, 1)]
    assert wire.calls == [f"/v2beta/stable-image/generate/{model.removeprefix('stable-image-')}"]


async def test_the_request_has_the_prompt_and_nothing_of_ours(
    provider: Provider, wire: StabilityServer
) -> None:
    drawn = await draw(provider, TALL, seed=11)
    (received,) = wire.received
    assert received.fields == {
        "prompt": drawn.prompt.prompt,
        "negative_prompt": drawn.prompt.negative_prompt,
        "aspect_ratio": "2:3",
        "seed": "11",
        "output_format": "png",
    }
    assert SCENE.rstrip(".") in drawn.prompt.prompt
    assert "long red hair" in drawn.prompt.prompt
    assert "photo" in drawn.prompt.negative_prompt
    assert received.headers["Accept"] == "image/*"


async def test_no_connection_is_used_twice(provider: Provider, wire: StabilityServer) -> None:
    for _ in range(2):
        await draw(provider)
    first, second = wire.received
    assert first.peer != second.peer


@pytest.mark.parametrize(
    ("seed", "sent"), [(0, 1), (1, 1), (4_294_967_294, 4_294_967_294), (2**32 - 1, 2**32 - 2)]
)
async def test_every_seed_of_ours_is_one_of_theirs(
    provider: Provider, wire: StabilityServer, seed: int, sent: int
) -> None:
    drawn = await draw(provider, seed=seed)
    assert wire.received[0].fields["seed"] == str(sent)
    assert drawn.seed == sent


async def test_a_prompt_is_cut_to_the_limit(provider: Provider, wire: StabilityServer) -> None:
    content = Content(render_spec(scene="a lantern " * 2_000), Scene(), ())
    drawn = await provider.render(content, WIDE, (), Progress())
    assert len(wire.received[0].fields["prompt"]) == 10_000
    assert drawn.prompt.prompt == wire.received[0].fields["prompt"]


def says(status: int, name: str, **headers: str) -> Answer:
    quoted = error_body(name, f"your prompt '{SCENE}' with {KEY} was not accepted")
    return Answer(status, quoted, headers)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (says(400, "bad_request"), FailureKind.REFUSED),
        (says(401, "unauthorized"), FailureKind.ACCOUNT_STOPPED),
        (says(402, "payment_required"), FailureKind.ACCOUNT_STOPPED),
        (says(403, "forbidden"), FailureKind.ACCOUNT_STOPPED),
        (says(403, "content_moderation"), FailureKind.MODERATED),
        (says(403, KEY), FailureKind.ACCOUNT_STOPPED),
        (says(404, "not_found"), FailureKind.MODEL_GONE),
        (says(408, "timeout"), FailureKind.OUTCOME_UNKNOWN),
        (says(413, "payload_too_large"), FailureKind.REFUSED),
        (says(422, "unprocessable"), FailureKind.REFUSED),
        (says(429, "rate_limit_exceeded"), FailureKind.RATE_LIMITED),
        (says(500, "internal_error"), FailureKind.OUTCOME_UNKNOWN),
        (Answer(502, b"<html>bad gateway</html>"), FailureKind.OUTCOME_UNKNOWN),
        (Answer(302, headers={"location": "/v1/user/balance"}), FailureKind.REFUSED),
        (Answer(403, b'["content_moderation"]'), FailureKind.ACCOUNT_STOPPED),
        (Answer(200, b""), FailureKind.UNREADABLE),
        (Answer(200, b"no picture"), FailureKind.UNREADABLE),
        (Answer(200, picture(1344, 768)[:-40]), FailureKind.UNREADABLE),
        (Answer(200, picture(1024, 1024)), FailureKind.UNREADABLE),
        (Answer(200, picture(1344, 768, "JPEG")), FailureKind.UNREADABLE),
        (
            Answer(200, picture(1344, 768), {"finish-reason": "CONTENT_FILTERED"}),
            FailureKind.MODERATED_OUTPUT,
        ),
        (Answer(200, picture(1344, 768), cut=20), FailureKind.OUTCOME_UNKNOWN),
    ],
    ids=lambda value: str(getattr(value, "status", value)),
)
async def test_each_failure_is_of_its_kind(
    provider: Provider, wire: StabilityServer, answer: Answer, kind: FailureKind
) -> None:
    wire.answers = [answer]
    error = await failed(draw(provider))
    assert error.kind is kind
    assert len(wire.calls) == 1  # neither repeated nor redirected
    assert error.request_id == ("" if answer.cut else REQUEST_ID)
    stages = {FailureKind.MODERATED: "input", FailureKind.MODERATED_OUTPUT: "output"}
    assert error.stage == stages.get(kind, "")


@pytest.mark.parametrize(("header", "seconds"), [("7", 7), ("", 60), ("soon", 60)])
async def test_a_rate_limit_has_a_delay(
    provider: Provider, wire: StabilityServer, header: str, seconds: int
) -> None:
    wire.answers = [says(429, "rate_limit_exceeded", **{"retry-after": header})]
    error = await failed(draw(provider))
    assert error.delay is not None
    assert error.delay.total_seconds() == seconds


async def test_a_wrong_key_stops_the_account(
    stability: ModuleType, make: Make, served: tuple[StabilityServer, str]
) -> None:
    async with stability.open_stability(api_key="wrong", base_url=served[1]) as http:
        for call in (
            draw(make(http, "stable-image-core")),
            make(http, "stable-image-core").probe(),
        ):
            assert (await failed(call)).kind is FailureKind.ACCOUNT_STOPPED


async def test_nobody_listening_and_no_tls_are_not_connected(
    stability: ModuleType, make: Make, served: tuple[StabilityServer, str], unused_tcp_port: int
) -> None:
    secure = served[1].replace("http:", "https:")
    for url in (f"http://127.0.0.1:{unused_tcp_port}", secure):
        async with stability.open_stability(api_key=KEY, base_url=url) as http:
            error = await failed(draw(make(http, "stable-image-core")))
            assert error.kind is FailureKind.NOT_CONNECTED
    assert served[0].calls == []


async def test_silence_is_an_unknown_outcome(
    stability: ModuleType, make: Make, served: tuple[StabilityServer, str]
) -> None:
    served[0].silent = True
    async with stability.open_stability(api_key=KEY, base_url=served[1], timeout_s=0.2) as http:
        error = await failed(draw(make(http, "stable-image-core")))
    assert error.kind is FailureKind.OUTCOME_UNKNOWN


async def test_cancelling_closes_the_connection(provider: Provider, wire: StabilityServer) -> None:
    wire.silent = True
    drawing = asyncio.create_task(draw(provider))
    await wire.asked.wait()
    drawing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await drawing
    await wire.left.wait()
    assert len(wire.calls) == 1


async def test_a_quality_without_a_price_is_not_drawn(
    stability: ModuleType, http: aiohttp.ClientSession, wire: StabilityServer
) -> None:
    price = price_of("stable-image-core")
    unpriced = stability.StabilityProvider(http, "stable-image-ultra", "ultra", price)
    with pytest.raises(LookupError):
        await draw(unpriced)
    assert wire.calls == []


async def test_a_probe_costs_nothing(provider: Provider, wire: StabilityServer) -> None:
    wire.credits = 3
    await provider.probe()
    assert wire.calls == ["/v1/user/balance"]


@pytest.mark.parametrize("credits", [2.99, 0, -5, float("nan"), "1000", None])
async def test_an_account_without_credits_is_stopped(
    provider: Provider, wire: StabilityServer, credits: object
) -> None:
    wire.credits = credits
    assert (await failed(provider.probe())).kind is FailureKind.ACCOUNT_STOPPED


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (says(401, "unauthorized"), FailureKind.ACCOUNT_STOPPED),
        (says(429, "rate_limit_exceeded"), FailureKind.RATE_LIMITED),
        (says(503, "unavailable"), FailureKind.OUTCOME_UNKNOWN),
        (Answer(200, b"[]"), FailureKind.ACCOUNT_STOPPED),
    ],
    ids=lambda value: str(getattr(value, "status", value)),
)
async def test_a_probe_fails_like_a_call(
    provider: Provider, wire: StabilityServer, answer: Answer, kind: FailureKind
) -> None:
    wire.answers = [answer]
    assert (await failed(provider.probe())).kind is kind
