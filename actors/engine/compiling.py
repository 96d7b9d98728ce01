"""Compiled blocks: the transformer blocks of a UNet by `torch.compile`, each kind of forward once.

The blocks are most of a UNet's time and are all of one class, so that they are compiled once and
not 70 times. Rows and places are symbols in what is compiled: one version draws every size, and
every number of rows but one. What makes another version is told by `kinds`.
"""

import logging
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Literal, TypeVar

import torch

from actors.engine.attention import RowReference
from actors.engine.drawing import Drawing, Row
from actors.engine.faults import is_fault
from actors.engine.memory import is_out_of_memory

_VERSIONS = 64
"""The most versions of a block; torch stops at 8 unless it is told. `kinds` has about ten."""
_Stance = Literal["default", "eager_on_recompile", "force_eager"]
_COMPILES: _Stance = "default"
_READY: _Stance = "eager_on_recompile"
_EAGER: _Stance = "force_eager"
"""What torch does at a forward that it has no version for, by its names."""
_T = TypeVar("_T")
_log = logging.getLogger(__name__)


class CompiledBlocks:
    """The compiled blocks of a UNet, which draws without them for good once they fail.

    They are compiled as they first run, until `ready`: from then on a forward of a kind that has
    no version yet runs as it is written, and no request waits for the compiler.
    """

    def __init__(self, unet: Any, backend: Any = "inductor") -> None:
        """Takes a UNet that has all its layers, on its device."""
        self._stance: _Stance = _COMPILES
        unet.compile_repeated_blocks(
            backend=backend, fullgraph=True, dynamic=True, recompile_limit=_VERSIONS
        )

    @property
    def is_used(self) -> bool:
        """Whether they have not failed."""
        return self._stance != _EAGER

    def ready(self) -> None:
        """Compiles nothing more."""
        if self.is_used:
            self._stance = _READY

    def run(self, forward: Callable[[], _T]) -> _T:
        """Runs a forward of the UNet.

        One that fails compiled and not otherwise was failed by the compiler, unless memory ran
        out: then there is too much in the forward, which is the loop's to halve.
        """
        try:
            return _run(forward, self._stance)
        except Exception as error:
            if is_out_of_memory(error) or is_fault(error) or not self.is_used:
                raise
            failed = error
        # Tensors of its frames take the memory of the next.
        traceback.clear_frames(failed.__traceback__)
        found = _run(forward, _EAGER)
        self._stance = _EAGER
        told = f"{type(failed).__name__}: {failed}".partition("\n")[0]
        _log.warning("compiled blocks fail, draws without", extra={"error": told})
        return found


def _run(forward: Callable[[], _T], stance: _Stance) -> _T:
    with torch.compiler.set_stance(stance):
        return forward()


def kinds(drawing: Drawing, tokens: torch.Tensor | None, rows: int) -> Iterator[list[Drawing]]:
    """Yields batches of every kind of forward that blocks have a version for, by one drawing.

    torch makes other versions for one row than for more, for one pair of a row and a reference
    than for more, and for prompts of one length and of several. `tokens` are what an adapter makes
    of a reference; None without an adapter. The largest has `rows`, in case a version is for some
    numbers of them alone.
    """
    row = drawing.rows[-1]
    longer = replace(row, prompt=torch.cat([row.prompt, row.prompt]))
    one, long = _of(drawing, row), _of(drawing, longer)
    yield from ([one] * 2**power for power in range(max(rows - 1, 1).bit_length()))
    yield [one] * rows
    yield [one, long]
    if tokens is None:
        return
    reference = RowReference(tokens, 1.0)
    for count in (1, 2):
        shown = _of(drawing, replace(row, references=(reference,) * count))
        yield from ([shown], [shown, one], [shown, long])


def _of(drawing: Drawing, row: Row) -> Drawing:
    """Returns a drawing of one row at the place of another."""
    condition = None if drawing.condition is None else drawing.condition[-1:]
    return replace(drawing, rows=(row,), guidance=None, condition=condition)
