"""The fake service, and how a test controls it."""

import asyncio
from collections.abc import Awaitable, Callable, Generator, Sequence
from datetime import timedelta
from typing import Self, TypeVar

import grpc
import grpc.aio
from google.protobuf.message import Message

from imggen.errors import reason_name
from imggen.fields import StageName, job_id_of, number_of
from imggen.looping import LoopThread
from imggen.testing.admin import Admin
from imggen.testing.assets import preview_of
from imggen.testing.batch_service import BatchService
from imggen.testing.batches import Batches
from imggen.testing.budgets import Budgets
from imggen.testing.faults import Fault, Faults, Received
from imggen.testing.feed import Events, Feed
from imggen.testing.generation import Generation
from imggen.testing.health import health_handler
from imggen.testing.images import Images
from imggen.testing.jobs import Jobs
from imggen.testing.library import Characters, Stories, Styles
from imggen.testing.memory import Memory
from imggen.testing.rejections import check_job_reason, check_method, refused_text, rejection
from imggen.testing.reuse import Reuses
from imggen.testing.routing import Routing
from imggen.testing.web import Web
from imggen.testing.worker import Worker
from imggen.v1.admin_pb2_grpc import add_AdminServiceServicer_to_server
from imggen.v1.batch_pb2_grpc import add_BatchServiceServicer_to_server
from imggen.v1.budget_pb2_grpc import add_BudgetServiceServicer_to_server
from imggen.v1.character_pb2_grpc import add_CharacterServiceServicer_to_server
from imggen.v1.errors_pb2 import ErrorReason
from imggen.v1.event_pb2_grpc import add_EventServiceServicer_to_server
from imggen.v1.generation_pb2_grpc import add_GenerationServiceServicer_to_server
from imggen.v1.image_pb2_grpc import add_ImageServiceServicer_to_server
from imggen.v1.job_pb2 import Job, Stage
from imggen.v1.job_pb2_grpc import add_JobServiceServicer_to_server
from imggen.v1.routing_pb2_grpc import add_RoutingServiceServicer_to_server
from imggen.v1.scene_pb2 import NotDrawn, Unsure
from imggen.v1.story_pb2_grpc import add_StoryServiceServicer_to_server
from imggen.v1.style_pb2_grpc import add_StyleServiceServicer_to_server
from imggen.watching import has_ended

Result = TypeVar("Result")


class FakeService:
    """imggen in memory: a real gRPC server on a free port of this machine.

    A context manager, sync and async:

        async with FakeService() as fake, Client(fake.target) as client: ...
        with FakeService() as fake, SyncClient(fake.target) as client: ...

    It answers as the service does: its rules are those of `imggen.rules`, its styles and models
    those of an installation with the model that ships, and every error has the same reason,
    message and violations. Jobs go from QUEUED through every stage and `steps` steps to
    COMPLETED, `step_seconds` apart, unless a test holds, finishes or fails them. Pictures have
    one colour, derived from the seed, in the service's sizes and media types; URLs are served on
    another port. With a `token`, calls must send it.

    There is one user, who is an admin if `admin` says so; no queue is full, no URL expires,
    everything is free, and tokens are not read.
    """

    def __init__(
        self,
        *,
        token: str | None = None,
        steps: int = 4,
        step_seconds: float = 0.002,
        latency: float = 0.0,
        admin: bool = False,
    ) -> None:
        self._memory = Memory()
        self._admin = admin
        self._feed = Feed(self._memory)
        self._worker = Worker(self._memory, self._feed, steps=steps, step_seconds=step_seconds)
        self._batches = Batches(self._memory, self._feed, self._worker)
        self._web = Web(self._memory)
        self._faults = Faults(token=token, latency=latency)
        self._server: grpc.aio.Server | None = None
        self._thread: LoopThread | None = None
        self._port = 0

    @property
    def target(self) -> str:
        """The address for clients."""
        return f"127.0.0.1:{self._port}"

    @property
    def received(self) -> Sequence[Received]:
        """All requests in the order of arrival, rejected and repeated ones included."""
        return self._faults.received

    def requests(self, method: str) -> list[Message]:
        """Returns the requests of one method, for instance `GeneratePortrait`."""
        return [each.request for each in self.received if each.method == method]

    def fail_next(
        self,
        reason: ErrorReason.ValueType,
        *,
        method: str = "",
        message: str = "",
        retry_after: timedelta | None = None,
    ) -> None:
        """Makes the next call, or the next call of a method, fail with this reason."""
        check_method(method)
        error = rejection(reason, message)
        error.retry_after = retry_after
        self._faults.add(Fault(method, error=error))

    def refuse_next_text(self, field: str, *, method: str = "") -> None:
        """Refuses the next call, or the next call of a method, for a text in this field."""
        check_method(method)
        self._faults.add(Fault(method, error=refused_text(field)))

    def lose_next_answer(self, method: str = "") -> None:
        """Performs the next call but breaks it before its answer; a stream after one message."""
        check_method(method)
        self._faults.add(Fault(method, lose_answer=True))

    def break_next(self, code: grpc.StatusCode, method: str = "") -> None:
        """Ends the next call with a status that is not the service's, as a proxy does.

        A stream is ended after one message.
        """
        check_method(method)
        self._faults.add(Fault(method, broken=code))

    def spoil_next_download(self) -> None:
        """Changes the bytes of the next download but not its checksum."""
        self._faults.add(Fault("DownloadImage", spoil=True))

    def fail_next_job(
        self, reason: ErrorReason.ValueType = ErrorReason.ERROR_REASON_RENDER_FAILED
    ) -> None:
        """Makes the next job that starts fail permanently while rendering."""
        check_job_reason(reason)
        self._worker.failures.append(reason)

    def not_draw(self, *parts: NotDrawn) -> None:
        """Sets the `not_drawn` of jobs that complete from now on, of their images, and of plans."""
        self._worker.not_drawn = parts

    def doubt(self, *parts: Unsure) -> None:
        """Sets the `unsure` of jobs that complete from now on, of their images, and of plans.

        Portraits have none.
        """
        self._worker.unsure = parts

    def check_pictures(self, by: str) -> None:
        """Names the classifier that looks at all pictures from now on; empty for none.

        Stored pictures that none has looked at then answer no request.
        """
        self._memory.checked_by = by

    def hold(self) -> None:
        """Stops all jobs before their next step, until `release`."""
        self._worker.held = True

    def release(self) -> None:
        """Continues held jobs."""
        self._worker.held = False
        self._do(self._memory.touch)

    def finish(self, job: Job | str) -> None:
        """Completes a job now, also a held one."""
        self._do(lambda: self._worker.finish(self._open(job)))

    def fail(
        self,
        job: Job | str,
        reason: ErrorReason.ValueType = ErrorReason.ERROR_REASON_RENDER_FAILED,
        message: str = "",
    ) -> None:
        """Fails a job permanently now, also a held one.

        Raises:
            ValueError: The reason is one of calls, not of jobs.
        """
        check_job_reason(reason)
        message = message or f"the fake was told to fail with {reason_name(reason)}"
        self._do(lambda: self._worker.fail_running(self._open(job), reason, message))

    def lose_worker(self, job: Job | str) -> None:
        """Queues a running job again, as when its worker is lost; it costs a retry.

        It is CANCELLED if that was requested, FAILED if it has no retries left.

        Raises:
            ValueError: The job does not run.
        """
        self._do(lambda: self._worker.give_back(self._open(job)))

    def show(
        self,
        job: Job | str,
        *,
        stage: Stage.ValueType | StageName = "rendering",
        step: int = 0,
        steps: int = 0,
        fraction: float | None = None,
        preview: bool = False,
    ) -> None:
        """Sets what a job does, for its watchers to see; after `hold`, it stays so.

        A queued job starts. Without a fraction, that of the job stays. `preview` adds a new
        preview.

        Raises:
            ValueError: The fraction is over 1, or less than the job has already.
        """
        number = number_of(Stage, stage)

        def change() -> None:
            found = self._open(job)
            image = self._memory.images.ever(found.image_id)
            done = found.fraction if fraction is None else fraction
            if not found.fraction <= done <= 1:
                raise ValueError(f"fraction is {fraction}; use {found.fraction} to 1")
            shown = preview_of(image, done) if preview else None
            self._worker.show(found, number, step, steps, done, shown)

        self._do(change)

    def drop_events(self) -> None:
        """Drops all events so far, so that older cursors have expired."""
        self._do(self._feed.drop)

    def restart(self) -> Awaitable[None]:
        """Restarts the server on the same port; jobs continue, watches break.

        In `with` it is done when this returns; in `async with`, await it.
        """
        if self._thread is None:
            return asyncio.ensure_future(self._restart())
        self._thread.run(self._restart())
        return _Done()

    async def __aenter__(self) -> Self:
        await self._web.start()
        await self._serve()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._batches.stop()
        await self._worker.stop()
        await self._stop_serving()
        await self._web.stop()

    def __enter__(self) -> Self:
        self._thread = LoopThread("imggen-fake")
        return self._thread.run(self.__aenter__())

    def __exit__(self, *_: object) -> None:
        assert self._thread is not None, "__enter__ made it"
        self._thread.run(self.__aexit__())
        self._thread.close()

    async def _serve(self) -> None:
        # As the service does: by gRPC's own limit, a quiet feed is cut after two minutes of pings.
        pings = [("grpc.http2.min_ping_interval_without_data_ms", 5_000)]
        self._server = grpc.aio.server(interceptors=[self._faults], options=pings)
        memory, worker = self._memory, self._worker
        reuses = Reuses(memory, self._feed)
        add_CharacterServiceServicer_to_server(Characters(memory), self._server)
        add_StoryServiceServicer_to_server(Stories(memory), self._server)
        add_StyleServiceServicer_to_server(Styles(), self._server)
        add_GenerationServiceServicer_to_server(
            Generation(memory, worker, self._batches, reuses), self._server
        )
        add_JobServiceServicer_to_server(Jobs(memory, worker, self._batches), self._server)
        add_BatchServiceServicer_to_server(
            BatchService(memory, worker, self._batches), self._server
        )
        budgets = Budgets(memory, admin=self._admin)
        add_BudgetServiceServicer_to_server(budgets, self._server)
        add_AdminServiceServicer_to_server(
            Admin(memory, worker, self._batches, budgets, admin=self._admin), self._server
        )
        add_RoutingServiceServicer_to_server(Routing(memory, worker, reuses), self._server)
        add_EventServiceServicer_to_server(Events(memory, self._feed), self._server)
        add_ImageServiceServicer_to_server(Images(memory, self._feed, worker), self._server)
        self._server.add_generic_rpc_handlers((health_handler(),))
        self._port = self._server.add_insecure_port(self.target)
        await self._server.start()

    async def _stop_serving(self) -> None:
        if self._server is not None:
            await self._server.stop(grace=None)

    async def _restart(self) -> None:
        await self._stop_serving()
        await self._serve()

    def _open(self, job: Job | str) -> Job:
        """Returns a job that has not ended.

        Raises:
            ValueError: It has ended.
        """
        found = self._memory.jobs[job_id_of(job)]
        if has_ended(found):
            raise ValueError(f"job {found.job_id} has ended; only one that waits or runs changes")
        return found

    def _do(self, change: Callable[[], Result]) -> Result:
        """Makes a change on the fake's loop, from whichever thread asks for it."""
        if self._thread is None:
            return change()

        async def run() -> Result:
            return change()

        return self._thread.run(run())


class _Done:
    """Something that has happened already; awaiting it does nothing."""

    def __await__(self) -> Generator[None, None, None]:
        yield from ()
