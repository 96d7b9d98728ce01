"""Records: a drawing between two steps as bytes, from which another process goes on."""

import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from time import monotonic
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from actors.engine.drawing import Drawing
from actors.engine.render import NO_PACE, RecordPace, RenderRequest
from actors.engine.scheduler_state import NotPlain, pack, remembered, unpack

_FORMAT = "1"
_LENGTH_BYTES = 8
_LATENTS, _GENERATOR, _STATE = "latents", "generator", "state."
# Schedulers remember some predictions, each as large as the latents.
_MOST_LATENTS, _MOST_BESIDE = 16, 256 * 1024
_BESIDES = {"previews", "id", "trace", "record", "records"}
"""The fields of a request that do not decide its picture."""
_log = logging.getLogger(__name__)


class RecordUnfit(ValueError):
    """Raised for a record that a drawing cannot go on from, and says why."""


class Recorder:
    """Takes the records of one render, and lets it go on from the one in its request."""

    def __init__(
        self, request: RenderRequest, model: str, clock: Callable[[], float] = monotonic
    ) -> None:
        """Takes the checksum of the model, which `checksum_of` returns."""
        self._request = request
        self._model = model
        self._clock = clock
        # A worker of the version before sends a request without them.
        self._pace: RecordPace = getattr(request, "records", NO_PACE)
        self._record: bytes = getattr(request, "record", b"")
        self._began: float | None = None
        self._before: Mapping[str, Any] = {}
        self._of = ""

    def begin(self, drawing: Drawing) -> None:
        """Notes a drawing that has done no step, or moves it to the step of its record.

        A record that does not fit is ignored, with a line in the log.
        """
        if not self._pace.every and not self._record:
            return
        self._before = remembered(drawing.scheduler)
        self._of = _checksum(self._model, self._request, drawing)
        if not self._record:
            return
        try:
            _read(self._record, self._of, drawing).move(drawing)
        except RecordUnfit as unfit:
            fields = {"render": self._request.id, "bytes": len(self._record), "error": str(unfit)}
            _log.warning("record ignored", extra=fields)
        else:
            fields = {"render": self._request.id, "step": drawing.step, "steps": drawing.steps}
            _log.info("goes on from a record", extra=fields)
        self._record = b""

    def after_step(self, drawing: Drawing) -> bytes | None:
        """Returns a record if one is due after this step; call it after each.

        There is none of a drawing that is done, or that holds what no record can.
        """
        if not self._pace.every:
            return None
        now = self._clock()
        self._began = now if self._began is None else self._began
        if drawing.is_done or drawing.step % self._pace.every:
            return None
        if now - self._began < self._pace.after_s:
            return None
        return self._taken(drawing)

    def _taken(self, drawing: Drawing) -> bytes | None:
        if not drawing.latents.isfinite().all():
            return None
        try:
            changed, state = pack(drawing.scheduler, self._before, drawing.latents.device)
        except NotPlain as error:
            kind = type(drawing.scheduler).__name__
            _log.warning("no records", extra={"scheduler": kind, "error": str(error)})
            self._pace = NO_PACE
            return None
        tensors = {_LATENTS: drawing.latents}
        tensors |= {f"{_STATE}{number}": tensor for number, tensor in enumerate(state)}
        if drawing.generator is not None:
            tensors[_GENERATOR] = drawing.generator.get_state()
        # Tensors of one storage are refused by safetensors.
        copies = {name: tensor.detach().to("cpu", copy=True) for name, tensor in tensors.items()}
        return save(
            {name: tensor.contiguous() for name, tensor in copies.items()},
            {
                "format": _FORMAT,
                "of": self._of,
                "step": str(drawing.step),
                "scheduler": json.dumps(changed),
            },
        )


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a drawing goes on: all that its steps so far have changed."""

    step: int
    latents: torch.Tensor
    generator: torch.Generator | None
    scheduler: Mapping[str, Any]

    def move(self, drawing: Drawing) -> None:
        """Moves a drawing that has done no step."""
        drawing.step, drawing.latents = self.step, self.latents
        drawing.generator = self.generator
        vars(drawing.scheduler).update(self.scheduler)


def _read(record: bytes, of: str, drawing: Drawing) -> _Place:
    """Reads a record for a drawing that has done no step; raises RecordUnfit."""
    latents = drawing.latents
    most = _MOST_LATENTS * latents.numel() * latents.element_size() + _MOST_BESIDE
    if len(record) > most:
        raise RecordUnfit(f"it is larger than {most:,} bytes")
    try:
        tensors = load(record)
        length = int.from_bytes(record[:_LENGTH_BYTES], "little")
        told = json.loads(record[_LENGTH_BYTES : _LENGTH_BYTES + length])["__metadata__"]
        _check(told, of, drawing)
        return _place(told, tensors, drawing)
    except RecordUnfit:
        raise
    except (LookupError, TypeError, ValueError, RuntimeError, SafetensorError) as error:
        raise RecordUnfit(f"it is unreadable ({type(error).__name__}: {error})") from error


def _check(told: Mapping[str, str], of: str, drawing: Drawing) -> None:
    if told["format"] != _FORMAT:
        raise RecordUnfit(f"its format is {told['format'][:40]!r}, not {_FORMAT!r}")
    if told["of"] != of:
        raise RecordUnfit("it is of another model, request or scheduler")
    if not 0 < int(told["step"]) < drawing.steps:
        raise RecordUnfit(f"its step is {int(told['step'])} of {drawing.steps}")


def _place(
    told: Mapping[str, str], tensors: Mapping[str, torch.Tensor], drawing: Drawing
) -> _Place:
    latents, begun = tensors[_LATENTS], drawing.latents
    if (latents.shape, latents.dtype) != (begun.shape, begun.dtype):
        raise RecordUnfit(f"its latents are {list(latents.shape)} of {latents.dtype}")
    if not latents.isfinite().all():
        raise RecordUnfit("its latents are not finite")
    generator = None
    if drawing.generator is not None:
        generator = torch.Generator("cpu")
        generator.set_state(tensors[_GENERATOR])
    state = (tensors[f"{_STATE}{number}"] for number in range(len(tensors)))
    changed = json.loads(told["scheduler"])
    scheduler = unpack(drawing.scheduler, changed, state, begun.device)
    return _Place(int(told["step"]), latents.to(begun.device), generator, scheduler)


def checksum_of(pipeline: Any, model: str, projection: torch.nn.Module | None = None) -> str:
    """Returns a checksum of a model's name and of the weights of all its parts.

    `projection` is its adapter's, which is no part of the pipeline. Their bits are added up as
    whole numbers, which on every device gives the same.
    """
    digest = hashlib.sha256(model.encode())
    parts = {**pipeline.components, "adapter": projection}
    for name, part in sorted(parts.items()):
        if isinstance(part, torch.nn.Module):
            for key, tensor in part.state_dict().items():
                bits = tensor.view(_WHOLE[tensor.element_size()])
                total = int(bits.sum(dtype=torch.int64))
                told = f"{name}.{key} {tensor.dtype} {list(tensor.shape)} {total}\n"
                digest.update(told.encode())
    return digest.hexdigest()


_WHOLE = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}


def _checksum(model: str, request: RenderRequest, drawing: Drawing) -> str:
    """Returns a checksum of all that decides the steps of a drawing."""
    scheduler = drawing.scheduler
    # Those with a dash in front are the library's own, and come in any order.
    config = {name: value for name, value in scheduler.config.items() if not name.startswith("_")}
    digest = hashlib.sha256(f"{_FORMAT}\n{model}\n{drawing.latents.dtype}\n".encode())
    digest.update(type(scheduler).__name__.encode())
    digest.update(json.dumps(config, sort_keys=True, default=str).encode())
    digest.update(repr(drawing.timesteps.tolist()).encode())
    # Files may be replaced under the names that the request has.
    digest.update(repr(drawing.loras.key if drawing.loras else ()).encode())
    _add(digest, request)
    return digest.hexdigest()


def _add(digest: Any, value: Any) -> None:
    """Adds a value of a request to a digest, so that no two values add the same."""
    if isinstance(value, bytes):
        digest.update(f"bytes {len(value)}\n".encode())
        digest.update(value)
    elif isinstance(value, tuple):
        digest.update(f"tuple {len(value)}\n".encode())
        for each in value:
            _add(digest, each)
    elif is_dataclass(value):
        # A worker of the version before may send fewer fields.
        known = [one for one in fields(value) if one.name not in _BESIDES]
        digest.update(f"{type(value).__name__} {len(known)}\n".encode())
        for one in known:
            digest.update(f"{one.name}\n".encode())
            _add(digest, getattr(value, one.name, one.default))
    else:
        told = repr(value)
        digest.update(f"{type(value).__name__} {len(told)} {told}\n".encode())
