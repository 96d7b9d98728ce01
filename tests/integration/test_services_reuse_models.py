"""An image is of the model that drew it, which need not be the one that was chosen first."""

from imggen.v1 import job_pb2
from imggen.v1.generation_pb2 import GenerationOptions
from tests.builders import outcome
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import GatewayFixture
from tests.integration.test_services_reuse import REUSE, reused


async def drawn_by_another(gateway: GatewayFixture, mia: Caller, character: str) -> job_pb2.Job:
    """Returns the job of a portrait that storybook was chosen for, and sdxl drew."""
    job = await mia.portrait(character, seed=7)
    claim = await gateway.claim()
    assert claim.spec.model == "storybook"
    end = outcome(claim.job_id, model="sdxl", provider="local")
    assert await gateway.store.leases.complete(claim, end)
    return await mia.get_job(job.job_id)


async def test_an_image_shows_the_model_that_drew_it(gateway: GatewayFixture, mia: Caller) -> None:
    job = await drawn_by_another(gateway, mia, (await mia.create_character()).id)
    assert job.model == (await mia.get_image(job.image_id)).model == "sdxl"
    attempts = await gateway.store.database.fetch("SELECT model, provider FROM attempts")
    assert [tuple(attempt) for attempt in attempts] == [("sdxl", "local")]


async def test_an_equal_picture_is_one_of_the_model_that_drew_it(
    gateway: GatewayFixture, mia: Caller
) -> None:
    character = (await mia.create_character()).id
    drawn = await drawn_by_another(gateway, mia, character)
    assert reused(await mia.portrait(character, seed=7, options=REUSE)) == ""
    named = GenerationOptions(allow_reuse=True, model="sdxl")
    again = await mia.portrait(character, seed=7, options=named)
    assert (reused(again), again.model) == (drawn.image_id, "sdxl")


async def test_a_regeneration_keeps_the_model_that_drew_its_image(
    gateway: GatewayFixture, mia: Caller
) -> None:
    drawn = await drawn_by_another(gateway, mia, (await mia.create_character()).id)
    assert (await mia.regenerate(drawn.image_id)).model == "sdxl"
