"""The commands of operators."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest

from imggen import SyncClient
from imggen.cli.admin import left_alone
from imggen.cli.history import history_lines
from imggen.testing import FakeService
from imggen.v1.admin_pb2 import (
    GetJobHistoryResponse,
    JobAttempt,
    MoneyMovement,
    RequeueJobsResponse,
)
from imggen.v1.budget_pb2 import CALL_KIND_RENDER, BookedCall
from imggen.v1.errors_pb2 import ERROR_REASON_RENDER_FAILED
from imggen.v1.job_pb2 import (
    JOB_KIND_SCENE,
    JOB_STATUS_PROCESSING,
    JOB_STATUS_QUEUED,
    STAGE_FINISHING,
    STAGE_RENDERING,
    TIMED_STEP_DECODING,
    TIMED_STEP_ENCODING,
    TIMED_STEP_PICTURE_CHECK,
    Job,
    JobError,
    StageTiming,
    StepTiming,
)
from imggen.v1.routing_pb2 import Offer, Route
from tests.unit.cli.conftest import Command

AT = datetime(2026, 11, 29, 9, 50, 12, tzinfo=UTC)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeService]:
    """Yields a fake whose user is an admin."""
    with FakeService(admin=True) as fake:
        monkeypatch.setenv("IMGGEN_SERVER", fake.target)
        yield fake


def paid_job() -> GetJobHistoryResponse:
    """Returns the history of a job whose first call was lost, and which runs again."""
    route = Route(offers=[Offer(model="gpt-image", provider="openai", price_micros=90_000)])
    lost = JobError(reason=ERROR_REASON_RENDER_FAILED, message="no answer")
    timing = StageTiming(stage=STAGE_RENDERING)
    timing.duration.FromTimedelta(timedelta(seconds=9.25))
    finishing = StageTiming(
        stage=STAGE_FINISHING,
        steps=[
            StepTiming(step=TIMED_STEP_DECODING),
            StepTiming(step=TIMED_STEP_ENCODING, peak_memory_bytes=31 * 2**20),
            StepTiming(step=TIMED_STEP_PICTURE_CHECK),
        ],
    )
    finishing.duration.FromTimedelta(timedelta(seconds=0.6))
    finishing.steps[1].duration.FromMilliseconds(240)
    finishing.steps[2].duration.FromMilliseconds(90)
    call = BookedCall(
        kind=CALL_KIND_RENDER,
        model="gpt-image",
        provider="openai",
        held_micros=90_000,
        cost_micros=90_000,
        outcome_unknown=True,
        provider_request_id="req_1",
    )
    found = GetJobHistoryResponse(
        job=Job(
            job_id="J",
            kind=JOB_KIND_SCENE,
            status=JOB_STATUS_PROCESSING,
            cancel_requested=True,
            priority=2,
            retry_count=1,
            max_retries=3,
            story_id="S",
            image_id="I",
        ),
        user_id="U",
        admitted=route,
        attempts=[
            JobAttempt(
                attempt=1,
                worker="w1",
                model="gpt-image",
                provider="openai",
                outcome="failed",
                error=lost,
                route=route,
                calls=[call],
                stage_timings=[timing, finishing],
            ),
            JobAttempt(attempt=2, worker="w2", outcome="running"),
        ],
        movements=[
            MoneyMovement(kind="hold", reason="first", provider="openai", held_micros=90_000),
            MoneyMovement(
                kind="settle",
                reason="first",
                attempt=1,
                call=CALL_KIND_RENDER,
                provider="openai",
                held_micros=-90_000,
                spent_micros=90_000,
            ),
        ],
    )
    for stamp in (found.job.created_at, found.job.started_at, found.attempts[0].started_at):
        stamp.FromDatetime(AT)
    found.attempts[0].finished_at.FromDatetime(AT + timedelta(seconds=60.5))
    for movement in found.movements:
        movement.at.FromDatetime(AT)
        movement.model, movement.day = "gpt-image", "2026-11-29"
    found.attempts[0].calls[0].started_at.FromDatetime(AT)
    return found


def test_a_history_in_words() -> None:
    lines = list(history_lines(paid_job()))
    assert lines[:5] == [
        "job J of user U: scene, processing, its cancel was requested",
        "  admitted 2026-11-29 09:50:12, first started 2026-11-29 09:50:12",
        "  priority 2, 1 of 3 retries, cost nothing",
        "  story S",
        "  image I",
    ]
    for line in (
        "attempt 1, failed: RENDER_FAILED: no answer",
        "  gpt-image (openai) by worker w1, from 2026-11-29 09:50:12 for 60.5 s",
        "  stages: rendering 9.2 s, finishing 0.6 s",
        "  finishing: encoding 0.24 s (31 MiB), picture check 0.09 s",
        "  call render of gpt-image (openai) at 2026-11-29 09:50:12: held $0.0900, cost $0.0900,"
        " its outcome is unknown, req_1",
        "attempt 2, running",
        "  2026-11-29 09:50:12 hold for the job, attempt 0 (first), gpt-image (openai) on"
        " 2026-11-29: held +$0.0900, spent as before",
        "  2026-11-29 09:50:12 settle for the call render, attempt 1 (first), gpt-image (openai) on"
        " 2026-11-29: held -$0.0900, spent +$0.0900",
    ):
        assert line in lines
    assert lines.index("admitted:") < lines.index("attempt 2, running") < lines.index("money:")


def test_the_history_of_a_job_that_failed_and_was_drawn_again(
    command: Command, client: SyncClient, fake: FakeService, mia: str
) -> None:
    fake.hold()
    job = client.generate_portrait(mia, style="anime")
    fake.show(job)
    fake.lose_worker(job)
    fake.finish(job)
    out = command("admin", "history", job.job_id)
    assert f"job {job.job_id} of user " in out
    assert "attempt 1, lost: WORKER_LOST: the worker fake was lost" in out
    assert "attempt 2, completed" in out
    assert "stages: resolving 0.0 s, rendering " in out
    assert "\n  storing: signing 0.0" in out
    found = command.json("admin", "history", job.job_id)
    assert [one["outcome"] for one in found["attempts"]] == ["lost", "completed"]
    assert (found["job"]["jobId"], found["movements"]) == (job.job_id, [])


def test_a_job_that_is_not_there(command: Command) -> None:
    command("admin", "history", "00000000-0000-4000-8000-000000000009", code=1)
    assert "JOB_NOT_FOUND" in command.err


def answer(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Answers what the command asks."""
    monkeypatch.setattr("sys.stdin", StringIO(text))


def test_a_cancel_shows_the_count_and_asks(
    command: Command,
    client: SyncClient,
    fake: FakeService,
    mia: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fake.hold()
    jobs = [client.generate_portrait(mia, style="anime") for _ in range(2)]
    user = client.get_job_history(jobs[0]).user_id
    answer(monkeypatch, "n\n")
    command("admin", "cancel", user, code=1)
    assert f"open jobs of user {user}: 2\nCancel them? [y/N]: " in command.err
    assert "nothing was changed" in command.err
    answer(monkeypatch, "")
    command("admin", "cancel", user, code=1)
    assert "nobody answered; give --yes" in command.err
    assert command.json("admin", "cancel", user, "--dry-run")["result"]["jobs"] == "2"
    assert {client.get_job(job).cancel_requested for job in jobs} == {False}

    answer(monkeypatch, "y\n")
    assert "2 jobs cancelled, or asked to stop" in command("admin", "cancel", user)
    assert {client.get_job(job).cancel_requested for job in jobs} == {True}
    assert command("admin", "cancel", user) == ""
    assert command.err == f"open jobs of user {user}: 0\n"


def test_a_requeue_by_name_and_by_user_and_the_log_of_both(
    command: Command, client: SyncClient, fake: FakeService, mia: str
) -> None:
    fake.hold()
    jobs = [client.generate_portrait(mia, style="anime") for _ in range(3)]
    user = client.get_job_history(jobs[0]).user_id
    for job in jobs:
        fake.fail(job)
    assert "1 job queued again" in command("admin", "requeue", jobs[0].job_id, "--yes")
    assert "failed jobs that can be queued again: 1" in command.err
    done = command.json("admin", "requeue", "--user", user, "--repeat-unknown-calls", "--yes")
    assert (done["result"]["jobs"], done["result"]["action"]["target"]) == ("2", f"user:{user}")
    assert {client.get_job(job).status for job in jobs} == {JOB_STATUS_QUEUED}

    lines = command("admin", "log").splitlines()
    assert lines[0].split() == ["TIME", "ADMIN", "ACTION", "TARGET", "JOBS", "NOTES"]
    assert f"requeue jobs\tuser:{user}\t2\tunknown calls repeated" in lines[1]
    assert lines[2].split()[-4:] == ["requeue", "jobs", "jobs", "1"]
    assert len(command.json("admin", "log", "--most", "1")["actions"]) == 1
    assert f"requeue jobs (jobs) by {user}" in command("admin", "history", jobs[0].job_id)


@pytest.mark.parametrize("wrong", [(), ("J", "--user", "U")])
def test_a_requeue_needs_one_target(command: Command, wrong: tuple[str, ...]) -> None:
    command("admin", "requeue", *wrong, code=2)
    assert "give the ids of jobs, or --user" in command.err


def test_a_requeue_says_where_no_named_job_has_failed(command: Command) -> None:
    command("admin", "requeue", "00000000-0000-4000-8000-000000000001", "--yes")
    assert "none of the named jobs is there and has failed" in command.err


def test_what_a_requeue_leaves_alone_is_said_with_the_reason() -> None:
    counted = RequeueJobsResponse(skipped_jobs=5, unknown_call_jobs=2)
    assert left_alone(counted) == [
        "left alone, as the outcome of a paid call is unknown: 2 (see imggen budget calls;"
        " --repeat-unknown-calls queues them, too)",
        "left alone, as what they need cannot be drawn again: 3",
    ]
    assert left_alone(RequeueJobsResponse(jobs=1)) == []


def test_a_lane_is_paused_and_resumed(command: Command, client: SyncClient, mia: str) -> None:
    assert command("admin", "pause", "local") == "lane local is paused\n"
    assert command("admin", "pause", "local") == "lane local was paused already\n"
    job = client.generate_portrait(mia, style="anime")
    assert job.lane_paused
    assert "\tpaused\t" in command("jobs")
    route = client.quote_portrait(mia, style="anime")
    assert route.lane_paused
    assert client.explain_route(job).admitted.lane_paused
    story = client.create_story(title="Day", style="anime", pages=["One."])
    quote, plan = client.quote_story(story), client.plan_story(story)
    assert quote.lane_paused
    assert plan.lane_paused
    assert not any(one.HasField("expected_duration") for one in (*route.offers, quote, plan))
    assert plan.pages[0].lane_paused
    batch = client.generate_story(story)
    assert batch.lane_paused
    assert "paused" in command("batch", "show", batch.batch_id)
    shown = command("top")
    assert "local (paused)" in shown
    assert "oldest job" not in shown
    assert command("admin", "resume", "local") == "lane local is resumed\n"
    assert command("admin", "resume", "local") == "lane local was not paused\n"
    client.wait(job)
    assert not client.get_job(job).lane_paused
    assert [one["target"] for one in command.json("admin", "log")["actions"]] == ["lane:local"] * 2
    command("admin", "pause", "river", code=2)


def test_a_worker_is_drained(command: Command) -> None:
    assert command("admin", "drain", "fake") == "worker fake claims no more\n"
    assert command("admin", "drain", "fake") == "worker fake drained already\n"
    assert "drains, claims no more" in command("top")
    command("admin", "drain", "nobody", code=1)
    assert '"nobody" is no worker that is ready or drains' in command.err
