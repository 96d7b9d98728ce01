"""Whatever ends a story command, the same command goes on, and a wait says what it waits for."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier, Event

import grpc
import pytest

from imggen import SyncClient
from imggen.cli.again import Try
from imggen.cli.batch_progress import follow_batch
from imggen.cli.reports import describe
from imggen.cli.story_content import StoryFile
from imggen.cli.waiting import batch_reason, explained, job_reason
from imggen.errors import ImggenError, Unavailable
from imggen.testing import FakeService
from imggen.v1.batch_pb2 import BATCH_STATUS_PROCESSING, Batch
from imggen.v1.errors_pb2 import ErrorReason
from imggen.v1.job_pb2 import JOB_STATUS_PROCESSING, JOB_STATUS_QUEUED, Job, JobError
from imggen.v1.story_pb2 import Page
from tests.unit.cli.conftest import Command

TALE = """title: The Map
style: anime
characters:
  - name: Mia
  - name: Leo
pages:
  - text: Mia and Leo find a map.
    characters: [Mia, Leo]
  - text: Mia follows it.
    characters: [Mia]
options:
  images_per_page: 1
"""
PICTURES = ["leo.jpg", "mia.jpg", "page-1.jpg", "page-2.jpg"]


@pytest.fixture
def tale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    Path("tale.yaml").write_text(TALE)
    return "tale.yaml"


def batch_of(out: str) -> str:
    """Returns the id that a story command prints first."""
    word, batch = out.splitlines()[0].split()
    assert word == "batch"
    return batch


def made(client: SyncClient) -> tuple[int, int, int]:
    """Returns how many characters, stories and batches there are."""
    lists = (client.list_characters(), client.list_stories(), client.list_batches())
    characters, stories, batches = (len(list(each)) for each in lists)
    return characters, stories, batches


STEPS = ("CreateCharacter", "CreateStory", "GenerateStory", "GetCharacter", "DownloadImage")


@pytest.mark.parametrize("again", [(), ("--again",)])
@pytest.mark.parametrize("step", STEPS)
def test_after_any_step_the_same_command_goes_on(
    command: Command,
    fake: FakeService,
    client: SyncClient,
    tale: str,
    step: str,
    again: tuple[str, ...],
) -> None:
    # A status that the client does not repeat, after the service has done its work.
    fake.break_next(grpc.StatusCode.PERMISSION_DENIED, step)
    command("story", tale, *again, code=1)
    command("story", tale, *again)
    assert made(client) == (2, 1, 1)
    assert sorted(path.name for path in Path("the-map").iterdir()) == PICTURES


@pytest.mark.parametrize("again", [(), ("--again",)])
def test_a_killed_command_leaves_the_id_and_is_gone_on_with(
    command: Command, fake: FakeService, client: SyncClient, tale: str, again: tuple[str, ...]
) -> None:
    fake.hold()
    words = [sys.executable, "-m", "imggen.cli", "story", tale, *again]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as drawing:
        assert drawing.stdout is not None
        first = drawing.stdout.readline()
        drawing.send_signal(signal.SIGKILL)
    batch = batch_of(first)
    fake.release()
    assert batch_of(command("story", tale, *again)) == batch
    assert made(client) == (2, 1, 1)
    assert sorted(path.name for path in Path("the-map").iterdir()) == PICTURES


def test_a_new_try_begins_only_after_the_last_one_was_saved(command: Command, tale: str) -> None:
    tries = [batch_of(command("story", tale, "--again")) for _ in range(2)]
    assert tries[0] != tries[1]
    elsewhere = batch_of(command("story", tale, "--again", "--output", "elsewhere"))
    assert elsewhere not in tries
    assert not list(Path().glob("**/.imggen-again*"))


def test_a_new_try_of_which_a_picture_failed_is_gone_on_with(
    command: Command, fake: FakeService, client: SyncClient, tale: str
) -> None:
    command("story", tale)
    fake.fail_next_job()
    batch = batch_of(command("story", tale, "--again", code=1))
    assert "to begin another one, remove the-map/.imggen-again-" in command.err
    command("batch", "retry", batch)
    assert batch_of(command("story", tale, "--again")) == batch
    assert made(client) == (2, 1, 2)
    assert batch_of(command("story", tale, "--again")) != batch


def test_a_new_try_of_which_a_picture_was_not_saved_is_gone_on_with(
    command: Command, fake: FakeService, client: SyncClient, tale: str
) -> None:
    fake.break_next(grpc.StatusCode.PERMISSION_DENIED, "DownloadImage")
    batch = batch_of(command("story", tale, "--again", code=1))
    assert batch_of(command("story", tale, "--again")) == batch


def test_a_new_try_that_is_not_waited_for_is_one_batch(command: Command, tale: str) -> None:
    first, second = (batch_of(command("story", tale, "--again", "--no-wait")) for _ in range(2))
    assert first == second
    assert batch_of(command("story", tale, "--again")) == first
    assert batch_of(command("story", tale, "--again", "--no-wait")) != first


def test_a_new_try_is_that_of_its_file_alone(
    command: Command, fake: FakeService, client: SyncClient, tale: str
) -> None:
    Path("other.yaml").write_text(TALE.replace("follows it", "loses it"))
    here = ("--again", "--output", "here")
    fake.fail_next_job()
    first = batch_of(command("story", tale, *here, code=1))
    other = batch_of(command("story", "other.yaml", *here))
    assert first != other
    assert batch_of(command("story", tale, *here, code=1)) == first
    assert batch_of(command("story", "other.yaml", *here)) != other


def test_of_runs_at_once_all_have_the_same_try(tmp_path: Path) -> None:
    story = StoryFile("The Map", "anime", (), ())
    meeting = Barrier(8)

    def key(_: int) -> str:
        meeting.wait(30)
        return Try(tmp_path, story, "127.0.0.1:1").key

    with ThreadPoolExecutor(8) as pool:
        for _ in range(20):
            keys = set(pool.map(key, range(8)))
            assert len(keys) == 1
            assert len(list(tmp_path.iterdir())) == 1
            Try(tmp_path, story, "127.0.0.1:1").end()
            assert not list(tmp_path.iterdir())


def test_a_run_that_ends_late_keeps_the_try_of_another_run(tmp_path: Path) -> None:
    story = StoryFile("The Map", "anime", (), ())
    late, early = (Try(tmp_path, story, "127.0.0.1:1") for _ in range(2))
    early.end()
    next_one = Try(tmp_path, story, "127.0.0.1:1")
    late.end()
    assert Try(tmp_path, story, "127.0.0.1:1").key == next_one.key != late.key
    assert Try(tmp_path, story, "127.0.0.1:2").key != next_one.key


def test_with_json_the_ids_come_first_on_stderr(command: Command, tale: str) -> None:
    done = command.json("story", tale)
    first = json.loads(command.err.splitlines()[0])
    assert first == {"batchId": done["batch"]["batchId"], "storyId": done["story"]["id"]}


def test_a_batch_is_saved_by_its_id(command: Command, tale: str) -> None:
    batch = batch_of(command("story", tale, "--no-wait"))
    watched = command("batch", "watch", batch, "--output", "watched")
    assert "saved watched/page-2.jpg" in watched
    command("batch", "download", batch, "--output", "saved", "--kind", "print")
    names = [sorted(path.name for path in Path(one).glob("[!.]*")) for one in ("watched", "saved")]
    assert names == [PICTURES, PICTURES]
    files = command.json("batch", "download", batch, "-o", "again")["files"]
    assert sorted(Path(file).name for file in files.values()) == PICTURES
    lines = command("batch", "watch", batch, "-o", "third", "--json").splitlines()
    assert len(json.loads(lines[-1])["files"]) == 4


def test_of_a_batch_that_is_not_drawn_what_is_there_is_saved(
    command: Command, fake: FakeService, tale: str
) -> None:
    fake.fail_next_job()
    command("story", tale, code=1)
    batch = batch_of(command("story", tale, code=1))
    saved = command("batch", "download", batch, "-o", "some", code=1)
    assert f"imggen batch show {batch}" in saved
    assert 0 < len(list(Path("some").glob("[!.]*"))) < 4


def test_all_that_can_be_checked_is_told_with_its_line_before_anything_is_made(
    command: Command, fake: FakeService, tale: str
) -> None:
    crowd = [f"C{number}" for number in range(17)]
    people = "".join(f"  - name: {name}\n" for name in crowd)
    wrong = TALE.replace("anime", "oil").replace("  - name: Leo\n", f"  - name: Leo\n{people}")
    wrong = wrong.replace("name: Mia\n", f"name: Mia\n    hair: {'x' * 301}\n", 1)
    wrong = wrong.replace("[Mia]", f"[{', '.join(crowd)}]").replace("Mia follows it.", "?!")
    wrong = wrong.replace(
        "images_per_page: 1", f"images_per_page: 1\n  metadata: {{a: {'x' * 1100}}}"
    )
    Path(tale).write_text(wrong)
    command("story", tale, code=2)
    told = [line.split(": ", 2) for line in command.err.splitlines()]
    lines = wrong.splitlines()
    assert [
        (lines[int(at.split(":")[1]) - 1].split(":")[0].strip(), place) for at, place, _ in told
    ] == [
        ("style", "style"),
        ("hair", "characters[0].hair"),
        ("- text", "pages[1].text"),
        ("characters", "pages[1].characters"),
        ("metadata", "options.metadata"),
    ]
    assert "must have 16 characters or fewer, has 17" in command.err
    assert {one.method for one in fake.received} == {"ListStyles", "ListProviders"}


@pytest.mark.parametrize(
    ("field", "method", "line"),
    [
        ("character.name", "CreateCharacter", 4),
        ("story.pages[1].text", "CreateStory", 9),
        ("story.title", "CreateStory", 1),
    ],
)
def test_what_only_the_service_finds_has_its_line_too(
    command: Command, fake: FakeService, tale: str, field: str, method: str, line: int
) -> None:
    fake.refuse_next_text(field, method=method)
    command("story", tale, code=2)
    assert command.err.startswith(f"{tale}:{line}: ")
    command("--json", "story", tale)


@pytest.mark.parametrize(
    ("option", "line", "place"),
    [("", 9, "pages[0].characters"), ("  model: nano\n", 14, "options.model")],
)
def test_what_no_model_can_draw_has_its_line(
    command: Command, fake: FakeService, tale: str, option: str, line: int, place: str
) -> None:
    crowded = TALE.replace("  - name: Leo\n", "  - name: Leo\n  - name: Ida\n")
    crowded = crowded.replace("[Mia, Leo]", "[Mia, Leo, Ida]" if not option else "[Mia]")
    Path(tale).write_text(crowded.replace("images_per_page: 1\n", f"images_per_page: 1\n{option}"))
    command("story", tale, code=2)
    assert command.err.startswith(f"{tale}:{line}: {place}: ")
    assert {one.method for one in fake.received} == {"ListStyles", "ListProviders"}


def test_a_lost_server_leaves_the_id_and_the_way_on(fake: FakeService) -> None:
    fake.hold()
    with SyncClient(fake.target, patience=0.1) as client:
        mia = client.create_character(name="Mia")
        page = Page(text="One.", character_ids=[mia.id])
        story = client.create_story(title="The Map", style="anime", pages=[page])
        batch = client.generate_story(story).batch_id
        for _ in range(20):
            fake.fail_next(ErrorReason.ERROR_REASON_DATABASE_UNAVAILABLE, method="WatchBatch")
        with pytest.raises(ImggenError) as gone:
            follow_batch(client, batch, {mia.id: "Mia"}, silent=True)
    assert f"batch_id={batch}" in describe(gone.value)
    assert f"imggen batch watch {batch}" in describe(gone.value)


def told(answers: list[str | ImggenError], *, count: int) -> list[str]:
    """Returns what is said while nothing comes and each question has the next answer."""
    left, said, enough = list(answers), [], Event()

    def ask() -> str:
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, ImggenError):
            raise answer
        return answer

    def say(text: str) -> None:
        said.append(text)
        if len(said) == count:
            enough.set()

    with explained(ask, say, quiet_s=0.001):
        assert enough.wait(30)
    return said


def test_a_wait_says_each_new_reason_once() -> None:
    away = Unavailable("cannot reach it")
    said = told(["", "turn; 5 s", "turn; 4 s", "paused", away, away, "turn; 3 s"], count=4)
    assert said == [
        "turn; 5 s",
        "paused",
        "no answer from the server, it is tried again: cannot reach it",
        "turn; 3 s",
    ]


def test_nothing_is_said_while_something_comes() -> None:
    said: list[str] = []
    asked = Event()

    def ask() -> str:
        asked.set()
        return ""

    with explained(ask, said.append, quiet_s=3600) as came:
        came()
    assert not asked.is_set()
    assert said == []


def soon(thing: Job | Batch) -> None:
    thing.estimated_completion_time.FromDatetime(datetime.now(UTC) + timedelta(minutes=5))


@pytest.mark.parametrize(
    ("thing", "reason"),
    [
        (Job(status=JOB_STATUS_QUEUED), job_reason),
        (Batch(status=BATCH_STATUS_PROCESSING, queued_images=1), batch_reason),
    ],
)
def test_the_reason_of_a_wait_is_told(
    thing: Job | Batch, reason: Callable[[Job | Batch], str]
) -> None:
    assert "it waits for a worker" in reason(thing)
    soon(thing)
    assert "it waits for its turn; about 5 min to its end" in reason(thing)
    thing.lane_paused = True
    assert "an operator has paused" in reason(thing)


def test_what_runs_has_no_reason_and_what_failed_has_its_own() -> None:
    assert job_reason(Job(status=JOB_STATUS_PROCESSING)) == ""
    running = Batch(status=BATCH_STATUS_PROCESSING, processing_images=1)
    assert batch_reason(running) == ""
    failed = Job(status=JOB_STATUS_QUEUED, error=JobError(message="no room"))
    assert job_reason(failed) == "it waits to be tried again, after a failure: no room"
