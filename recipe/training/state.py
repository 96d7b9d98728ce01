"""A training's state on disk: safetensors in pieces of 15 MiB or less, easy to transfer."""

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

_PIECE_BYTES = 15 * 1024 * 1024


def save_state(folder: Path, tensors: Mapping[str, Tensor], step: int) -> None:
    """Replaces the state in a folder; the old one stays until the new one is complete."""
    fresh = folder.with_name(folder.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for index, piece in enumerate(_pieces(tensors)):
        save_file(piece, fresh / f"{index:03d}.safetensors")
    (fresh / "step.json").write_text(json.dumps({"step": step}), "utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)


def load_state(folder: Path) -> tuple[dict[str, Tensor], int] | None:
    """Returns the tensors and the step of the state in a folder, None if there is none."""
    if not (folder / "step.json").is_file():
        return None
    tensors: dict[str, Tensor] = {}
    for piece in sorted(folder.glob("*.safetensors")):
        tensors.update(load_file(piece))
    return tensors, int(json.loads((folder / "step.json").read_text("utf-8"))["step"])


def _pieces(tensors: Mapping[str, Tensor]) -> Iterator[dict[str, Tensor]]:
    piece: dict[str, Tensor] = {}
    size = 0
    for name, tensor in tensors.items():
        whole = tensor.detach().cpu().contiguous().clone()
        if piece and size + whole.nbytes > _PIECE_BYTES:
            yield piece
            piece, size = {}, 0
        piece[name] = whole
        size += whole.nbytes
    yield piece


class Trainee:
    """A network in training: its weights, their running average, its optimizer and its step."""

    def __init__(self, network: nn.Module, rate: float, average: float = 0.0) -> None:
        self.network = network
        self.step = 0
        self._average = average
        self.parameters: list[Tensor] = [
            each for each in network.parameters() if each.requires_grad
        ]
        self.averaged = [each.detach().clone() for each in self.parameters] if average else []
        matrices = [each for each in self.parameters if each.dim() > 1]
        vectors = [each for each in self.parameters if each.dim() <= 1]
        groups = [
            {"params": matrices, "weight_decay": 0.01},
            {"params": vectors, "weight_decay": 0.0},
        ]
        self.optimizer = torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98))

    def update(self, rate: float) -> None:
        """Takes one optimizer step with clipped gradients, then clears them."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.step += 1
        if self.averaged:
            # Early on the average follows quickly, so that it does not keep random weights.
            decay = min(self._average, 1 - 1 / (1 + 0.1 * self.step))
            torch._foreach_lerp_(self.averaged, self.parameters, 1 - decay)

    def use_average(self) -> None:
        """Replaces the last weights with the averaged ones."""
        with torch.no_grad():
            for parameter, mean in zip(self.parameters, self.averaged, strict=True):
                parameter.copy_(mean)

    def save(self, folder: Path) -> None:
        """Writes the whole state, with the optimizer's moments in bfloat16."""
        tensors = dict(self._named())
        for index, parameter in enumerate(self.parameters):
            state = self.optimizer.state.get(parameter, {})
            for moment in ("exp_avg", "exp_avg_sq"):
                if moment in state:
                    tensors[f"{moment}.{index}"] = state[moment].to(torch.bfloat16)
        save_state(folder, tensors, self.step)

    def resume(self, folder: Path) -> None:
        """Loads the state in a folder, if there is one."""
        found = load_state(folder)
        if found is None:
            return
        tensors, self.step = found
        with torch.no_grad():
            for name, tensor in self._named():
                tensor.copy_(tensors[name])
        for index, parameter in enumerate(self.parameters):
            if f"exp_avg.{index}" in tensors:
                self.optimizer.state[parameter] = {
                    "step": torch.tensor(float(self.step)),
                    **{
                        moment: tensors[f"{moment}.{index}"].float().to(parameter.device)
                        for moment in ("exp_avg", "exp_avg_sq")
                    },
                }

    def _named(self) -> Iterator[tuple[str, Tensor]]:
        for index, parameter in enumerate(self.parameters):
            yield f"weight.{index}", parameter
        for index, mean in enumerate(self.averaged):
            yield f"average.{index}", mean
