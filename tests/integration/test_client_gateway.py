"""The client against the real gateway, and the fake service compared with it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import pytest

from imggen import Client, ImageStatus, JobStatus
from imggen.errors import ImggenError, JobCancelled, JobFailed, reason_name
from imggen.testing import FakeService
from tests.integration.gateway_fixture import GatewayFixture, new_id

Refused = Callable[[Client], Awaitable[object]]


def token_of(gateway: GatewayFixture) -> str:
    return gateway.caller("mia").metadata[0][1].removeprefix("Bearer ")


@pytest.fixture
async def client(gateway: GatewayFixture) -> AsyncIterator[Client]:
    async with Client(gateway.address, token=token_of(gateway)) as client:
        yield client


@pytest.fixture
async def fake_client() -> AsyncIterator[Client]:
    async with FakeService() as fake, Client(fake.target) as client:
        yield client


async def test_a_picture_is_asked_for_followed_and_downloaded(
    gateway: GatewayFixture, client: Client, tmp_path: Path
) -> None:
    mia = await client.create_character(name="Mia", age=7, hair="red")
    job = await client.generate_portrait(mia, style="watercolor", seed=5)
    seen: list[int] = []
    async for snapshot in client.watch(job):
        if not seen:
            made = await gateway.complete(await gateway.claim())
        seen.append(snapshot.job.status)
    assert seen[-1] == JobStatus.JOB_STATUS_COMPLETED
    image = await client.wait(job)
    assert (image.status, image.seed) == (ImageStatus.IMAGE_STATUS_COMPLETED, 5)
    data = {str(kind): data for kind, data in made.items()}
    assert await client.download(image, kind="print") == data["print"]
    path = await client.download(image, tmp_path / "mia.png")
    assert path.read_bytes() == data["display"]
    assert [each.id async for each in client.list_images(character=mia)] == [image.id]


async def test_a_failed_and_a_cancelled_job_raise(gateway: GatewayFixture, client: Client) -> None:
    mia = await client.create_character(name="Mia")
    job = await client.generate_portrait(mia, style="watercolor")
    await gateway.fail(await gateway.claim())
    with pytest.raises(JobFailed, match="RENDER_FAILED"):
        await client.wait(job)
    await client.retry(job)
    await client.cancel(job)
    with pytest.raises(JobCancelled):
        await client.wait(job)


async def test_lists_walk_all_pages(client: Client) -> None:
    for number in range(3):
        await client.create_character(name=f"Fox {number}")
    names = [each.name async for each in client.list_characters(page_size=2)]
    assert names == ["Fox 2", "Fox 1", "Fox 0"]


async def a_character(client: Client) -> str:
    return (await client.create_character(name="Mia")).id


async def a_story(client: Client) -> str:
    return (await client.create_story(title="The Map", pages=["One."])).id


REFUSED: dict[str, Refused] = {
    "a character without a name": lambda c: c.create_character(name=""),
    "a request_id that is no UUID": lambda c: c.create_character(name="Mia", request_id="x"),
    "a story with bad fields": lambda c: c.create_story(title="", style="oil", pages=[""]),
    "an id that is no UUID": lambda c: c.get_story("x"),
    "an unknown character": lambda c: c.get_character(new_id()),
    "an unknown story": lambda c: c.get_story(new_id()),
    "an unknown image": lambda c: c.get_image(new_id()),
    "an unknown job": lambda c: c.get_job(new_id()),
    "a watch of an unknown job": lambda c: anext(c.watch(new_id())),
    "a download of an unknown image": lambda c: c.download(new_id()),
    "a page of the list that is negative": lambda c: anext(c.list_images(page_size=-1)),
    "a page without its story": lambda c: anext(c.list_images(page_number=1)),
    "a regeneration of an unknown image": lambda c: c.regenerate(new_id()),
    "an unknown batch": lambda c: c.get_batch(new_id()),
    "a batch that is no UUID": lambda c: c.cancel_batch("x"),
    "a retry of an unknown batch": lambda c: c.retry_batch(new_id()),
    "a watch of an unknown batch": lambda c: anext(c.watch_batch(new_id())),
    "the drawing of an unknown story": lambda c: c.generate_story(new_id(), style="anime"),
}


async def no_style(client: Client) -> object:
    return await client.generate_portrait(await a_character(client))


async def no_such_style(client: Client) -> object:
    return await client.generate_portrait(await a_character(client), style="oil")


async def no_such_quality(client: Client) -> object:
    return await client.generate_portrait(await a_character(client), style="anime", quality="x")


async def no_such_priority(client: Client) -> object:
    return await client.generate_portrait(await a_character(client), style="anime", priority=0)


async def no_such_portrayed(client: Client) -> object:
    return await client.generate_portrait(new_id(), style="anime")


async def no_such_page(client: Client) -> object:
    return await client.generate_scene(await a_story(client), 2, style="anime")


async def no_style_of_the_story(client: Client) -> object:
    return await client.generate_scene(await a_story(client), 1)


async def no_such_ratio(client: Client) -> object:
    return await client.generate_scene(await a_story(client), 1, style="anime", aspect_ratio="2:1")


async def no_story_to_draw(client: Client) -> object:
    story = await a_story(client)
    return await client.generate_story(story, style="anime", portraits=False, scenes=False)


async def too_many_images(client: Client) -> object:
    return await client.generate_story(await a_story(client), style="anime", images_per_page=5)


async def no_style_to_draw_in(client: Client) -> object:
    return await client.generate_story(await a_story(client))


async def nothing_to_retry(client: Client) -> object:
    batch = await client.generate_story(await a_story(client), style="anime")
    return await client.retry_batch(batch)


async def reused(client: Client) -> object:
    request_id = new_id()
    await client.create_character(name="Mia", request_id=request_id)
    return await client.create_character(name="Ben", request_id=request_id)


async def not_ready(client: Client) -> object:
    job = await client.generate_portrait(await a_character(client), style="anime")
    await client.cancel(job)
    return await client.download(job.image_id)


async def not_retryable(client: Client) -> object:
    return await client.retry(
        await client.generate_portrait(await a_character(client), style="anime")
    )


async def no_such_cursor(client: Client) -> object:
    return await anext(client.events("7"))


async def no_such_kind(client: Client) -> object:
    return await anext(client.events(kinds=[cast(Any, 7)]))


REFUSED.update(
    {
        each.__name__: each
        for each in (
            *(no_style, no_such_style, no_such_quality, no_such_priority, no_such_portrayed),
            *(no_such_page, no_style_of_the_story, no_such_ratio),
            *(no_story_to_draw, too_many_images, no_style_to_draw_in, nothing_to_retry),
            *(reused, not_ready, not_retryable),
            *(no_such_cursor, no_such_kind),
        )
    }
)


async def refusal(call: Refused, client: Client) -> tuple[str, str, list[str]]:
    """Returns the code, the reason and the bad fields of a refusal."""
    with pytest.raises(ImggenError) as raised:
        await call(client)
    error = raised.value
    return error.code.name, reason_name(error.reason), [bad.field for bad in error.violations]


async def test_the_fake_refuses_what_the_gateway_refuses(
    client: Client, fake_client: Client
) -> None:
    differing = {}
    for name, call in REFUSED.items():
        real, fake = await refusal(call, client), await refusal(call, fake_client)
        if real != fake:
            differing[name] = (real, fake)
    assert differing == {}


async def test_the_fake_lists_the_styles_of_the_gateway(
    client: Client, fake_client: Client
) -> None:
    real = [style.id async for style in client.styles()]
    assert real == [style.id async for style in fake_client.styles()]
