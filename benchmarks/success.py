"""How many of varied jobs deliver their picture, and why the others fail.

The whole embedded service draws them with the shipped model, and nothing breaks it: the fault
tests do that. A job succeeds once its caller holds the bytes of its picture.
"""

import sys
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from benchmarks.environment import BenchEnvironment
from benchmarks.report import Figure, Target
from benchmarks.varied import Order, Round, rounds
from cluster.embedded.local import running
from imggen import ImggenError, Page, SyncClient
from imggen.errors import Unavailable, reason_name
from imggen.v1.job_pb2 import Job

JOBS = 1000
SUCCEEDED = Target(95.0, least=True)
"""The specification asks for it."""
JOB_S = 1.2
"""About how long a job takes on two cores."""

_WAITING = 8
"""So many jobs wait or run at a time, so that the worker always has the next one."""
_PATIENCE_S = 300.0
_STUCK = "DEADLINE_EXCEEDED"
_PROGRESS_S = 30.0
_MESSAGE_MAX = 160


@dataclass(frozen=True, slots=True)
class End:
    """How a job ended: with a picture, or for a reason without one."""

    job_id: str
    """Empty for a request that was refused."""
    retries: int
    reason: str = ""
    message: str = ""


def measure(bench: BenchEnvironment) -> Iterator[Figure]:
    """Draws jobs, a few at a time; if it is interrupted, it yields what was measured so far."""
    count = bench.jobs or bench.sized(JOBS, 4)
    _say(
        f"draws {count:,} pictures, which takes about {_minutes(count * JOB_S)} on two cores; "
        "Ctrl-C ends it and prints what it has measured"
    )
    ends: list[End] = []
    stopped: BaseException | None = None
    with running(bench.folder / "success", lambda _: None) as local:
        with SyncClient(local.address, token=local.token) as client:
            styles = sorted(style.id for style in client.styles())
            try:
                for end in _telling(draw(client, rounds(styles), count), count):
                    ends.append(end)  # noqa: PERF402  # an interruption must lose none
            except (KeyboardInterrupt, Unavailable) as error:
                stopped = error
        yield from summary(ends)
    if stopped is not None:
        raise stopped


def draw(
    client: SyncClient, varied: Iterable[Round], count: int, patience_s: float = _PATIENCE_S
) -> Iterator[End]:
    """Submits jobs, and yields the end of each; one that does not end in time is the last.

    Raises Unavailable once the service does not answer.
    """
    for submitted in _later(islice(_submit(client, varied), count)):
        if isinstance(submitted, End):
            yield submitted
            continue
        end = _await_end(client, submitted, patience_s)
        yield end
        if end.reason == _STUCK:
            return


def summary(ends: Sequence[End]) -> Iterator[Figure]:
    """Yields the share of the jobs that delivered, their retries, and each reason of a failure."""
    if not ends:
        return
    failed = [end for end in ends if end.reason]
    delivered = len(ends) - len(failed)
    note = f"{delivered:,} of {len(ends):,}; the specification asks for 95 %"
    yield Figure.share("jobs that delivered a picture", delivered, len(ends), SUCCEEDED, note)
    yield Figure.count("retries spent", sum(end.retries for end in ends), len(ends), "")
    for reason, times in Counter(end.reason for end in failed).most_common():
        example = next(end for end in failed if end.reason == reason)
        where = f"job {example.job_id}" if example.job_id else "not admitted"
        message = example.message[:_MESSAGE_MAX]
        yield Figure.count(f"  failed, {reason}", times, len(ends), f"{where}: {message}")


def _submit(client: SyncClient, varied: Iterable[Round]) -> Iterator[Job | End]:
    """Submits the orders of rounds; yields each job, or the end of a request that is refused."""
    for one in varied:
        cast = _Cast(client, one)
        for order in one.orders:
            try:
                yield cast.portrait(order) if not order.text else cast.scene(order)
            except Unavailable:
                raise
            except ImggenError as error:
                yield _failed("", 0, error)


class _Cast:
    """The characters of a round, each created when a picture first needs it."""

    def __init__(self, client: SyncClient, one: Round) -> None:
        self._client = client
        self._round = one
        self._ids: dict[int, str] = {}

    def portrait(self, order: Order) -> Job:
        """Requests a portrait."""
        return self._client.generate_portrait(
            self._id(order.cast[0]),
            style=order.style,
            size=order.format,
            quality="standard",
            seed=order.seed,
        )

    def scene(self, order: Order) -> Job:
        """Requests the scene of the only page of a new story."""
        page = Page(
            text=order.text,
            scene_description=order.description,
            character_ids=[self._id(place) for place in order.cast],
        )
        story = self._client.create_story(title="A day", pages=[page])
        return self._client.generate_scene(
            story,
            story.pages[0],
            style=order.style,
            aspect_ratio=order.format,
            quality="standard",
            seed=order.seed,
        )

    def _id(self, place: int) -> str:
        if place not in self._ids:
            fields = self._round.characters[place]
            self._ids[place] = self._client.create_character(**fields).id
        return self._ids[place]


def _later(items: Iterable[Job | End]) -> Iterator[Job | End]:
    """Yields each item once `_WAITING` are there that were not yielded, and the rest at the end."""
    waiting: deque[Job | End] = deque()
    for item in items:
        waiting.append(item)
        if len(waiting) == _WAITING:
            yield waiting.popleft()
    yield from waiting


def _await_end(client: SyncClient, job: Job, patience_s: float) -> End:
    try:
        client.download(client.wait(job, timeout=patience_s))
    except Unavailable:
        raise
    except ImggenError as error:
        return _failed(job.job_id, client.get_job(job).retry_count, error)
    return End(job.job_id, client.get_job(job).retry_count)


def _failed(job_id: str, retries: int, error: ImggenError) -> End:
    return End(job_id, retries, reason_name(error.reason) or error.code.name, error.message)


def _telling(ends: Iterable[End], count: int) -> Iterator[End]:
    """Passes ends on, and says after the first one, and then now and then, how many there are."""
    began, say_at = time.monotonic(), 0.0
    failed = 0
    for done, end in enumerate(ends, 1):
        yield end
        failed += bool(end.reason)
        now = time.monotonic()
        if now >= say_at:
            say_at = now + _PROGRESS_S
            left = _minutes((now - began) / done * (count - done))
            _say(f"{done:,} of {count:,} jobs, {failed} failed, about {left} left")


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} minutes"


def _say(text: str) -> None:
    print(f"  ({text})", file=sys.stderr, flush=True)
