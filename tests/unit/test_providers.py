"""The providers that ship: each passes the suite of all providers."""

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from pydantic import SecretStr

from actors.engine.profiles import profile
from actors.engine.render import PlacedReference
from actors.prompts.composing import is_mirrored
from actors.providers.base import CharacterReference, ProviderFailed
from actors.providers.fake import FAKE, FakeProvider
from actors.providers.hosted import OPENERS, Accounts, open_providers
from actors.providers.local import LocalProvider
from actors.settings import OpenAiSettings
from actors.testing.scripted import ScriptedRenderer
from actors.testing.stored import draw_pictures
from imggen.v1.errors_pb2 import ErrorReason
from server.domain.ids import CharacterId
from server.errors import Unavailable
from server.routing.catalogue import KNOWN
from server.routing.failover import FailureKind
from server.routing.rows import PROVIDERS
from server.routing.settings import RoutingSettings
from tests.provider_suite import Bench, CountedRenderer, ProviderSuite, Recorder

PNG = draw_pictures(1, 64)[0]


async def away() -> None:
    """Raises as a deployment's check does."""
    raise Unavailable("no diffuser answers", ErrorReason.ERROR_REASON_RENDER_FAILED)


def local_bench(renderer: ScriptedRenderer, reference: bytes = b"", model: str = "sdxl") -> Bench:
    """Returns the bench of a local model."""
    chosen, counted = profile(model), CountedRenderer(renderer)
    return Bench(
        provider=LocalProvider(counted, chosen, encoder=renderer),
        row=chosen.model,
        arrived=lambda: len(counted.requests[-1].references),
        running=lambda: counted.running,
        reference=reference,
        free=True,
        says_names=model != "storybook",
        down=LocalProvider(renderer, chosen, check=away),
    )


def fake_bench(fake: FakeProvider) -> Bench:
    """Returns the bench of a fake."""
    fails = {kind: ProviderFailed(kind, f"scripted: {kind}") for kind in FailureKind}
    return Bench(
        provider=fake,
        row=FAKE,
        arrived=lambda: len(fake.calls[-1].references),
        running=lambda: fake.running,
        reference=PNG,
        failing={kind: FakeProvider([error]) for kind, error in fails.items()},
        down=FakeProvider([fails[FailureKind.NOT_CONNECTED]]),
    )


class TestLocal(ProviderSuite):
    """A local model, with a scripted renderer."""

    @pytest.fixture(params=["storybook", "sdxl"])
    async def bench(self, request: pytest.FixtureRequest) -> Bench:
        renderer = ScriptedRenderer(encoder="e1")
        return local_bench(renderer, (await renderer.encode(PNG)).data, request.param)


class TestFake(ProviderSuite):
    """The fake."""

    @pytest.fixture
    def bench(self) -> Bench:
        return fake_bench(FakeProvider())


async def test_a_local_model_that_is_lost_is_unavailable() -> None:
    async def lost(_request: object, _step: int) -> None:
        await away()

    bench = local_bench(ScriptedRenderer(script=lost))
    with pytest.raises(Unavailable, match="no diffuser answers"):
        await bench.draw()


async def test_references_reach_a_local_model_with_its_scale_and_their_columns() -> None:
    renderer = ScriptedRenderer(encoder="e1")
    bench = local_bench(renderer)
    reading = bench.provider.references
    assert (reading.most, reading.scale, reading.encoder) == (3, 0.6, renderer)
    data = (await renderer.encode(PNG)).data
    references = (
        CharacterReference(CharacterId(UUID(int=1)), data, 0.0, 0.5),
        CharacterReference(CharacterId(UUID(int=2)), data, 0.5, 1.0),
    )
    await bench.draw(references=references)
    request = renderer.renders[-1].request
    assert request.reference_scale == 0.6
    assert request.references == (
        PlacedReference(data, 0.0, 0.5),
        PlacedReference(data, 0.5, 1.0),
    )


async def test_a_mirrored_picture_has_its_references_in_the_columns_that_the_model_draws() -> None:
    renderer = ScriptedRenderer(encoder="e1")
    seed = next(seed for seed in range(40) if is_mirrored(seed))
    bench = local_bench(renderer, model="storybook")
    data = (await renderer.encode(PNG)).data
    left = CharacterReference(CharacterId(UUID(int=1)), data, 0.0, 0.4)
    content = bench.content()
    spec = replace(content.spec, seed=seed, page_text="Mia sings.", scene="")
    await bench.draw(replace(content, spec=spec), references=(left,))
    request = renderer.renders[-1].request
    assert request.mirrored
    assert request.references == (PlacedReference(data, 0.6, 1.0),)


def test_without_an_encoder_a_local_model_reads_no_references() -> None:
    assert LocalProvider(ScriptedRenderer(), profile("storybook")).references.most == 0


async def test_a_scripted_failure_is_used_once() -> None:
    fake = FakeProvider([ProviderFailed(FailureKind.RATE_LIMITED, "wait"), None])
    bench = fake_bench(fake)
    with pytest.raises(ProviderFailed):
        await bench.draw()
    assert (await bench.draw()).request_id == "fake-2"
    assert (await bench.draw()).request_id == "fake-3"


@pytest.mark.parametrize("kind", FailureKind)
async def test_only_a_billed_failure_comes_after_the_picture(kind: FailureKind) -> None:
    progress = Recorder()
    with pytest.raises(ProviderFailed):
        await fake_bench(FakeProvider([ProviderFailed(kind, "no")])).draw(progress=progress)
    unbilled = {
        FailureKind.NOT_CONNECTED,
        FailureKind.RATE_LIMITED,
        FailureKind.ACCOUNT_STOPPED,
        FailureKind.MODEL_GONE,
        FailureKind.REFUSED,
    }
    assert bool(progress.reports) is (kind not in unbilled)


async def test_a_scripted_delay_holds_its_call_and_no_other() -> None:
    fake = FakeProvider([timedelta(days=1)])
    bench = fake_bench(fake)
    late = asyncio.create_task(bench.draw())
    while not fake.calls:
        await asyncio.sleep(0)
    assert (await bench.draw()).request_id == "fake-2"
    assert not late.done()
    late.cancel()
    await asyncio.gather(late, return_exceptions=True)
    assert fake.running == 0


async def test_the_fake_has_a_price_by_quality_and_references() -> None:
    bench = fake_bench(FakeProvider())
    drawn = await bench.draw()
    assert (drawn.cost_micros, drawn.usage) == (10_000, {"pictures": 1, "references": 0})


async def test_a_catalogue_has_the_providers_of_its_rows() -> None:
    async with open_providers([KNOWN["storybook"]], Accounts()) as found:
        assert found == ()
    async with open_providers([KNOWN["fake"]], Accounts()) as found:
        assert [one.name for one in found] == ["fake"]


def test_every_provider_of_the_catalogue_is_opened() -> None:
    assert {"local", *OPENERS} == set(PROVIDERS)


async def test_a_row_whose_provider_has_no_key_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="gpt-image-2; set IMGGEN_OPENAI_API_KEY"):
        async with open_providers([KNOWN["gpt-image-2"]], Accounts()):
            pass


async def test_a_row_without_a_price_draws_nothing_and_stops_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    priced, unpriced = KNOWN["gpt-image-2"], replace(KNOWN["gpt-image-2.5-flare"], price=None)
    accounts = Accounts(OpenAiSettings(openai_api_key=SecretStr("a-key-of-the-tests")))
    with caplog.at_level(logging.WARNING):
        async with open_providers([unpriced, priced, KNOWN["storybook"]], accounts) as found:
            assert [one.model for one in found] == [priced.name]
    [line] = caplog.records
    assert (line.message, line.__dict__["model"]) == ("model without a price", unpriced.name)
    async with open_providers([unpriced], Accounts()) as found:
        assert found == ()


def test_the_fake_is_in_no_catalogue_unless_it_is_turned_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("IMGGEN_MODELS", "storybook,fake")
    with pytest.raises(ValueError, match="IMGGEN_FAKE_PROVIDER"):
        RoutingSettings()
    monkeypatch.setenv("IMGGEN_FAKE_PROVIDER", "true")
    assert RoutingSettings().catalogue().get("fake") == KNOWN["fake"]
