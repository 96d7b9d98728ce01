"""The `imggen` command, run against the fake service."""

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from imggen import SyncClient
from imggen.cli.app import imggen
from imggen.testing import FakeService
from imggen.v1.errors_pb2 import ErrorReason
from imggen.v1.scene_pb2 import LOSS_KIND_PLACE, LOSS_KIND_PROP, NotDrawn
from tests.unit.cli.conftest import Command, Terminal

JPEG = b"\xff\xd8\xff"
JPEG = b"\xff\xd8\xff"
UNKNOWN = "68f9b9c8-4f3e-4c2a-8d5a-0f7a1f6f2b11"


def test_a_character_is_created_changed_shown_listed_and_deleted(command: Command) -> None:
    look = ("--age", "7", "--gender", "female", "--hair", "red", "--feature", "freckles")
    created = command.json("characters", "create", "--name", "Mia", *look)["character"]
    assert (created["age"], created["gender"], created["features"]) == (
        7,
        "GENDER_FEMALE",
        ["freckles"],
    )
    command("characters", "update", created["id"], "--hair", "black")
    assert "Mia: 7 years, black, freckles" in command("characters", "show", created["id"])
    assert created["id"] in command("characters", "list")
    assert len(command.json("characters", "list")["characters"]) == 1
    assert command("characters", "delete", created["id"]) == f"deleted {created['id']}\n"
    assert command.json("characters", "list") == {"characters": []}


def test_an_update_without_changes_is_wrong_usage(command: Command, mia: str) -> None:
    command("characters", "update", mia, code=2)
    assert "nothing to change" in command.err


def test_a_story_is_created_from_its_pages(command: Command, mia: str) -> None:
    pages = ("--page", "One.", "--page", "Two.")
    created = command.json("stories", "create", "--title", "The Map", *pages, "--character", mia)
    assert [page["text"] for page in created["story"]["pages"]] == ["One.", "Two."]
    assert created["story"]["pages"][1]["characterIds"] == [mia]
    story = created["story"]["id"]
    assert "2. Two." in command("stories", "show", story)
    assert "The Map" in command("stories", "list")
    assert command.json("stories", "delete", story) == {}
    assert command.json("stories", "list") == {"stories": []}


def test_styles_are_listed(command: Command) -> None:
    assert "watercolor" in command("styles")
    assert "promptTemplate" in command.json("styles")["styles"][0]


def test_a_portrait_is_followed_and_saved(command: Command, mia: str, tmp_path: Path) -> None:
    file = tmp_path / "mia.jpg"
    out = command("portrait", mia, "--style", "anime", "--seed", "5", "-o", str(file))
    assert "portrait, completed, anime, version 1, 1024x1024, seed 5, storybook, free\n" in out
    assert f"saved {file}" in out
    assert file.read_bytes().startswith(JPEG)
    assert command.err.splitlines()[-1] == "completed"


def test_a_portrait_as_json_is_one_document(command: Command, mia: str, tmp_path: Path) -> None:
    file = tmp_path / "mia.jpg"
    document = command.json("portrait", mia, "--style", "anime", "-o", str(file))
    assert document["job"]["status"] == "JOB_STATUS_COMPLETED"
    assert document["image"]["id"] == document["job"]["imageId"]
    assert document["path"] == str(file)
    assert command.err == ""


def test_without_waiting_the_job_is_printed(command: Command, mia: str) -> None:
    job = command.json("portrait", mia, "--style", "anime", "--no-wait")["job"]
    assert job["status"] == "JOB_STATUS_QUEUED"
    said = command("watch", job["jobId"])
    assert f"image {job['imageId']}" in said
    assert "\nstoring: signing 0.0" in said
    out = command("portrait", mia, "--style", "anime", "--no-wait")
    assert out.startswith("job ")


def test_a_scene_has_its_options(command: Command, fake: FakeService, story: str, mia: str) -> None:
    options = ("--character", mia, "--description", "a hill", "--aspect-ratio", "4:3")
    image = command.json("scene", story, "2", *options, "--quality", "standard")["image"]
    assert (image["pageNumber"], image["characterIds"]) == (2, [mia])
    request: Any = fake.requests("GenerateScene")[0]
    assert request.scene_description == "a hill"
    assert (request.aspect_ratio, request.options.quality) == ("4:3", "standard")


def test_a_scene_is_asked_for_by_the_id_of_its_page(
    command: Command, client: SyncClient, story: str
) -> None:
    page = client.page(story, 2).id
    made = command.json("scene", story, page, "--no-wait")["job"]
    assert made["pageId"] == page
    assert "cropped from 1:1" in command("watch", made["jobId"])
    listed = command.json("images", "--story", story, "--page", "2")["images"]
    assert [image["id"] for image in listed] == [made["imageId"]]
    assert command.json("images", "--story", story, "--page", "1") == {"images": []}
    command("images", "--story", story, "--page", "3", code=1)
    assert "PAGE_NOT_FOUND: page: the story has no page 3" in command.err
    command("images", "--page", "2", code=2)
    assert "--page needs --story" in command.err


def test_jobs_and_images_are_found_by_what_the_caller_wrote_on_them(
    command: Command, mia: str
) -> None:
    meta = ("--meta", "order=4711", "--meta", "by=a=b")
    made = command.json("portrait", mia, "--style", "anime", *meta)["job"]
    assert made["metadata"] == {"order": "4711", "by": "a=b"}
    again = command.json("regenerate", made["imageId"], "--meta", "order=4712")["job"]
    for name, ids in (("jobs", "jobId"), ("images", "jobId")):
        found = command.json(name, "--meta", "order=4712")[name]
        assert [one[ids] for one in found] == [again["jobId"]]
    command("jobs", "--meta", "order", code=2)
    assert "'order' is not KEY=VALUE" in command.err
    command("jobs", *meta, code=2)
    assert "a list is filtered by one pair" in command.err


def test_an_image_is_regenerated_shown_listed_and_downloaded(
    command: Command, mia: str, tmp_path: Path
) -> None:
    first = command.json("portrait", mia, "--style", "anime")["image"]
    second = command.json("regenerate", first["id"], "--prompt", "smiling")["image"]
    assert (second["version"], second["parentImageId"]) == (2, first["id"])
    assert "version 2" in command("image", second["id"])
    assert command.json("image", second["id"])["image"]["url"].startswith("http://127.0.0.1:")
    listed = command.json("images", "--character", mia, "--status", "completed")["images"]
    assert [image["id"] for image in listed] == [second["id"], first["id"]]
    assert second["id"] in command("images", "--type", "portrait")
    assert command.json("images", "--type", "scene") == {"images": []}
    file = tmp_path / "mia.jpg"
    assert command("download", first["id"], str(file), "--kind", "print") == f"saved {file}\n"
    assert file.read_bytes().startswith(JPEG)


def test_what_the_model_does_not_draw_as_told_is_named(
    command: Command, fake: FakeService, mia: str
) -> None:
    lamp = NotDrawn(phrase="lamp", kind=LOSS_KIND_PROP)
    kitchen = NotDrawn(phrase="kitchen", kind=LOSS_KIND_PLACE, drawn_as="bedroom")
    fake.not_draw(lamp, kitchen)
    said = command("portrait", mia, "--style", "anime")
    assert "not drawn: lamp\ndrawn otherwise: kitchen as bedroom" in said
    ended = command.json("portrait", mia, "--style", "anime")["job"]
    assert [one["phrase"] for one in ended["notDrawn"]] == ["lamp", "kitchen"]
    assert command("watch", ended["jobId"]).endswith("drawn otherwise: kitchen as bedroom\n")
    fake.not_draw()
    assert "not drawn" not in command("portrait", mia, "--style", "anime")


def test_a_watch_as_json_is_a_line_for_each_snapshot(command: Command, mia: str) -> None:
    job = command.json("portrait", mia, "--style", "anime", "--no-wait")["job"]
    lines = command("watch", job["jobId"], "--json").splitlines()
    assert json.loads(lines[-1])["image"]["id"] == job["imageId"]
    assert all(json.loads(line)["job"]["jobId"] == job["jobId"] for line in lines)


def test_jobs_have_their_pages_and_models(command: Command, mia: str, story: str) -> None:
    command("portrait", mia, "--style", "anime")
    command("scene", story, "2")
    header, scene, portrait = command("jobs").splitlines()
    columns = ["JOB", "KIND", "PAGE", "MODEL", "STATUS", "DONE", "COST", "CHECK", "ERROR"]
    assert header.split() == columns
    ended = ["storybook", "completed", "100%", "free", "not", "checked"]
    assert scene.split()[1:] == ["scene", "2", *ended]
    assert portrait.split()[1:] == ["portrait", *ended]


LONG = "no model may draw it: " + "storybook (draws 2 characters at most, not 3), " * 12


@pytest.fixture
def failed(command: Command, fake: FakeService, mia: str) -> str:
    """A job that failed with a long message, beside one that did not."""
    command("portrait", mia, "--style", "anime")
    fake.hold()
    job: str = command.json("portrait", mia, "--style", "anime", "--no-wait")["job"]["jobId"]
    fake.show(job)
    fake.fail(job, ErrorReason.ERROR_REASON_NO_ELIGIBLE_OFFER, LONG)
    return job


def test_a_piped_list_of_jobs_is_short(command: Command, failed: str) -> None:
    _, row, other = command("jobs").splitlines()
    assert "NO_ELIGIBLE_OFFER: no model may draw it" in row
    assert row.endswith("…")
    assert len(row) < 190
    assert all(field == field.strip() for field in other.split("\t"))


def test_a_row_of_a_terminal_has_the_reason(terminal: Terminal, failed: str) -> None:
    _, row, _ = terminal("jobs", columns=125).splitlines()
    assert row.rstrip().endswith("NO_ELIGIBLE_OFFER")
    assert len(terminal("jobs", columns=100).splitlines()) < 10


@pytest.mark.parametrize("columns", [60, 80, 100, 110, 125])
def test_no_word_of_a_list_of_jobs_is_broken(
    command: Command, terminal: Terminal, failed: str, columns: int
) -> None:
    whole = set(command("jobs").split())
    shown = terminal("jobs", columns=columns).splitlines()
    assert max(map(len, shown)) <= columns
    for words in ("storybook", "completed", "NO_ELIGIBLE_OFFER", "portrait", failed):
        assert any(words in line for line in shown)
    found = {word for line in shown for word in line.split()}
    assert found - {"…"} <= whole | {"NO_ELIGIBLE_OFFER"}


def test_the_whole_error_of_a_job_is_explained(command: Command, failed: str) -> None:
    shown = command("explain", failed)
    assert shown.count(LONG.strip()) == 1
    assert shown.splitlines()[-1] == "failed: NO_ELIGIBLE_OFFER"


def test_jobs_are_listed_cancelled_and_retried(
    command: Command, fake: FakeService, mia: str
) -> None:
    fake.hold()
    job = command.json("portrait", mia, "--style", "anime", "--no-wait")["job"]["jobId"]
    assert job in command("jobs", "--status", "queued", "--status", "failed")
    assert "cancelled" in command("cancel", job)
    assert "JOB_CANCELLED: " in command("watch", job, code=1) + command.err
    assert command.json("retry", job, "--priority", "1")["job"]["priority"] == 1
    fake.release()
    command("watch", job)
    assert command.json("jobs")["jobs"][0]["status"] == "JOB_STATUS_COMPLETED"


def test_a_failed_job_is_a_failure_of_the_command(
    command: Command, fake: FakeService, mia: str
) -> None:
    fake.fail_next_job(ErrorReason.ERROR_REASON_CONTENT_INVALID)
    assert command("portrait", mia, "--style", "anime", code=1) == ""
    assert "imggen: CONTENT_INVALID: the fake was told" in command.err


def test_an_error_is_one_line_with_every_bad_field(command: Command) -> None:
    command("portrait", "x", "--style", "oil", code=1)
    assert command.err.count("\n") == 1
    assert command.err.startswith(
        'imggen: MALFORMED_ID: character_id: "x" is not a UUID; use the id that the service gave; '
        'style: "oil" is not a style; use one of'
    )


def test_an_error_says_when_to_try_again(command: Command, fake: FakeService) -> None:
    reason = ErrorReason.ERROR_REASON_BUDGET_EXHAUSTED
    fake.fail_next(reason, message="spent", retry_after=timedelta(minutes=5))
    command("image", UNKNOWN, code=1)
    assert command.err == "imggen: BUDGET_EXHAUSTED: spent (try again in 5 min)\n"


def test_a_file_that_cannot_be_written_is_an_error(command: Command, mia: str) -> None:
    command("portrait", mia, "--style", "anime", "-o", "/nowhere/mia.jpg", code=2)
    assert "there is no folder /nowhere" in command.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("portrait",),
        ("paint",),
        ("images", "--type", "poster"),
        ("scene", UNKNOWN, "one"),
        ("styles", "--ca", os.devnull, "--insecure"),
    ],
)
def test_wrong_usage_is_2(command: Command, arguments: tuple[str, ...]) -> None:
    command(*arguments, code=2)
    assert "Error: " in command.err


def test_the_token_comes_from_the_environment_or_the_option(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = Command(capsys)
    with FakeService(token="secret") as fake:
        command("styles", "--server", fake.target, code=1)
        assert "TOKEN_MISSING" in command.err
        assert "give --token, set IMGGEN_TOKEN" in command.err
        command("styles", "--server", fake.target, "--token", "secret")
        monkeypatch.setenv("IMGGEN_TOKEN", "secret")
        command("styles", "--server", fake.target)


def test_every_command_explains_itself_with_an_example(command: Command) -> None:
    assert "imggen portrait CHARACTER_ID" in command("--help")
    for name, each in imggen.commands.items():
        text = command(name, "--help")
        assert each.help is not None
        assert "--json" in text or "Commands:" in text
        if not hasattr(each, "commands") and each.params[0].name != "server":
            assert f"imggen {name}" in text.partition("Example")[2], name


def test_an_error_says_which_thing_and_which_state_it_is_about(
    command: Command, fake: FakeService
) -> None:
    command("watch", "68f9b9c8-4f3e-4c2a-8d5a-0f7a1f6f2b11", code=1)
    assert "[job_id=68f9b9c8-4f3e-4c2a-8d5a-0f7a1f6f2b11]" in command.err


def test_a_key_of_metadata_is_given_once(command: Command) -> None:
    command("portrait", "ID", "--meta", "order=1", "--meta", "order=2", code=2)
    assert "gives a key twice" in command.err
