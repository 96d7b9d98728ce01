"""`imggen story --plan`: a row for each page, what all of it costs, and hints."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration

from imggen.cli.app import run
from imggen.cli.plans import print_plan
from imggen.cli.session import Session
from imggen.cli.submission import Plan
from imggen.sync import SyncClient
from imggen.testing import FakeService
from imggen.v1.routing_pb2 import BetterOffer, PlannedPage, PlanStoryResponse, QuotedModel
from imggen.v1.scene_pb2 import (
    LOSS_KIND_ACTION,
    LOSS_KIND_PLACE,
    LOSS_KIND_PROP,
    Figure,
    NotDrawn,
    Scene,
)

TALE = """
title: The Oven
style: cartoon
characters:
  - name: Mia
pages:
  - text: Mia bakes in the kitchen.
    characters: [Mia]
options:
  cover: true
"""
CLIMB = NotDrawn(phrase="climb", kind=LOSS_KIND_ACTION)
LANTERN = NotDrawn(phrase="lantern", kind=LOSS_KIND_PROP)
KITCHEN = NotDrawn(phrase="kitchen", kind=LOSS_KIND_PLACE, drawn_as="bedroom")
PLAN = PlanStoryResponse(
    pages=[
        PlannedPage(
            page_number=3,
            scene=Scene(
                figures=[
                    Figure(character_id="1", doing=["climb the oak"], mood="proud"),
                    Figure(character_id="2", holding=["lantern"]),
                ],
                extras=["a crowd"],
                place="garden",
                time="night",
                weather=["storm"],
                props=["lantern", "ladder"],
            ),
            model="storybook",
            provider="local",
            expected_duration=Duration(seconds=74, nanos=600_000_000),
            not_drawn=[CLIMB, LANTERN, KITCHEN],
            better=BetterOffer(
                model="gpt-image-2.5-flare",
                provider="openai",
                price_micros=57_500,
                not_drawn=[KITCHEN],
            ),
        ),
        PlannedPage(model="paid", price_micros=10_000),
    ],
    images=2,
    price_micros=10_000,
    models=[QuotedModel(model="paid", provider="somebody", images=2, price_micros=10_000)],
)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeService]:
    with FakeService() as fake:
        monkeypatch.setenv("IMGGEN_SERVER", fake.target)
        yield fake


@pytest.fixture
def tale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tale.yaml").write_text(TALE)
    return "tale.yaml"


def test_a_page_is_a_row_and_a_better_model_a_hint(capsys: pytest.CaptureFixture[str]) -> None:
    client = SyncClient("127.0.0.1:1")
    print_plan(Session(client, json=False), Plan(PLAN, {"1": "Mia", "2": "Leo"}))
    client.close()
    printed = capsys.readouterr()
    heading, page, cover = printed.out.splitlines()
    lines = printed.err.splitlines()
    assert heading.split() == [
        *("PAGE", "WHO", "WHERE", "WHAT", "NOT", "DRAWN", "MODEL", "COST", "TIME"),
    ]
    cells = page.split("\t")
    assert cells == [
        "3",
        "Mia, Leo, a crowd",
        "garden, night, storm",
        "Mia: proud, climb the oak, Leo: holds lantern, ladder",
        "climb, lantern, kitchen as bedroom",
        "storybook",
        "free",
        "1 min 15 s",
    ]
    assert cover.split("\t")[0] == "cover"
    assert cover.split("\t")[-3:] == ["paid", "$0.0100", "unknown"]
    assert lines[0].startswith("2 images, at most $0.0100")
    assert lines[-1] == ("page 3: gpt-image-2.5-flare would show more: climb, lantern; $0.0575")


def test_a_story_file_is_planned_and_nothing_runs(
    fake: FakeService, tale: str, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.not_draw(LANTERN)
    assert run(["story", tale, "--plan"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in out[1:3]] == ["cover", "1"]
    assert "Mia" in out[2]
    assert "lantern" in out[2]
    assert fake.requests("GenerateStory") == []


def test_the_same_file_asks_for_the_same_plan(fake: FakeService, tale: str) -> None:
    run(["story", tale, "--plan"])
    run(["story", tale, "--plan"])
    first, second = fake.requests("PlanStory")
    assert first == second


def test_a_plan_is_json(fake: FakeService, tale: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["story", tale, "--plan", "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)["plan"]
    assert [page["pageNumber"] for page in plan["pages"]] == [0, 1]
    assert plan["images"] == 3


COVER = """
cover:
  scene:
    figures:
      Leo: {doing: [wave], mood: happy}
    place: harbour
    weather: []
"""


def test_a_story_file_sets_what_its_cover_shows(
    fake: FakeService, tale: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = TALE.partition("options:")[0].replace("  - name: Mia", "  - name: Mia\n  - name: Leo")
    Path(tale).write_text(text + COVER)
    assert run(["story", tale, "--plan"]) == 0
    _, cover, page, *_ = capsys.readouterr().out.splitlines()
    cells = cover.split("\t")
    assert cells[:4] == ["cover", "Leo", "harbour", "Leo: happy, wave"]
    assert page.split()[:2] == ["1", "Mia"]
    asked: Any
    [asked] = fake.requests("PlanStory")
    assert list(asked.story.cover.scene.empty) == ["weather"]


def test_a_cover_is_told_in_words(fake: FakeService, tale: str) -> None:
    text = TALE.partition("options:")[0]
    Path(tale).write_text(text + "cover: {scene: Mia at sea, characters: [Mia]}")
    assert run(["story", tale, "--no-wait"]) == 0
    Path(tale).write_text(text + "cover: {scene: Mia on a hill, characters: [Mia]}")
    assert run(["story", tale, "--no-wait"]) == 0
    first: Any
    second: Any
    first, second = fake.requests("GenerateStory")
    assert first.include_cover
    assert first.cover.scene_description == "Mia at sea"
    assert len(first.cover.character_ids) == 1
    assert first.request_id != second.request_id


@pytest.mark.parametrize(
    ("cover", "said"),
    [
        ("cover: yes", "tale.yaml:9: cover: must have the fields scene, characters"),
        ("cover: {text: A sea}", 'cover: "text" is not a field; use scene, characters'),
        ("cover: {characters: [Tom]}", '"Tom" is not a character of this file; use Mia'),
        (
            "cover: {scene: A sea}\noptions: {cover: false}",
            "cover: is set, and options.cover is false; remove one of them",
        ),
    ],
)
def test_what_is_wrong_with_a_cover_is_said(
    fake: FakeService, tale: str, capsys: pytest.CaptureFixture[str], cover: str, said: str
) -> None:
    Path(tale).write_text(TALE.partition("options:")[0] + cover)
    assert run(["story", tale, "--plan"]) == 2
    assert said in capsys.readouterr().err
    assert fake.requests("PlanStory") == []
