"""The command that shows the whole installation, once and live."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from rich.console import Console

from imggen import SyncClient
from imggen.cli.top import follow, headlines, parts
from imggen.errors import DeadlineExceeded, ImggenError, Unavailable
from imggen.testing import FakeService
from imggen.v1.admin_pb2 import (
    LANE_HOSTED,
    LANE_LOCAL,
    BreakerOverview,
    GetOverviewResponse,
    LaneOverview,
    LaneSlots,
    OldestJob,
    StageOverview,
    WorkerOverview,
)
from imggen.v1.budget_pb2 import Budget
from imggen.v1.job_pb2 import STAGE_FINISHING, STAGE_RENDERING
from tests.unit.cli.conftest import Command

AT = datetime(2026, 11, 29, 9, 50, 12, tzinfo=UTC)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeService]:
    """Yields a fake whose user is an admin."""
    with FakeService(admin=True) as fake:
        monkeypatch.setenv("IMGGEN_SERVER", fake.target)
        yield fake


def busy() -> GetOverviewResponse:
    """Returns the overview of a busy installation."""
    found = GetOverviewResponse(
        lanes=[
            LaneOverview(
                lane=LANE_LOCAL, waiting_jobs=12, running_jobs=2, slots=2, completed_last_hour=310
            ),
            LaneOverview(lane=LANE_HOSTED, delayed_jobs=4),
        ],
        needing_jobs=3,
        workers=[
            WorkerOverview(
                name="w1",
                lanes=[
                    LaneSlots(lane=LANE_LOCAL, slots=2, running_jobs=2),
                    LaneSlots(lane=LANE_HOSTED, slots=8),
                ],
            )
        ],
        pictures_last_hour=310,
        budgets=[
            Budget(scope="global", limit_micros=10**7, held_micros=10**6, spent_micros=7 * 10**6),
            Budget(scope="provider:openai", spent_micros=7 * 10**6),
            Budget(scope="provider:other", limit_micros=0),
        ],
        breakers=[BreakerOverview(provider="openai", health="open", failures=5, reason="TIMEOUT")],
        oldest_job=OldestJob(job_id="J", user_id="U", lane=LANE_LOCAL),
        stages=[StageOverview(stage=STAGE_RENDERING), StageOverview(stage=STAGE_FINISHING)],
    )
    found.observed_at.FromDatetime(AT)
    found.lanes[0].oldest_wait.FromTimedelta(timedelta(seconds=250))
    found.workers[0].cold_start.FromTimedelta(timedelta(seconds=40))
    found.breakers[0].until.FromDatetime(AT + timedelta(seconds=30))
    found.oldest_job.queued_at.FromDatetime(AT - timedelta(seconds=250))
    for stage, seconds in zip(found.stages, (9.2, 1.3), strict=True):
        stage.mean_duration.FromTimedelta(timedelta(seconds=seconds))
    return found


def test_an_overview_in_words_and_tables() -> None:
    assert list(headlines(busy())) == [
        "2026-11-29 09:50:12 UTC",
        "pictures in the last hour: 310; the slowest stage is rendering, 9.2 s of 10.5 s a picture",
        "oldest job: J of user U waits 4 min 10 s in local",
        "3 more wait for other jobs of their batches",
    ]
    lanes, workers, budgets, breakers = parts(busy())
    assert lanes.rows == [
        ("local", "12", "0", "2", "2", "4 min 10 s", "310"),
        ("hosted", "0", "4", "0", "0", "-", "0"),
    ]
    assert workers.rows == [("w1", "local 2 of 2, hosted 0 of 8", "its model starts in 40 s")]
    assert budgets.rows == [
        ("global", "$10.0000", "$1.0000", "$7.0000", "80 %"),
        ("provider:openai", "none", "$0", "$7.0000", "-"),
        ("provider:other", "$0", "$0", "$0", "100 %"),
    ]
    assert breakers.rows == [("openai", "open", "5", "09:50:42", "TIMEOUT")]


def test_what_is_not_there_has_no_line_and_no_table() -> None:
    found = GetOverviewResponse(lanes=[LaneOverview(lane=LANE_LOCAL)])
    assert len(list(headlines(found))) == 2
    assert [part.columns[0] for part in parts(found)] == ["LANE"]


def test_it_is_printed_once_where_the_output_is_no_terminal(
    command: Command, client: SyncClient, mia: str
) -> None:
    client.wait(client.generate_portrait(mia, style="anime"))
    for arguments in ((), ("--once",)):
        out = command("top", *arguments)
        assert "pictures in the last hour: 1; the slowest stage is " in out
        assert ["local", "0", "0", "0", "1000", "-", "1"] in [
            line.split() for line in out.splitlines()
        ]
        assert "global" in out


@pytest.mark.parametrize("name", ["FORCE_COLOR", "TTY_COMPATIBLE"])
def test_it_ends_in_a_pipe_that_takes_colours(
    command: Command, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "1")
    assert "pictures in the last hour: 0" in command("top")


def test_words_that_only_a_newer_server_knows_are_shown() -> None:
    found = busy()
    found.lanes[0].lane = found.workers[0].lanes[0].lane = found.oldest_job.lane = 99  # type: ignore[assignment]
    found.stages[0].stage = 99  # type: ignore[assignment]
    assert "; the slowest stage is unknown_99, 9.2 s" in list(headlines(found))[1]
    assert "in unknown_99" in list(headlines(found))[2]
    lanes, workers, *_ = parts(found)
    assert lanes.rows[0][0] == "unknown_99"
    assert workers.rows[0][1] == "unknown_99 2 of 2, hosted 0 of 8"


def test_a_script_gets_one_document(
    command: Command, client: SyncClient, fake: FakeService, mia: str
) -> None:
    fake.hold()
    job = client.generate_portrait(mia, style="anime")
    fake.show(job)
    found = command.json("top")["overview"]
    assert [lane["lane"] for lane in found["lanes"]] == [
        *("LANE_LOCAL", "LANE_HOSTED", "LANE_READ", "LANE_UPSCALE")
    ]
    assert found["lanes"][0]["runningJobs"] == "1"
    assert found["budgets"][0]["scope"] == "global"


@pytest.mark.parametrize("error", [Unavailable, DeadlineExceeded])
def test_it_follows_until_ctrl_c_also_while_the_server_is_away(error: type[ImggenError]) -> None:
    out, reads = StringIO(), 0
    console = Console(file=out, force_terminal=True, width=100, height=40)

    def read() -> GetOverviewResponse:
        nonlocal reads
        reads += 1
        if reads == 2:
            raise error("the server does not answer")
        found = busy()
        found.pictures_last_hour = 310 + reads
        return found

    def pause() -> None:
        if reads == 3:
            raise KeyboardInterrupt

    follow(console, busy(), read, pause)
    shown = out.getvalue()
    assert reads == 3
    for text in (
        "last hour: 310",
        "last hour: 311",
        "no answer since then: the server",
        "last hour: 313",
    ):
        assert text in shown


def test_a_caller_without_the_role_is_told_so(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FakeService() as other:
        monkeypatch.setenv("IMGGEN_SERVER", other.target)
        command("top", code=1)
    assert "ROLE_REQUIRED: the call needs the role admin" in command.err
