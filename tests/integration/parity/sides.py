"""The two sides: each answers calls, and ends jobs as a test says."""

import hashlib
from collections.abc import Callable, Iterator
from typing import Any, Protocol
from uuid import UUID

import grpc.aio
from google.protobuf.message_factory import GetMessageClass

from actors.finishing.forms import print_size, thumbnail_size
from imggen.rules.prints import print_note
from imggen.status import error_of
from imggen.testing import FakeService
from imggen.v1.job_pb2 import Job
from server.domain.characters import FrozenCharacter
from server.domain.finishing import FinishingStep, StepDone
from server.domain.ids import CharacterId
from server.domain.images import NewAsset
from server.domain.jobs import Claim, Outcome, Progress
from server.domain.models import Size
from server.domain.references import Reference, ReferenceUse, UsedReference
from server.domain.scenes import Scene, overridden
from server.domain.spec import RenderSpec
from server.domain.states import AssetKind, ImageType, Stage
from server.domain.timings import StepTime, TimedStep
from server.replies.messages import unsure
from server.storage.keys import object_key
from server.store.signals import CHANGED
from tests.contract import methods, path_of
from tests.integration.gateway_fixture import GatewayFixture
from tests.integration.page_reader import UNSURE
from tests.integration.parity.normal import Normal


class Side(Protocol):
    """One of the two services, with what was seen of it."""

    channel: grpc.aio.Channel
    metadata: Any

    async def finish(self, job: Job) -> None:
        """Completes a job."""

    async def fail(self, job: Job) -> None:
        """Fails a job permanently."""

    async def start(self, job: Job) -> None:
        """Makes a worker take a job, which it does not end."""


class Seen:
    """The calls of a script and their answers, in a form in which both sides are equal."""

    def __init__(self, side: Side) -> None:
        self.side = side
        self.answers: list[tuple[str, Any]] = []
        self._normal = Normal()

    async def call(self, method: str, request: Any = None, *, label: str = "") -> Any:
        """Calls a method, notes its answer or its error, and returns the answer or None."""
        name = f"{len(self.answers)} {method} {self._normal.text(label)}".rstrip()
        try:
            answer = await self.ask(method, request)
        except grpc.aio.AioRpcError as raised:
            error = error_of(raised, method=method, target="", timeout=None)
            self.answers.append((name, self._normal.error(error)))
            return None
        self.answers.append((name, self._normal.answer(answer)))
        return answer

    def note(self, what: str, value: object) -> None:
        """Notes something else that both sides must have in common."""
        self.answers.append((what, value))

    async def follow(self, method: str, request: Any, *, until: Callable[[Any], bool]) -> list[Any]:
        """Reads a stream until one of its messages, and returns them without a note."""
        call = self._started(method, request)
        read = [await call.read()]
        while not until(read[-1]):
            read.append(await call.read())
        call.cancel()
        return read

    def shown(self, message: Any) -> Any:
        """Returns a message in the form in which both sides are equal."""
        return self._normal.answer(message)

    async def ask(self, method: str, request: Any) -> Any:
        """Calls a method without a note; returns its answer, the first one of a stream."""
        call = self._started(method, request)
        if not methods()[method].server_streaming:
            return await call
        first = await call.read()
        if first is grpc.aio.EOF:  # raises what the call ended with
            await call.code()
            raise AssertionError(f"{method} ended without an answer")
        call.cancel()
        return first

    def _started(self, method: str, request: Any) -> Any:
        descriptor = methods()[method]
        answer = GetMessageClass(descriptor.output_type)
        channel: Any = self.side.channel
        kind = channel.unary_stream if descriptor.server_streaming else channel.unary_unary
        return kind(
            path_of(descriptor),
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=answer.FromString,
        )(request or GetMessageClass(descriptor.input_type)(), metadata=self.side.metadata)


class RealSide:
    """The gateway, and a worker whose steps the test makes."""

    def __init__(self, gateway: GatewayFixture) -> None:
        self.channel = gateway.channel()
        self.metadata = gateway.caller("mia", channel=self.channel).metadata
        self._gateway = gateway
        self._held: dict[str, Claim] = {}

    async def finish(self, job: Job) -> None:
        """Stores assets of the sizes that a worker makes, and completes the job."""
        claim = await self._claim(job)
        await self._read(claim)
        made = [await self._store(claim, kind) for kind in AssetKind]
        stages = dict.fromkeys(Stage, 10)
        outcome = Outcome(
            "a prompt",
            "blurry",
            tuple(made),
            stages,
            0,
            references=await self._used(claim),
            post_processing=tuple(_steps(claim.spec)),
            step_times=tuple(_times(claim.spec)),
            quality=5.0,
        )
        assert await self._gateway.store.leases.complete(claim, outcome)
        self._gateway.signals.say(CHANGED, job.job_id)

    async def _read(self, claim: Claim) -> None:
        """Keeps the scene of a page, of which something is unsure, as a worker keeps it."""
        spec = claim.spec
        if claim.upscale is not None or spec.image_type is ImageType.PORTRAIT:
            return
        scene = Scene(unsure=UNSURE)
        if spec.fixed is not None:
            scene = overridden(scene, spec.fixed, [CharacterId(one.id) for one in spec.cast])
        await self._gateway.store.scenes.keep(claim, scene)

    async def _used(self, claim: Claim) -> tuple[UsedReference, ...]:
        """Returns what becomes of the references of a job, as a worker reports it."""
        spec = claim.spec
        if not spec.use_references:
            return ()
        ids = [CharacterId(one.id) for one in spec.characters]
        found = await self._gateway.store.references.find(ids, spec.style.id, "encoder")
        return tuple(_use(one, found.get(CharacterId(one.id))) for one in spec.characters)

    async def fail(self, job: Job) -> None:
        """Fails the job."""
        await self._gateway.fail(await self._claim(job))

    async def start(self, job: Job) -> None:
        """Claims the job and reports a step of it."""
        claim = await self._claim(job)
        self._held[job.job_id] = claim
        assert await self._gateway.store.leases.report(
            claim, Progress(1, Stage.RENDERING, 5, 20, 0.25)
        )
        self._gateway.signals.say(CHANGED, job.job_id)

    async def _claim(self, job: Job) -> Claim:
        if job.job_id in self._held:
            return self._held.pop(job.job_id)
        await self._postpone("now() + interval '1 day'", but=job)
        claim = await self._gateway.claim()
        await self._postpone("now()", but=job)
        assert str(claim.job_id) == job.job_id
        store = self._gateway.store
        found = await store.routes.of_job(claim.user_id, claim.job_id)
        assert found is not None
        assert await store.leases.chosen(claim, found.admitted)  # as a worker would choose
        return claim

    async def _postpone(self, until: str, *, but: Job) -> None:
        await self._gateway.store.database.execute(
            f"UPDATE image_generation_jobs SET run_after = {until}"
            " WHERE status = 'queued' AND id <> $1",
            UUID(but.job_id),
        )

    async def _store(self, claim: Claim, kind: AssetKind) -> NewAsset:
        spec = claim.spec
        display = Size(spec.width, spec.height)
        size = {
            AssetKind.ORIGINAL: Size(256, 256),
            AssetKind.DISPLAY: display,
            AssetKind.PRINT: print_size(spec.image_type, display),
            AssetKind.THUMBNAIL: thumbnail_size(display),
        }[kind]
        content_type = "image/png" if kind is AssetKind.ORIGINAL else "image/jpeg"
        data = f"{kind} of {claim.job_id}".encode()
        key = object_key(claim.user_id, claim.job_id, claim.attempt, data, content_type)
        await self._gateway.storage.put(key, data, content_type)
        digest = hashlib.sha256(data).hexdigest()
        return NewAsset(kind, key, content_type, digest, len(data), size.width, size.height)


def _steps(spec: RenderSpec) -> Iterator[StepDone]:
    """Yields the steps of a picture in which none of them has anything to do."""
    wanted = spec.post_processing
    for step in FinishingStep:
        if getattr(wanted, step.value, False):
            yield StepDone(step, changed=False, said="", ms=10)
    if wanted.trim:
        size = print_size(spec.image_type, Size(spec.width, spec.height))
        note = print_note((size.width, size.height), wanted.trim)
        yield StepDone(FinishingStep.PRINT_CHECK, changed=False, said=note, ms=0)


def _times(spec: RenderSpec) -> Iterator[StepTime]:
    """Yields what a worker measures of a picture that no model enlarges, and no classifier sees."""
    wanted = spec.post_processing
    for step in TimedStep:
        if step in (TimedStep.UPSCALING, TimedStep.PICTURE_CHECK):
            continue
        if step.value not in set(FinishingStep) or getattr(wanted, step.value):
            yield StepTime(step, 1)


def _use(character: FrozenCharacter, reference: Reference | None) -> UsedReference:
    id_ = CharacterId(character.id)
    if reference is None:
        return UsedReference(id_, ReferenceUse.MISSING)
    if reference.description_version != character.version:
        return UsedReference(id_, ReferenceUse.STALE, reference.image_id)
    return UsedReference(id_, ReferenceUse.DRAWN, reference.image_id, 1.0)


class FakeSide:
    """The fake service, whose jobs are held."""

    def __init__(self, fake: FakeService) -> None:
        self.channel = grpc.aio.insecure_channel(fake.target)
        self.metadata: Any = ()
        self._fake = fake
        fake.hold()
        fake.doubt(*unsure(UNSURE, ()))

    async def finish(self, job: Job) -> None:
        """Completes the job."""
        self._fake.finish(job)

    async def fail(self, job: Job) -> None:
        """Fails the job as the other side does."""
        self._fake.fail(job, message="the model failed")

    async def start(self, job: Job) -> None:
        """Shows a step of the job."""
        self._fake.show(job, step=5, steps=20, fraction=0.25)
