"""LoRA adapters in memory: which are kept, loaded beside other requests, and let go."""

import asyncio
import gc
import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, aclosing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from actors.engine.diffuser import Diffuser
from actors.engine.lora import LoraSet
from actors.engine.lora_cache import Loras
from actors.engine.lora_files import LoraFile
from actors.engine.render import (
    EncoderChanged,
    LoraRefused,
    LoraReplaced,
    LorasBusy,
    LoraWeight,
    PlacedReference,
    RenderCancelled,
)
from server.errors import Unavailable
from tests.unit.engine.tiny import WAIT_S
from tests.unit.tiny_lora import MANY_BYTES, OLD, ONE, REQUEST, TWO, WARNINGS_OF_PEFT, save_lora

pytestmark = WARNINGS_OF_PEFT


def test_sets_in_use_are_never_let_go_and_others_in_their_order(
    pipeline: Any, shared: Path, loras: Loras
) -> None:
    first, second, third = ((LoraWeight("old.safetensors", weight),) for weight in (1.0, 2.0, 3.0))
    with loras.using(first) as made:
        assert made is not None
        room = made.bytes
    bounded = Loras(pipeline, shared, 2 * room)
    with bounded.using(first) as one:
        with bounded.using(second) as two:
            with pytest.raises(LorasBusy, match="other renders use"), bounded.using(third):
                pass
            with bounded.using(first) as again:
                assert again is one
        with bounded.using(third):
            assert bounded.bytes == 2 * room
    with bounded.using(first) as kept, bounded.using(second) as anew:
        assert kept is one
        assert anew is not two
    assert (bounded.bytes, bounded.in_use) == (2 * room, 0)


def test_what_is_larger_than_all_room_is_refused(pipeline: Any, shared: Path) -> None:
    size = (shared / "old.safetensors").stat().st_size
    for most, words in [(size - 1, f"has {size} bytes"), (size, "change takes")]:
        loras = Loras(pipeline, shared, most)
        with pytest.raises(LoraRefused, match=words), loras.using([LoraWeight("old.safetensors")]):
            pass


def test_a_file_that_changed_is_loaded_anew(pipeline: Any, tmp_path: Path) -> None:
    file = save_lora(tmp_path / "one.safetensors", pipeline, OLD, seed=1)
    wanted = [LoraWeight(file.name)]
    loras = Loras(pipeline, tmp_path, MANY_BYTES)
    with loras.using(wanted) as before:
        os.utime(file, ns=(0, 0))
        with loras.using(wanted) as touched:
            assert touched is before  # its bytes are the same
        save_lora(file, pipeline, OLD, seed=2)
        with loras.using(wanted) as changed:
            assert before is not None
            assert changed is not None
            assert changed.key != before.key
            layer = next(iter(before.weights))
            assert not torch.equal(before.weights[layer], changed.weights[layer])


def test_a_file_of_the_same_time_and_size_is_another(pipeline: Any, tmp_path: Path) -> None:
    file = save_lora(tmp_path / "one.safetensors", pipeline, OLD, seed=1)
    written = file.stat()
    other = save_lora(tmp_path / "two.safetensors", pipeline, OLD, seed=2).read_bytes()
    loras = Loras(pipeline, tmp_path, MANY_BYTES)
    with loras.using([LoraWeight(file.name)]) as before:
        file.write_bytes(other)  # as `cp -p` and `rsync --inplace -t` do
        os.utime(file, ns=(written.st_atime_ns, written.st_mtime_ns))
        assert (file.stat().st_ino, file.stat().st_size) == (written.st_ino, written.st_size)
        with loras.using([LoraWeight(file.name)]) as after:
            assert before is not None
            assert after is not None
            assert after.key != before.key


def test_a_file_that_is_replaced_while_it_is_read_is_tried_again(shared: Path) -> None:
    with pytest.raises(LoraReplaced, match=r"kohya\.safetensors was replaced") as raised:
        LoraFile(shared / "kohya.safetensors", {}).read("0" * 64)
    assert isinstance(raised.value, Unavailable)


def _sets() -> int:
    gc.collect()
    return sum(type(each) is LoraSet for each in gc.get_objects())


async def test_listeners_that_are_slow_keep_no_adapters_in_memory(
    pipeline: Any, shared: Path, loras: Loras
) -> None:
    with loras.using((LoraWeight("old.safetensors"),)) as made:
        assert made is not None
        room = made.bytes
    before = _sets()
    small = Loras(pipeline, shared, room)  # one set at a time
    diffuser = Diffuser(pipeline, model="sdxl", loras=small, max_rows=16)
    request = replace(REQUEST, steps=1)
    async with AsyncExitStack() as slow:
        for weight in (1.0, 2.0, 3.0):
            adapted = replace(request, loras=(LoraWeight("old.safetensors", weight),))
            events = await slow.enter_async_context(aclosing(diffuser.stream(adapted)))
            await anext(events)  # and no more than its first step
            await asyncio.to_thread(diffuser.render, request)
        assert _sets() <= before + 1
    diffuser.close()


class Slow(Loras):
    """Adapters on a disk that stands still until `go` is set."""

    def __init__(self, pipeline: Any, folder: Path) -> None:
        super().__init__(pipeline, folder, MANY_BYTES)
        self.began, self.go = threading.Event(), threading.Event()

    @contextmanager
    def using(self, wanted: Sequence[LoraWeight]) -> Iterator[LoraSet | None]:
        self.began.set()
        assert self.go.wait(WAIT_S)
        with super().using(wanted) as found:
            yield found


def test_requests_do_not_wait_for_a_file_that_another_one_loads(
    pipeline: Any, shared: Path
) -> None:
    slow = Slow(pipeline, shared)
    diffuser = Diffuser(pipeline, model="sdxl", loras=slow, max_rows=16)
    slow.go.set()
    kept = replace(REQUEST, loras=ONE)
    expected = [diffuser.render(one).png for one in (REQUEST, kept)]
    for event in (slow.began, slow.go):
        event.clear()
    with ThreadPoolExecutor(4) as callers:
        waiting = [callers.submit(diffuser.render, replace(REQUEST, loras=TWO)) for _ in range(2)]
        assert slow.began.wait(WAIT_S)
        others = [callers.submit(diffuser.render, one) for one in (REQUEST, kept)]
        try:
            found = [each.result(WAIT_S).png for each in others]
            assert not any(each.done() for each in waiting)
        finally:
            slow.go.set()
        first, second = (each.result(WAIT_S).png for each in waiting)
    diffuser.close()
    assert found == expected
    assert first == second not in expected
    assert slow.in_use == 0


def test_a_diffuser_that_closes_ends_requests_whose_files_are_loaded(
    pipeline: Any, shared: Path
) -> None:
    slow = Slow(pipeline, shared)
    diffuser = Diffuser(pipeline, model="sdxl", loras=slow, max_rows=16)
    with ThreadPoolExecutor(2) as callers:
        waiting = callers.submit(diffuser.render, replace(REQUEST, loras=TWO))
        assert slow.began.wait(WAIT_S)
        closing = callers.submit(diffuser.close)
        slow.go.set()
        closing.result(WAIT_S)
        assert isinstance(waiting.exception(WAIT_S), RenderCancelled | None)
    assert slow.in_use == 0
    with pytest.raises(RenderCancelled, match="closing"):
        diffuser.render(REQUEST)


def test_a_request_that_fails_after_its_file_is_loaded_gives_it_back(
    diffuser: Diffuser, loras: Loras
) -> None:
    with pytest.raises(EncoderChanged):
        diffuser.render(replace(REQUEST, loras=ONE, references=(PlacedReference(b""),)))
    assert loras.in_use == 0
    assert loras.bytes > 0


async def test_a_render_that_is_stopped_gives_its_adapters_back(
    diffuser: Diffuser, loras: Loras
) -> None:
    request = replace(REQUEST, steps=1000, loras=ONE)
    async with aclosing(diffuser.stream(request)) as events:
        await anext(events)
        assert loras.in_use == 1
    assert loras.in_use == 0
