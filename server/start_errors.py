"""Plain sentences for settings that keep the command from starting."""

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from server.causes import CannotStart
from server.settings import GatewaySettings
from server.settings_reference import all_settings
from server.storage.settings import StorageSettings

# By pydantic's types of errors; an error of another type keeps its own message.
_SENTENCES = {
    "missing": "is required; set {right}",
    "int_parsing": '"{input}" is not a whole number; use {right}',
    "float_parsing": '"{input}" is not a number; use {right}',
    "literal_error": '"{input}" is not offered; use {expected}',
    "greater_than": "must be more than {gt:g}, is {input}",
    "greater_than_equal": "must be {ge:g} or more, is {input}",
    "less_than_equal": "must be {le:g} or less, is {input}",
    "too_short": "must not be empty",
    "string_too_short": "must not be empty",
}


def explain(error: ValidationError) -> list[str]:
    """Returns a line for every setting that is missing or wrong."""
    lines: dict[tuple[int | str, ...], str] = {}
    for problem in error.errors():
        # A list with a wrong entry is then also too short, which is no second problem.
        lines.setdefault(problem["loc"][:1], _line(problem))
    return list(lines.values())


def refuse_unused(settings: GatewaySettings, storage: StorageSettings) -> None:
    """Raises CannotStart for a setting of the gateway that the storage leaves without effect."""
    if storage.is_bucket and "http_port" in settings.model_fields_set and settings.http_port:
        raise CannotStart(
            "IMGGEN_HTTP_PORT: without effect with an s3:// storage, whose URLs S3 serves; unset "
            "it or use file:///folder",
            lasting=True,
        )


def _line(problem: ErrorDetails) -> str:
    message = problem["msg"].removeprefix("Value error, ")
    if not problem["loc"]:
        return message
    name = str(problem["loc"][0])
    values = {"msg": message, "input": problem["input"], "right": _right(name)}
    values |= problem.get("ctx", {})
    if "expected" in values:
        values["expected"] = values["expected"].replace("'", "")
    return f"IMGGEN_{name.upper()}: " + _SENTENCES.get(problem["type"], "{msg}").format(**values)


def _right(name: str) -> str:
    """Returns what would be right for a setting: its examples, or its default if a number."""
    [field, *_] = [each.model_fields[name] for each in all_settings() if name in each.model_fields]
    if field.examples:
        return " or ".join(map(str, field.examples))
    if not isinstance(field.default, int | float):
        return ""
    number = int(field.default) if field.default == int(field.default) else field.default
    return f"seconds, like {number}" if name.endswith("_s") else f"a number like {number}"
