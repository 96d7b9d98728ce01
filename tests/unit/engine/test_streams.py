"""What runs beside the steps, with streams that tell what they were given, and stall on demand."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import aclosing, contextmanager
from functools import partial
from typing import Any

import pytest
import torch

from actors.engine.advancing import advance
from actors.engine.diffuser import Diffuser
from actors.engine.preview import LinearDecoder, Previews
from actors.engine.render import DeviceBroken, RenderRequest, Scheduler, StepEvent
from actors.engine.streams import Beside, CudaStreams, Mark, OneStream, Side, computed, streams_of
from tests.unit.engine.tiny import CHANNELS, WAIT_S, Asked, drawing
from tests.unit.tiny_sdxl import tiny_sdxl

# SDXL's own schedulers, in diffusers 0.42 with numpy 2.4.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


class Told:
    """Streams that keep what they were told, each by its thread's name.

    A mark is reached at once, unless its reader is in `held`: then once that is set.
    """

    overlap = True

    def __init__(self) -> None:
        self.told: list[str] = []
        self.held: dict[str, threading.Event] = {}
        self.broken: set[str] = set()

    def side(self) -> Side:
        return self

    @contextmanager
    def beside(self, *read: torch.Tensor, after: Mark = computed) -> Iterator[None]:
        if _thread() in self.broken:
            raise RuntimeError("CUDA error: an illegal memory access was encountered")
        after()
        self.told.append(f"{_thread()} begins, reads {len(read)}")
        try:
            yield
        finally:
            self.told.append(f"{_thread()} ends")

    def mark(self) -> Mark:
        return partial(self._wait, _thread())

    def _wait(self, giver: str) -> None:
        if held := self.held.get(_thread()):
            assert held.wait(WAIT_S)
        self.told.append(f"{_thread()} after {giver}")

    def settle(self) -> None:
        self.told.append(f"{_thread()} settles")


def _thread() -> str:
    return threading.current_thread().name.partition("_")[0]


@pytest.fixture(scope="module")
def pipeline() -> Any:
    torch.set_num_threads(1)
    return tiny_sdxl()


class Run:
    """A diffuser of a tiny model, what its streams were told, and its decodes."""

    def __init__(self, pipeline: Any) -> None:
        self.streams = Told()
        self.decodes = 0
        self.fails: list[Exception] = []
        decoder = LinearDecoder(torch.ones(CHANNELS + 1, 3 * 8 * 8), 8)
        self.diffuser = Diffuser(
            pipeline,
            model="sdxl",
            max_rows=8,
            streams=self.streams,
            previews=decoder,
            preview_interval_s=0.0,
        )
        self._callers = ThreadPoolExecutor(4)
        self._hook = pipeline.vae.decoder.register_forward_pre_hook(self._decode)

    def _decode(self, *_: Any) -> None:
        self.decodes += 1
        if self.fails:
            raise self.fails.pop(0)

    def render(self, steps: int, *, previews: bool = False) -> "tuple[Future[Any], Steps]":
        """Begins a picture; returns it, and its steps."""
        heard = Steps(steps)
        request = RenderRequest("a fox", "", 64, 64, steps, 5.0, 0.0, 7, previews=previews)
        return self._callers.submit(self.diffuser.render, request, on_step=heard), heard

    def close(self) -> None:
        for held in self.streams.held.values():
            held.set()
        self.diffuser.close()
        self._callers.shutdown()
        self._hook.remove()


class Steps:
    """The steps that a caller hears."""

    def __init__(self, steps: int) -> None:
        self.previews: list[bytes | None] = []
        self._steps = steps
        self._all = threading.Event()

    def __call__(self, event: StepEvent) -> None:
        self.previews.append(event.preview)
        if event.step == self._steps:
            self._all.set()

    def wait(self) -> None:
        """Waits for the last one."""
        assert self._all.wait(WAIT_S)


@pytest.fixture
def run(pipeline: Any) -> Iterator[Run]:
    made = Run(pipeline)
    yield made
    made.close()


def test_steps_go_on_while_a_decode_waits_for_the_device(run: Run) -> None:
    go = run.streams.held["decode"] = threading.Event()
    first, its_steps = run.render(2)
    its_steps.wait()
    second, more_steps = run.render(5)
    more_steps.wait()
    assert not first.done()
    assert run.decodes == 0
    go.set()
    assert first.result(WAIT_S).png
    assert second.result(WAIT_S).png


def test_each_thread_hands_over_what_is_computed_or_marked(run: Run) -> None:
    picture, _ = run.render(1)
    picture.result(WAIT_S)
    run.diffuser.close()
    # The thread that prepares ends, and hands the picture over, before the step is done or after.
    told = [one for one in run.streams.told if one != "prepare ends"]
    assert [one.replace("after prepare", "after steps") for one in told] == [
        "prepare begins, reads 0",
        "prepare settles",
        "steps settles",
        "decode after steps",
        "decode begins, reads 1",
        "decode ends",
    ]


def test_the_decode_of_a_cancelled_request_is_dropped(run: Run) -> None:
    go = run.streams.held["decode"] = threading.Event()

    async def cancel() -> None:
        request = RenderRequest("a fox", "", 64, 64, 2, 5.0, 0.0, 7)
        async with aclosing(run.diffuser.stream(request)) as events:
            async for event in events:
                assert isinstance(event, StepEvent)
                if event.step == 2:
                    break
            closing = asyncio.ensure_future(events.aclose())
            await asyncio.sleep(0)  # it has stopped its request, and waits for the thread
            assert not closing.done()
            go.set()
            await closing

    first, its_steps = run.render(1)
    its_steps.wait()
    asyncio.run(cancel())
    assert first.result(WAIT_S).png
    assert run.decodes == 1


def test_a_decode_without_memory_is_tried_again_and_then_fails_alone(run: Run) -> None:
    run.fails = [torch.OutOfMemoryError("CUDA out of memory")]
    assert run.render(1)[0].result(WAIT_S).png
    assert run.decodes == 2
    run.fails = [torch.OutOfMemoryError("CUDA out of memory") for _ in range(2)]
    bad, _ = run.render(1)
    with pytest.raises(torch.OutOfMemoryError):
        bad.result(WAIT_S)
    good, _ = run.render(1)
    assert good.result(WAIT_S).png


def test_a_decode_that_fails_fails_alone(run: Run) -> None:
    go = run.streams.held["decode"] = threading.Event()
    run.fails = [ValueError("no picture")]
    bad, its_steps = run.render(1)
    its_steps.wait()
    good, more_steps = run.render(2)
    more_steps.wait()
    go.set()
    with pytest.raises(ValueError, match="no picture"):
        bad.result(WAIT_S)
    assert good.result(WAIT_S).png
    run.diffuser.check()


@pytest.mark.parametrize("thread", ["prepare", "decode"])
def test_a_stream_of_a_broken_device_fails_its_render_and_the_replica(
    run: Run, thread: str
) -> None:
    run.streams.broken.add(thread)
    picture, _ = run.render(1)
    with pytest.raises(DeviceBroken, match="illegal memory access"):
        picture.result(WAIT_S)
    with pytest.raises(DeviceBroken):
        run.diffuser.check()


def test_steps_do_not_wait_for_a_preview(run: Run) -> None:
    go = run.streams.held["preview"] = threading.Event()
    picture, steps = run.render(4, previews=True)
    assert picture.result(WAIT_S).png
    assert steps.previews == [None] * 4
    go.set()


def test_a_preview_beside_the_steps_comes_with_the_next_step_after_it() -> None:
    made: list[Future[bytes | None]] = []

    def later(_: Any, __: torch.Tensor) -> "Future[bytes | None]":
        made.append(Future())
        return made[-1]

    decoder = LinearDecoder(torch.ones(CHANNELS + 1, 3 * 8 * 8), 8)
    previews = Previews(decoder, 0.0, make=later)
    it = drawing(Asked(1), torch.float32)
    assert previews.after_step(it) is None
    assert previews.after_step(it) is None
    assert len(made) == 1
    made[0].set_result(b"jpeg")
    assert previews.after_step(it) == b"jpeg"
    assert previews.after_step(it) is None
    assert len(made) == 2


def test_a_preview_that_waits_keeps_no_memory_of_other_drawings() -> None:
    shown: list[torch.Tensor] = []

    def later(_: Any, tensor: torch.Tensor) -> "Future[bytes | None]":
        shown.append(tensor)
        return Future()

    drawings = [drawing(Asked(seed, scheduler=Scheduler.EULER), torch.float32) for seed in (1, 2)]
    rows = [torch.zeros_like(one.latents).expand(2, -1, -1, -1) for one in drawings]
    assert not any(advance(drawings, rows))
    decoder = LinearDecoder(torch.ones(CHANNELS + 1, 3 * 8 * 8), 8)
    for one in drawings:
        Previews(decoder, 0.0, make=later).after_step(one)
    assert [each.untyped_storage().nbytes() == each.nbytes for each in shown] == [True, True]


def test_a_cpu_has_one_stream() -> None:
    streams = streams_of(torch.device("cpu"))
    assert isinstance(streams, OneStream)
    beside = Beside(streams, "decode")
    assert beside.submit(lambda: 7, torch.zeros(1)).result(WAIT_S) == 7
    beside.close()
    assert not streams.overlap


def test_a_gpu_settles_its_steps_while_another_stream_computes() -> None:
    if not torch.cuda.is_available():
        pytest.skip("this machine has no GPU")
    streams = CudaStreams(torch.device("cuda"))
    cuda: Any = torch.cuda
    began = threading.Event()
    ended: list[Any] = []

    def decode(latents: torch.Tensor) -> torch.Tensor:
        cuda._sleep(2**31)
        ended.append(cuda.current_stream().record_event())
        began.set()
        return latents + 1

    beside = Beside(streams, "decode")
    latents = torch.ones(1024, device="cuda")
    pictures = beside.submit(partial(decode, latents), latents)
    assert began.wait(WAIT_S)
    latents.clone()
    streams.settle()
    assert not ended[0].query()
    assert bool((pictures.result(WAIT_S) == 2).all())
    beside.close()
