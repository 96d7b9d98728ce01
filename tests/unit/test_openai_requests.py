"""What is sent to OpenAI: every parameter, and no other."""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from uuid import UUID

import pytest
from pydantic import ValidationError

from actors.prompts.hosted import HostedDialect
from actors.providers.hosted import HostedModel, open_hosted
from actors.settings import OpenAiSettings
from server.domain.states import Quality
from tests.unit.hosted import (
    FLARE,
    FORMAT,
    KEY,
    MIA,
    TOM,
    Progress,
    content,
    draw,
    provider,
    reference,
    settings,
    watched,
)
from tests.unit.images_server import (
    answering,
    drawn,
    encoded,
    event,
    picture,
    refusing,
    serving,
    stalling,
    streaming,
)

COMPLETED = event("image_edit.completed", b64_json=encoded(picture()))


def prompt(*pictures: UUID) -> str:
    what = content(MIA, TOM)
    return HostedDialect(32_000).compile(what.spec, what.scene, pictures).prompt


async def test_a_picture_without_references_is_generated() -> None:
    async with serving(answering(drawn())) as server:
        await draw(server.url, what=content(MIA, TOM))
    (sent,) = server.requests
    assert sent.path == "/v1/images/generations"
    assert sent.fields == {
        "model": "gpt-image-2.5-flare",
        "prompt": prompt(),
        "n": 1,
        "size": "1024x1024",
        "quality": "high",
        "output_format": "png",
    }
    assert sent.headers["Authorization"] == f"Bearer {KEY}"


async def test_references_are_sent_from_left_to_right() -> None:
    tom, mia = picture((64, 64)), picture((32, 32))
    async with serving(answering(drawn())) as server:
        await draw(server.url, reference(TOM, tom), reference(MIA, mia), what=content(MIA, TOM))
    (sent,) = server.requests
    assert sent.path == "/v1/images/edits"
    assert sent.fields == {
        "model": "gpt-image-2.5-flare",
        "prompt": prompt(TOM.id, MIA.id),
        "n": "1",
        "size": "1024x1024",
        "quality": "high",
        "output_format": "png",
    }
    assert sent.files == [
        ("image[]", "1-tom-o-neil.png", "image/png", tom),
        ("image[]", "2-mia.png", "image/png", mia),
    ]


async def test_a_model_gets_no_more_references_than_it_takes() -> None:
    one = replace(FLARE, most_references=1)
    async with serving(answering(drawn())) as server:
        await draw(server.url, *[reference(MIA, picture((8, 8)))] * 3, model=one)
    assert len(server.requests[0].files) == 1


@pytest.mark.parametrize(
    ("quality", "label"),
    [(Quality.HD, "high"), (Quality.STANDARD, "medium"), (Quality.DRAFT, "low")],
)
async def test_a_quality_is_sent_by_the_providers_label(quality: Quality, label: str) -> None:
    async with serving(answering(drawn())) as server:
        await draw(server.url, what=content(MIA, quality=quality))
    assert server.requests[0].fields["quality"] == label


async def test_a_watched_picture_is_streamed_with_previews() -> None:
    async with serving(streaming(COMPLETED)) as server:
        await draw(server.url, reference(MIA, picture((8, 8))), progress=watched())
        await draw(server.url, progress=watched())
    edited, generated = server.requests
    assert (edited.fields["stream"], edited.fields["partial_images"]) == ("true", "2")
    assert (generated.fields["stream"], generated.fields["partial_images"]) == (True, 2)


async def test_a_picture_that_nobody_watches_yet_is_not_streamed() -> None:
    async with serving(answering(drawn())) as server:
        await draw(server.url)
        await draw(server.url, progress=watched(), model=replace(FLARE, partials=0))
    for sent in server.requests:
        assert not {"stream", "partial_images"} & set(sent.fields)


async def test_the_environment_adds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-other")
    async with serving(answering(drawn())) as server:
        await draw(server.url)
    headers: Mapping[str, str] = server.requests[0].headers
    assert headers["Authorization"] == f"Bearer {KEY}"
    assert not {"openai-organization", "openai-project"} & {name.lower() for name in headers}


@pytest.mark.parametrize("status", [408, 409, 429, 500, 503])
async def test_no_call_is_repeated(status: int) -> None:
    async with serving(refusing(status, {"retry-after": "0", "x-should-retry": "true"})) as server:
        with pytest.raises(Exception, match=f"answered {status}"):
            await draw(server.url)
    assert len(server.requests) == 1


async def test_a_redirect_is_not_followed() -> None:
    async with serving(answering(drawn())) as other:
        there = {"location": f"{other.url}/images/generations"}
        async with serving(answering({}, 307, there)) as server:
            with pytest.raises(Exception, match="answered 307"):
                await draw(server.url)
    assert other.requests == []


@pytest.mark.parametrize("progress", [Progress, watched], ids=["plain", "streamed"])
async def test_cancelling_closes_the_connection(progress: Callable[[], Progress]) -> None:
    left = asyncio.Event()
    async with serving(stalling(left)) as server, provider(server.url) as drawing:
        call = asyncio.create_task(drawing.render(content(MIA), FORMAT, (), progress()))
        while not server.requests:
            await asyncio.sleep(0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await left.wait()


async def test_a_probe_asks_for_the_model_and_draws_nothing() -> None:
    known = answering({"id": "m", "object": "model"})
    async with serving(known) as server, provider(server.url) as drawing:
        await drawing.probe()
    (sent,) = server.requests
    assert (sent.path, sent.fields) == ("/v1/models/gpt-image-2.5-flare", {})


async def test_a_provider_says_what_it_is() -> None:
    async with provider("http://127.0.0.1:9/v1") as drawing:
        assert (drawing.name, drawing.model) == ("openai", "flare")
        assert (drawing.references.most, drawing.references.encoder) == (16, None)


async def test_models_share_one_account() -> None:
    other = HostedModel("sunburst", "gpt-image-2.5-sunburst", FLARE.price, FLARE.qualities)
    async with open_hosted(settings("http://127.0.0.1:9/v1"), [FLARE, other]) as providers:
        assert [each.model for each in providers] == ["flare", "sunburst"]


@pytest.mark.parametrize("key", [None, "", "  "])
async def test_without_a_key_there_is_no_provider(key: str | None) -> None:
    none = settings("http://127.0.0.1:9/v1", openai_api_key=key)
    async with open_hosted(none, [FLARE]) as providers:
        assert providers == ()


def test_a_provider_that_is_not_configured_costs_no_import() -> None:
    code = """
import asyncio, sys
import actors.providers, actors.providers.base
from actors.providers.hosted import open_hosted
from actors.settings import OpenAiSettings
async def main():
    async with open_hosted(OpenAiSettings(), ["a model"]) as providers:
        assert providers == ()
asyncio.run(main())
print(sorted({"openai", "httpx2", "anyio", "torch"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("key", ["sk-1\nx", "sk 1", "sk-ä", "sk-\x00"])
def test_a_key_that_no_header_carries_is_refused_unseen(key: str) -> None:
    with pytest.raises(ValidationError, match="not a key") as refused:
        OpenAiSettings.model_validate({"openai_api_key": key})
    assert key not in str(refused.value)


@pytest.mark.parametrize(
    "url", ["api.openai.com", "ftp://x/v1", "https://u:secret@x/v1", "https://x/v1?key=secret", ""]
)
def test_a_url_with_secrets_or_without_a_host_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="must") as refused:
        OpenAiSettings.model_validate({"openai_base_url": url})
    assert "secret" not in str(refused.value)


def test_the_settings_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMGGEN_OPENAI_API_KEY", f" {KEY}\n")
    monkeypatch.setenv("IMGGEN_OPENAI_TIMEOUT_S", "60")
    read = OpenAiSettings()
    assert read.openai_api_key is not None
    assert read.openai_api_key.get_secret_value() == KEY
    assert (read.openai_timeout_s, read.openai_connect_timeout_s) == (60, 5)
    assert KEY not in repr(read)
