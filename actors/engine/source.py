"""The model that the settings name, with its files checked before they are loaded."""

from pathlib import Path

from actors.engine.checkpoint import Checkpoint, check_folder
from actors.engine.single import SingleFile, check_file
from actors.settings import DiffuserSettings


def check_source(settings: DiffuserSettings) -> Checkpoint | SingleFile | None:
    """Checks the files of a model without loading torch; None for a repository of the hub.

    Raises CheckpointRefused, and names the file.
    """
    source, configs = Path(settings.source), Path(settings.single_file_configs)
    if source.is_dir():
        return check_folder(source)
    if source.suffix in {".safetensors", ".ckpt"}:
        local = configs.is_dir() or configs.is_absolute()
        return check_file(source, configs if local else None)
    # A repository of the hub is never an absolute path: a missing folder gets its own error.
    return check_folder(source) if source.is_absolute() else None
