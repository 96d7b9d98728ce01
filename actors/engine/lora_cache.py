"""The cache of LoRA adapters: files become sets of weights, of which a bounded number is kept."""

import hashlib
import logging
import math
import os
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn

from actors.engine.lora import TEXTS, UNET, Lora, LoraKey, LoraSet
from actors.engine.lora_files import Layer, LoraFile, find_lora, read_lora
from actors.engine.memory import UnlessOutOfMemory
from actors.engine.refusal import CheckpointRefused
from actors.engine.render import LoraRefused, LorasBusy, LoraWeight, RenderRequest
from actors.settings import DiffuserSettings

_Version = tuple[int, int, int]
"""What differs once a file is another: its inode, its bytes, and when it was last changed.

The time of writing would not do: `cp -p` and `rsync -t` write a file with that of another.
"""
_log = logging.getLogger(__name__)


class Loras:
    """The adapters of a folder for a pipeline, as sets of weights that take so many bytes at most.

    One thread at a time makes sets, beside the steps of others; any may use and let go of them.
    Sets that nobody uses make room for others, those first that were used longest ago.
    """

    def __init__(self, pipeline: Any, folder: Path | None, most_bytes: int) -> None:
        """Takes a loaded pipeline; raises CheckpointRefused for a folder that is none."""
        if folder is not None and not folder.is_dir():
            raise CheckpointRefused(f"{folder}: not a folder; IMGGEN_LORAS must name one")
        self._folder = folder
        self._most_bytes = most_bytes
        self._config = pipeline.unet.config
        self._own = dict(_weights(pipeline))
        self._shapes = {layer: tuple(weight.shape) for layer, weight in self._own.items()}
        self._kept = _Kept()
        self._files: dict[str, tuple[_Version, str]] = {}

    @property
    def bytes(self) -> int:
        """The memory of the sets that are kept."""
        return self._kept.bytes

    @property
    def in_use(self) -> int:
        """How many sets renders use."""
        return self._kept.in_use

    @contextmanager
    def using(self, wanted: Sequence[LoraWeight]) -> Iterator[LoraSet | None]:
        """Lends the set of some adapters, which is kept until it ends; None for no adapters.

        Raises LoraRefused for an adapter that is missing, damaged or of another model, LoraReplaced
        for one whose file is replaced meanwhile, and LorasBusy where others in use leave no room.
        """
        key = self._key(wanted, self._checksum_of)
        if not key:
            yield None
            return
        found = self._kept.take(key) or self._load(key)
        try:
            yield found
        finally:
            self._kept.give_back(found)

    def kept(self, wanted: Sequence[LoraWeight]) -> LoraSet | None:
        """Returns the set of some adapters for one more render, which gives it back; reads no file.

        None where there is none yet of the files that are there now. Raises LoraRefused as `using`.
        """
        key = self._key(wanted, self._known)
        return self._kept.take(key) if key and all(one.checksum for one in key) else None

    def give_back(self, lent: LoraSet) -> None:
        """Notes that a render uses a set no more."""
        self._kept.give_back(lent)

    def load(self, wanted: Sequence[LoraWeight]) -> None:
        """Makes the set of some adapters before a request wants it; blocks.

        Raises CheckpointRefused where each request for it would be refused.
        """
        try:
            with self.using(wanted):
                pass
        except LoraRefused as error:
            raise CheckpointRefused(error.message) from error

    def _key(
        self, wanted: Sequence[LoraWeight], checksum_of: Callable[[Path, str], str]
    ) -> LoraKey:
        """Returns the adapters that count, by name: of equal sets in any order the sums are one."""
        names = [one.name for one in wanted]
        for one in wanted:
            if not math.isfinite(one.weight):
                raise LoraRefused(f'lora: "{one.name}" weighs {one.weight}, which is no number')
            if names.count(one.name) > 1:
                raise LoraRefused(f'lora: "{one.name}" is named twice; give it one weight')
        counted = sorted((one for one in wanted if one.weight), key=lambda one: one.name)
        return tuple(
            Lora(one.name, self._checksum(one.name, checksum_of), one.weight) for one in counted
        )

    def _checksum(self, name: str, checksum_of: Callable[[Path, str], str]) -> str:
        file = find_lora(self._folder, name)
        try:
            return checksum_of(file, name)
        except OSError as error:
            raise LoraRefused(f'lora: "{name}" cannot be read ({error.strerror})') from error

    def _known(self, file: Path, name: str) -> str:
        """Returns the checksum of a file that was read before; empty for another one."""
        known, checksum = self._files.get(name, (None, ""))
        return checksum if known == _version(file.stat()) else ""

    def _checksum_of(self, file: Path, name: str) -> str:
        found = file.stat()
        if found.st_size > self._most_bytes:
            raise LoraRefused(
                f'lora: "{name}" has {found.st_size} bytes, and IMGGEN_LORA_CACHE_BYTES are '
                f"{self._most_bytes}"
            )
        version = _version(found)
        known, checksum = self._files.get(name, (None, ""))
        if version != known:
            with file.open("rb") as stream:
                checksum = hashlib.file_digest(stream, "sha256").hexdigest()
            self._files[name] = version, checksum
        return checksum

    def _load(self, key: LoraKey) -> LoraSet:
        files = [read_lora(self._file(one), self._shapes, self._config) for one in key]
        layers = {layer: self._own[layer] for file in files for layer in file.changes}
        self._make_room(sum(weight.nbytes for weight in layers.values()))
        made = LoraSet(key, self._made(key, files, layers))
        _log.info("loras loaded", extra={"loras": [one.name for one in key], "bytes": made.bytes})
        return self._kept.add(made)

    def _file(self, lora: Lora) -> Path:
        return find_lora(self._folder, lora.name)

    def _make_room(self, wanted: int) -> None:
        if wanted > self._most_bytes:
            raise LoraRefused(
                f"lora: what the adapters change takes {wanted} bytes, and "
                f"IMGGEN_LORA_CACHE_BYTES are {self._most_bytes}"
            )
        if not self._kept.shrink(self._most_bytes - wanted):
            raise LorasBusy(
                f"lora: other renders use {self._kept.bytes} bytes of adapters; with {wanted} "
                f"more they are beyond the {self._most_bytes} of IMGGEN_LORA_CACHE_BYTES"
            )

    def _made(
        self, key: LoraKey, files: Sequence[LoraFile], layers: Mapping[Layer, torch.Tensor]
    ) -> dict[Layer, nn.Parameter]:
        """Makes the weights; once more without unused sets where memory runs out."""
        with UnlessOutOfMemory():
            return self._changed(key, files, layers)
        self._kept.shrink(0)
        torch.cuda.empty_cache()
        return self._changed(key, files, layers)

    @torch.no_grad()
    def _changed(
        self, key: LoraKey, files: Sequence[LoraFile], layers: Mapping[Layer, torch.Tensor]
    ) -> dict[Layer, nn.Parameter]:
        read = [file.read(one.checksum) for one, file in zip(key, files, strict=True)]
        changed = {}
        for layer, own in layers.items():
            total = own.to(torch.promote_types(own.dtype, torch.float32))
            for one, file, tensors in zip(key, files, read, strict=True):
                if change := file.changes.get(layer):
                    added = change.of(tensors, total).reshape(own.shape)
                    total = torch.add(total, added, alpha=one.weight)
            # Like the model's own in all but its numbers, or a compiled model is compiled again.
            weight = torch.empty_like(own).copy_(total)
            changed[layer] = nn.Parameter(weight, requires_grad=own.requires_grad)
        # Looked at together: on a GPU each look waits until the weight is computed.
        if not torch.stack([weight.isfinite().all() for weight in changed.values()]).all():
            raise LoraRefused(f"lora: {_named(key)}: what they make of the model is not finite")
        return changed


def _version(found: os.stat_result) -> _Version:
    return found.st_ino, found.st_size, found.st_ctime_ns


class _Kept:
    """Sets of weights, those used last at the end, and how many renders use each."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sets: OrderedDict[LoraKey, LoraSet] = OrderedDict()
        self._uses: Counter[LoraKey] = Counter()

    @property
    def bytes(self) -> int:
        with self._lock:
            return sum(each.bytes for each in self._sets.values())

    @property
    def in_use(self) -> int:
        with self._lock:
            return len(self._uses)

    def take(self, key: LoraKey) -> LoraSet | None:
        """Returns the set of a key, for one more render; None where it is not kept."""
        with self._lock:
            if found := self._sets.get(key):
                self._sets.move_to_end(key)
                self._uses[key] += 1
            return found

    def add(self, made: LoraSet) -> LoraSet:
        """Keeps a set, and returns it for its first render."""
        with self._lock:
            self._sets[made.key] = made
            self._uses[made.key] += 1
        return made

    def give_back(self, lent: LoraSet) -> None:
        """Notes that a render uses a set no more."""
        with self._lock:
            self._uses[lent.key] -= 1
            if not self._uses[lent.key]:
                del self._uses[lent.key]

    def shrink(self, most_bytes: int) -> bool:
        """Lets go of unused sets, until the rest takes so many bytes; False if it takes more."""
        with self._lock:
            sizes = {key: each.bytes for key, each in self._sets.items()}
            if sum(sizes[key] for key in self._uses) > most_bytes:
                return False
            for key in [key for key in sizes if key not in self._uses]:
                if sum(sizes.values()) <= most_bytes:
                    break
                del self._sets[key], sizes[key]
            return True


def open_loras(
    pipeline: Any, settings: DiffuserSettings, sets: Iterable[Sequence[LoraWeight]]
) -> Loras:
    """Opens the folder of the settings, and makes sets that requests will want."""
    loras = Loras(pipeline, settings.lora_folder, settings.lora_cache_bytes)
    for wanted in sets:
        loras.load(wanted)
    return loras


def wanted_by(request: RenderRequest) -> tuple[LoraWeight, ...]:
    """Returns the adapters of a request; a worker of the version before sends one without them."""
    found: tuple[LoraWeight, ...] = getattr(request, "loras", ())
    return found


def _weights(pipeline: Any) -> Iterator[tuple[Layer, torch.Tensor]]:
    """Yields the weights that adapters may change: those of linear layers and convolutions."""
    for part in (UNET, *TEXTS):
        model = getattr(pipeline, part)
        for name, module in getattr(model, "_orig_mod", model).named_modules():
            if isinstance(module, nn.Linear | nn.Conv2d):
                yield Layer(part, name), module.weight


def _named(key: LoraKey) -> str:
    return ", ".join(one.name for one in key)
