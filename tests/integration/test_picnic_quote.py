"""The README's second example: what its quote says is what the service answers."""

from pathlib import Path

import yaml

from imggen.cli.routes import quote_lines
from imggen.v1 import generation_pb2, routing_pb2, routing_pb2_grpc, story_pb2
from server.routing.catalogue import KNOWN, STORYBOOK, Catalogue
from tests.integration.gateway_fixture import open_gateway_fixture
from tests.markdown import ROOT

STORY = ROOT / "cluster" / "embedded" / "picnic-story.yaml"
CATALOGUE = Catalogue([STORYBOOK, KNOWN["gpt-image-2.5-flare"]])


async def test_the_quote_of_the_picnic_is_that_of_the_documents(
    database: str, tmp_path: Path
) -> None:
    file = yaml.safe_load(STORY.read_text())
    async with open_gateway_fixture(
        database, tmp_path, catalogue=CATALOGUE, daily_budget_usd=10
    ) as gateway:
        caller = gateway.caller("mia")
        ids = {}
        for one in file["characters"]:
            ids[one["name"]] = (await caller.create_character(name=one["name"])).id
        pages = [
            story_pb2.Page(
                text=page["text"], character_ids=[ids[who] for who in page["characters"]]
            )
            for page in file["pages"]
        ]
        story = await caller.create_story(pages=pages)
        options = generation_pb2.GenerationOptions(
            max_cost_micros=round(file["options"]["max_cost"] * 1_000_000)
        )
        asked = generation_pb2.GenerateStoryRequest(story_id=story.id, options=options)
        quote = await routing_pb2_grpc.RoutingServiceStub(gateway.channel()).QuoteStory(
            routing_pb2.QuoteStoryRequest(story=asked), metadata=caller.metadata
        )
    whole, *parts = quote_lines(quote)
    readme = " ".join((ROOT / "README.md").read_text().split())
    for part in parts:
        assert f"`{part.strip()}`" in readme
    said, _, _ = whole.rpartition(", ")
    assert said in (ROOT / "docs" / "providers.md").read_text()
    assert f"models must draw: ${quote.most_micros / 1_000_000:.4f}" in readme
