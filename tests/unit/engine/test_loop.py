"""The step loop with a model that only counts: who runs, who waits, and who fails."""

import gc
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
import torch

from actors.engine.drawing import Drawing, Row
from actors.engine.loop import Entry, StepLoop
from actors.engine.render import DeviceBroken, RenderCancelled, Scheduler
from tests.unit.engine.tiny import WAIT_S, Asked, drawing


class Counted:
    """Predicts noise of zeros, and keeps the seeds of each batch; `fails` may raise instead."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.forgotten = 0
        self.fails: Callable[[Sequence[Drawing]], None] = lambda _: None
        self.seeds: dict[int, int] = {}

    def predict(self, drawings: Sequence[Drawing]) -> list[torch.Tensor]:
        self.fails(drawings)
        self.batches.append([self.seeds[id(each)] for each in drawings])
        return [
            torch.zeros_like(each.latents).expand(len(each.rows), -1, -1, -1) for each in drawings
        ]

    def forget(self) -> None:
        self.forgotten += 1


class Still:
    """A scheduler whose steps change nothing."""

    def scale_model_input(self, latents: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
        return latents

    def step(self, _: torch.Tensor, __: Any, latents: torch.Tensor, **___: Any) -> tuple[Any, ...]:
        return (latents,)


_NOTHING = torch.zeros(0)
_ROW = Row(_NOTHING, _NOTHING, _NOTHING)


class Run:
    """A loop whose drawings all join before its first step."""

    def __init__(self, max_rows: int) -> None:
        self.model = Counted()
        self.loop = StepLoop(self.model, max_rows=max_rows)
        self._kept: list[Drawing] = []

    def add(
        self,
        *asked: Asked,
        on_step: Callable[[Drawing], None] = lambda _: None,
        ready: Callable[[list[Entry]], object] = lambda _: None,
    ) -> list[Entry]:
        """Adds drawings while the loop stands still; `ready` gets them before it goes on."""
        held, go = threading.Event(), threading.Event()

        def hold(_: Drawing) -> None:
            held.set()
            assert go.wait(WAIT_S)

        gate = self.make(Asked(-1, steps=1, guidance=1.0, side=4))
        waiting = self.loop.add(gate, hold)
        assert held.wait(WAIT_S)
        entries = [self.loop.add(self.make(one), on_step) for one in asked]
        ready(entries)
        go.set()
        waiting.drawn.result(WAIT_S)
        return entries

    def make(self, asked: Asked) -> Drawing:
        """Returns a drawing whose seed is in the batches."""
        made = (
            drawing(asked, torch.float32)
            if asked.seed >= 0
            else drawing(
                Asked(10**6, steps=asked.steps, guidance=asked.guidance, side=asked.side),
                torch.float32,
            )
        )
        self._kept.append(made)  # so that no id is used twice
        self.model.seeds[id(made)] = asked.seed
        return made

    def plain(self, steps: int) -> Drawing:
        """Returns a drawing of one row whose scheduler changes nothing."""
        made = Drawing(torch.zeros(1, 1, 1, 1), Still(), torch.arange(steps), (_ROW,))
        self._kept.append(made)
        self.model.seeds[id(made)] = 0
        return made

    @property
    def batches(self) -> list[list[int]]:
        """The seeds of each batch, without the gate's."""
        return [batch for batch in self.model.batches if batch != [-1]]


@pytest.fixture
def run() -> Iterator[Callable[[int], Run]]:
    made: list[Run] = []

    def make(max_rows: int = 16) -> Run:
        made.append(Run(max_rows))
        return made[-1]

    yield make
    for each in made:
        each.loop.close()


def test_as_many_rows_run_as_there_is_room_for_and_the_oldest_go_first(run: Any) -> None:
    one = run(4)
    for entry in one.add(Asked(1, steps=2), Asked(2, steps=3), Asked(3, steps=1)):
        entry.drawn.result(WAIT_S)
    assert one.batches == [[1, 2], [1, 2], [2, 3]]


def test_a_drawing_with_more_rows_than_there_is_room_for_runs_by_itself(run: Any) -> None:
    one = run(1)
    for entry in one.add(Asked(1, steps=1), Asked(2, steps=1)):
        entry.drawn.result(WAIT_S)
    assert one.batches == [[1], [2]]


def test_groups_take_turns_of_a_few_steps_and_the_oldest_begins(run: Any) -> None:
    one = run()
    small, large = Asked(1, steps=20), Asked(2, steps=10, side=16)
    for entry in one.add(large, small):
        entry.drawn.result(WAIT_S)
    assert one.batches == [[2]] * 8 + [[1]] * 8 + [[2]] * 2 + [[1]] * 12


def test_three_groups_are_served_in_the_order_in_which_they_waited(run: Any) -> None:
    one = run()
    for entry in one.add(*(Asked(side, steps=16, side=side) for side in (8, 16, 24))):
        entry.drawn.result(WAIT_S)
    assert [batch[0] for batch in one.batches[::8]] == [8, 16, 24, 8, 16, 24]


def test_no_stream_of_small_pictures_keeps_a_group_from_its_turn(run: Any) -> None:
    one = run()
    sizes = iter([12, 16] * 200)

    def another(_: Drawing) -> None:
        # Whenever one ends, another of another size begins: there is always one that is new.
        if len(one.batches) < 200 and one.loop.drawings < 3:
            side = next(sizes)
            one.loop.add(one.make(Asked(side, steps=4, side=side)), another)

    [entry] = one.add(Asked(1, steps=30), on_step=another)
    entry.drawn.result(WAIT_S)
    assert len(one.batches) < 150


def test_a_stopped_drawing_frees_its_rows_before_the_next_step(run: Any) -> None:
    one = run(2)
    entries: list[Entry] = []

    def stop(it: Drawing) -> None:
        if it.step == 2:
            entries[0].stop()

    one.add(Asked(1, steps=5), Asked(2, steps=1), on_step=stop, ready=entries.extend)
    with pytest.raises(RenderCancelled, match="after step 2 of 5"):
        entries[0].drawn.result(WAIT_S)
    entries[1].drawn.result(WAIT_S)
    assert one.batches == [[1], [1], [2]]


def test_a_listener_that_raises_ends_its_own_drawing_alone(run: Any) -> None:
    one = run()

    def fail(it: Drawing) -> None:
        if it.steps == 4 and it.step == 2:
            raise ValueError("enough")

    first, second = one.add(Asked(1, steps=4), Asked(2, steps=3), on_step=fail)
    with pytest.raises(ValueError, match="enough"):
        first.drawn.result(WAIT_S)
    assert second.drawn.result(WAIT_S) is not None
    assert one.batches == [[1, 2], [1, 2], [2]]


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        torch.AcceleratorError("CUDA error: out of memory"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"),
    ],
    ids=["torch", "CUDA", "cuBLAS", "CPU"],
)
def test_where_memory_runs_out_the_batch_is_halved_and_goes_on(run: Any, error: Exception) -> None:
    one = run()

    def tight(drawings: Sequence[Drawing]) -> None:
        if len(drawings) > 2:
            raise error

    one.model.fails = tight
    for entry in one.add(*(Asked(seed, steps=2) for seed in range(4))):
        entry.drawn.result(WAIT_S)
    # The next step is no larger than what fitted.
    assert one.batches == [[0, 1], [2, 3], [0, 1], [2, 3]]


def test_a_batch_that_was_halved_grows_again(run: Any) -> None:
    one = run()
    failed: list[int] = []

    def tight(drawings: Sequence[Drawing]) -> None:
        if len(drawings) > 1 and not failed:
            failed.append(len(drawings))
            raise torch.OutOfMemoryError("CUDA out of memory")

    one.model.fails = tight
    for entry in one.add(Asked(1, steps=300), Asked(2, steps=300)):
        entry.drawn.result(WAIT_S)
    assert [1] in one.batches[:10]
    assert [1, 2] in one.batches


def test_a_drawing_that_memory_does_not_hold_fails_alone_and_leaves_room_to_others(
    run: Any,
) -> None:
    one = run()

    def tight(drawings: Sequence[Drawing]) -> None:
        if any(it.latents.shape[-1] == 16 for it in drawings):
            raise torch.OutOfMemoryError("CUDA out of memory")

    one.model.fails = tight
    large, *small = one.add(Asked(1, side=16), *(Asked(seed) for seed in (2, 3, 4, 5)))
    with pytest.raises(torch.OutOfMemoryError):
        large.drawn.result(WAIT_S)
    for entry in small:
        entry.drawn.result(WAIT_S)
    assert one.batches == [[2, 3, 4, 5]] * 3


def test_a_forward_that_failed_keeps_no_tensors(run: Any) -> None:
    one = run()
    failed: list[weakref.ref[torch.Tensor]] = []
    alive: list[bool] = []

    def tight(drawings: Sequence[Drawing]) -> None:
        alive.append(any(each() is not None for each in failed))
        if len(drawings) > 1:
            activations = torch.zeros(8)
            failed.append(weakref.ref(activations))
            raise torch.OutOfMemoryError("CUDA out of memory")

    one.model.fails = tight
    for entry in one.add(*(Asked(seed, steps=1) for seed in range(4))):
        entry.drawn.result(WAIT_S)
    assert failed
    assert not any(alive)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("scheduler", [Scheduler.EULER, Scheduler.DPM_KARRAS, Scheduler.DDIM])
def test_latents_that_leave_keep_no_memory_of_those_beside_them(
    run: Any, scheduler: Scheduler
) -> None:
    one = run()
    asked = [Asked(seed, steps=2, scheduler=scheduler) for seed in range(4)]
    for entry in one.add(*asked):
        latents = entry.drawn.result(WAIT_S)
        assert latents.untyped_storage().nbytes() == latents.nbytes
    assert one.batches == [[0, 1, 2, 3]] * 2


def test_a_loop_that_waits_keeps_no_drawing(run: Any) -> None:
    one = run()
    made = drawing(Asked(1, steps=1), torch.float32)
    one.model.seeds[id(made)] = 1
    kept = weakref.ref(made.scheduler)
    one.loop.add(made, lambda _: None).drawn.result(WAIT_S)
    while one.model.forgotten < 2:  # at the start, and once it waits again
        time.sleep(0.01)
    del made
    gc.collect()
    assert kept() is None


def test_what_begins_with_an_error_fails_alone(run: Any) -> None:
    one = run()

    def begin() -> None:
        raise ValueError("no trace")

    bad = one.loop.add(one.make(Asked(1)), lambda _: None, begin)
    with pytest.raises(ValueError, match="no trace"):
        bad.drawn.result(WAIT_S)
    [good] = one.add(Asked(2))
    assert good.drawn.result(WAIT_S) is not None


def test_a_fault_that_another_thread_meets_ends_the_loop(run: Any) -> None:
    one = run()
    entry = one.loop.add(one.plain(10_000_000), lambda _: None)
    one.loop.fail(RuntimeError("CUDA error: unspecified launch failure"))
    with pytest.raises(DeviceBroken, match="launch failure"):
        entry.drawn.result(WAIT_S)
    with pytest.raises(DeviceBroken):
        one.loop.check()


def test_a_drawing_leaves_once_the_device_has_computed_it() -> None:
    order: list[str] = []
    model = Counted()
    loop = StepLoop(model, max_rows=4, settle=lambda: order.append("settled"))
    made = Drawing(torch.zeros(1, 1, 1, 1), Still(), torch.arange(2), (_ROW,))
    model.seeds[id(made)] = 0
    entry = loop.add(made, lambda it: order.append(f"step {it.step}"))
    entry.drawn.add_done_callback(lambda _: order.append("left"))
    entry.drawn.result(WAIT_S)
    loop.close()
    assert order == ["step 1", "step 2", "settled", "left"]


def test_a_device_that_breaks_as_a_drawing_leaves_fails_it_with_all_others() -> None:
    def broken() -> None:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    model = Counted()
    loop = StepLoop(model, max_rows=4, settle=broken)
    made = Drawing(torch.zeros(1, 1, 1, 1), Still(), torch.arange(10_000_000), (_ROW,))
    model.seeds[id(made)] = 0
    entry = loop.add(made, lambda _: None)
    entry.stop()
    with pytest.raises(DeviceBroken, match="illegal memory access"):
        entry.drawn.result(WAIT_S)
    loop.close()


def test_a_drawing_that_the_model_fails_for_fails_alone(run: Any) -> None:
    one = run()
    poison = Asked(3, steps=7)

    def poisoned(drawings: Sequence[Drawing]) -> None:
        if any(it.steps == poison.steps for it in drawings):
            raise ValueError("poison")

    one.model.fails = poisoned
    good, bad, other = one.add(Asked(1), poison, Asked(2))
    with pytest.raises(ValueError, match="poison"):
        bad.drawn.result(WAIT_S)
    assert good.drawn.result(WAIT_S) is not None
    assert other.drawn.result(WAIT_S) is not None


def test_a_broken_device_ends_the_loop_and_all_that_is_in_it(run: Any) -> None:
    one = run()

    def broken(_: Sequence[Drawing]) -> None:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    one.loop.check()

    def break_it(_: list[Entry]) -> None:
        one.model.fails = broken

    waiting = one.add(Asked(1), Asked(2), ready=break_it)
    for entry in waiting:
        with pytest.raises(DeviceBroken, match="illegal memory access"):
            entry.drawn.result(WAIT_S)
    with pytest.raises(DeviceBroken):
        one.loop.check()
    with pytest.raises(DeviceBroken):
        one.loop.add(drawing(Asked(3), torch.float32), lambda _: None)


def test_a_closed_loop_stops_what_runs(run: Any) -> None:
    one = run()
    entry = one.loop.add(one.plain(10_000_000), lambda _: None)
    one.loop.close()
    with pytest.raises(RenderCancelled):
        entry.drawn.result(WAIT_S)
    with pytest.raises(RenderCancelled, match="closing"):
        one.loop.add(one.plain(1), lambda _: None)
