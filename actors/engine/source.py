"""The model that the settings name, with its files checked before they are loaded."""

from dataclasses import dataclass
from pathlib import Path

from actors.engine.adapter_files import AdapterFiles, find_adapter
from actors.engine.checkpoint import Checkpoint, check_folder
from actors.engine.single import SingleFile, check_file
from actors.settings import DiffuserSettings


@dataclass(frozen=True, slots=True)
class Source:
    """The checked files of a model, None for a repository of the hub, and of its adapter."""

    model: Checkpoint | SingleFile | None
    adapter: AdapterFiles | None


def check_source(settings: DiffuserSettings) -> Source:
    """Checks the files of a model and of its adapter without loading torch.

    Raises CheckpointRefused, and names the file.
    """
    model = _check_model(settings)
    return Source(model, find_adapter(settings, model))


def _check_model(settings: DiffuserSettings) -> Checkpoint | SingleFile | None:
    source, configs = Path(settings.source), Path(settings.single_file_configs)
    if source.is_dir():
        return check_folder(source)
    if source.suffix in {".safetensors", ".ckpt"}:
        local = configs.is_dir() or configs.is_absolute()
        return check_file(source, configs if local else None)
    # A repository of the hub is never an absolute path: a missing folder gets its own error.
    return check_folder(source) if source.is_absolute() else None
