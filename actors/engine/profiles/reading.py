"""The files of profiles, and an operator's files over them, read as profiles."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from actors.engine.profiles.profile import Profile
from actors.engine.profiles.schema import ProfileTable, keys_of
from actors.engine.refusal import CheckpointRefused
from actors.engine.render import PlacedReference, RenderRequest
from actors.prompts.dialect import CompiledPrompt
from server.domain.models import Size
from server.domain.spec import RenderSpec
from server.routing.catalogue import KNOWN

_SHIPPED = Path(__file__).parent
_MODELS = tuple(name for name, row in KNOWN.items() if row.provider == "local")


class ProfileInvalid(CheckpointRefused):
    """Raised for a file that is no profile, with everything that is wrong in it."""


def read_profiles(folder: Path | None = None) -> Mapping[str, Profile]:
    """Returns the profiles by model, changed by those files of an operator that the folder has.

    Raises ProfileInvalid, and names the file.
    """
    own = _own_files(folder) if folder is not None else {}
    return MappingProxyType({model: _read(model, own.get(model)) for model in _MODELS})


def _own_files(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise ProfileInvalid(f"{folder}: is no folder; IMGGEN_PROFILES must name one")
    files = {file.stem: file for file in sorted(folder.glob("*.toml"))}
    for name, file in files.items():
        if name not in _MODELS:
            names = ", ".join(f"{model}.toml" for model in _MODELS)
            raise ProfileInvalid(f"{file}: no local model has this name; use one of {names}")
    return files


def _read(model: str, own: Path | None) -> Profile:
    shipped = _SHIPPED / f"{model}.toml"
    table = _tables(shipped)
    if own is not None:
        table = _laid_over(table, _tables(own))
    try:
        checked = ProfileTable.model_validate(table)
    except ValidationError as error:
        raise ProfileInvalid(f"{own or shipped}: {'; '.join(_problems(error))}") from None
    return checked.profile(KNOWN[model])


def _tables(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProfileInvalid(f"{file}: is not TOML: {error}") from None
    except OSError as error:
        raise ProfileInvalid(f"{file}: cannot be read: {error}") from error


def _laid_over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Returns a table with the keys of another laid over it, and those of their tables."""
    merged = dict(below)
    for key, value in above.items():
        old = below.get(key)
        both = isinstance(value, dict) and isinstance(old, dict)
        merged[key] = _laid_over(old, value) if both and old is not None else value
    return merged


def _problems(error: ValidationError) -> Iterator[str]:
    for found in error.errors():
        where = ".".join(map(str, found["loc"]))
        match found["type"]:
            case "extra_forbidden":
                yield f"{where}: is not known here; use one of {', '.join(keys_of(found['loc']))}"
            case "missing":
                yield f"{where}: is missing"
            case "model_type":
                yield f"{where}: must be a table, not {str(found['input'])[:60]!r}"
            case _:
                said = found["msg"].removeprefix("Value error, ")
                yield f"{where}: {said[:1].lower()}{said[1:]}, not {str(found['input'])[:60]!r}"


PROFILES = read_profiles()
"""The profiles that come with imggen, by model."""


def profile(model: str, profiles: Mapping[str, Profile] = PROFILES) -> Profile:
    """Returns the profile of a model by its name; raises ValueError for one that has none."""
    found = profiles.get(model)
    if found is None:
        raise ValueError(f'model: "{model}" has no profile; known are {", ".join(profiles)}')
    return found


def render_request(
    spec: RenderSpec,
    prompt: CompiledPrompt,
    *,
    references: tuple[PlacedReference, ...] = (),
    previews: bool = False,
) -> RenderRequest:
    """Returns the request of a spec to its model, by the profiles that come with imggen."""
    chosen = profile(spec.model)
    native = chosen.native(spec.image_type, Size(spec.width, spec.height))
    return chosen.request(spec, prompt, native, references=references, previews=previews)


def warm_up_request(model: str) -> RenderRequest:
    """Returns a request of two steps at the model's first portrait size."""
    return profile(model).warm_ups()[0]
