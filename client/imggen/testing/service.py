"""The fake service, and how a test controls it."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Self

import grpc.aio
from google.protobuf.message import Message

from imggen.looping import LoopThread
from imggen.testing.batches import Batches, FakeBatches
from imggen.testing.drawing import Worker
from imggen.testing.events import Events
from imggen.testing.faults import Fault, Faults, Received
from imggen.testing.gallery import Images, Jobs
from imggen.testing.generation import Generation
from imggen.testing.library import Characters, Stories, Styles
from imggen.testing.memory import Memory
from imggen.testing.rejections import rejection
from imggen.v1.batch_pb2_grpc import add_BatchServiceServicer_to_server
from imggen.v1.character_pb2_grpc import add_CharacterServiceServicer_to_server
from imggen.v1.errors_pb2 import ErrorReason
from imggen.v1.event_pb2_grpc import add_EventServiceServicer_to_server
from imggen.v1.generation_pb2_grpc import add_GenerationServiceServicer_to_server
from imggen.v1.image_pb2_grpc import add_ImageServiceServicer_to_server
from imggen.v1.job_pb2_grpc import add_JobServiceServicer_to_server
from imggen.v1.story_pb2_grpc import add_StoryServiceServicer_to_server
from imggen.v1.style_pb2_grpc import add_StyleServiceServicer_to_server


class FakeService:
    """imggen in memory: a real gRPC server on a free port of this machine.

    A context manager, sync and async:

        async with FakeService() as fake, Client(fake.target) as client: ...
        with FakeService() as fake, SyncClient(fake.target) as client: ...

    Jobs go from QUEUED through every stage and `steps` steps to COMPLETED, `step_seconds` apart.
    Images are PNGs of one colour, derived from the seed; URLs are `data:` URLs. With a `token`,
    calls must send it. The fake enforces the contract's rules on ids, required fields, styles,
    qualities, aspect ratios, priorities, pages of stories and of lists, masks, `request_id`,
    lineages, whole stories, cursors and the states of jobs, batches and images.

    It does not check the length of texts, control characters, output-only fields, models,
    sizes, the number of characters a model can draw, budgets, roles or the age of tokens. There
    is one user, everything is free, there are no previews, and every asset is a small PNG.
    """

    def __init__(
        self,
        *,
        token: str | None = None,
        steps: int = 4,
        step_seconds: float = 0.002,
        latency: float = 0.0,
    ) -> None:
        self._memory = Memory()
        self._worker = Worker(self._memory, steps=steps, step_seconds=step_seconds)
        self._batches = FakeBatches(self._memory, self._worker)
        self._faults = Faults(token=token, latency=latency)
        self._server: grpc.aio.Server | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
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
        error = rejection(reason, message)
        error.retry_after = retry_after
        self._faults.add(Fault(method, error=error))

    def lose_next_answer(self, method: str = "") -> None:
        """Performs the next call but breaks it before its answer; a stream after one message."""
        self._faults.add(Fault(method, lose_answer=True))

    def spoil_next_download(self) -> None:
        """Changes the bytes of the next download but not its checksum."""
        self._faults.add(Fault("DownloadImage", spoil=True))

    def fail_next_job(
        self, reason: ErrorReason.ValueType = ErrorReason.ERROR_REASON_RENDER_FAILED
    ) -> None:
        """Makes the next job that starts fail permanently while rendering."""
        self._worker.failures.append(reason)

    def miss_words(self, *words: str) -> None:
        """Sets the `unknown_words` of jobs that complete from now on."""
        self._worker.unknown_words = words

    def hold(self) -> None:
        """Stops all jobs before their next step, until `release`."""
        self._worker.held = True

    def release(self) -> None:
        """Continues held jobs."""
        self._worker.held = False
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._memory.touch)

    def drop_events(self) -> None:
        """Drops all events so far, so that older cursors have expired."""
        self._memory.drop_events()

    async def restart(self) -> None:
        """Restarts the server on the same port; jobs continue, watches break.

        Requires a fake entered by `async with`.
        """
        await self._stop_serving()
        await self._serve()

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        await self._serve()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._batches.stop()
        await self._worker.stop()
        await self._stop_serving()

    def __enter__(self) -> Self:
        self._thread = LoopThread("imggen-fake")
        return self._thread.run(self.__aenter__())

    def __exit__(self, *_: object) -> None:
        assert self._thread is not None, "__enter__ made it"
        self._thread.run(self.__aexit__())
        self._thread.close()

    async def _serve(self) -> None:
        self._server = grpc.aio.server(interceptors=[self._faults])
        memory, worker = self._memory, self._worker
        add_CharacterServiceServicer_to_server(Characters(memory), self._server)
        add_StoryServiceServicer_to_server(Stories(memory), self._server)
        add_StyleServiceServicer_to_server(Styles(memory), self._server)
        add_GenerationServiceServicer_to_server(
            Generation(memory, worker, self._batches), self._server
        )
        add_JobServiceServicer_to_server(Jobs(memory, worker, self._batches), self._server)
        add_BatchServiceServicer_to_server(Batches(memory, worker, self._batches), self._server)
        add_EventServiceServicer_to_server(Events(memory), self._server)
        add_ImageServiceServicer_to_server(Images(memory, worker), self._server)
        self._port = self._server.add_insecure_port(self.target)
        await self._server.start()

    async def _stop_serving(self) -> None:
        if self._server is not None:
            await self._server.stop(grace=None)
