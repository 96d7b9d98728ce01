"""Plain sentences for what keeps the command from starting: wrong settings, an absent database."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from server.settings_reference import all_settings
from server.store.causes import DatabaseAway, Meaning

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


class CannotStart(RuntimeError):
    """A start without what it needs; the message says what to do."""


def explain(error: ValidationError) -> list[str]:
    """Returns a line for every setting that is missing or wrong."""
    lines: dict[tuple[int | str, ...], str] = {}
    for problem in error.errors():
        # A list with a wrong entry is then also too short, which is no second problem.
        lines.setdefault(problem["loc"][:1], _line(problem))
    return list(lines.values())


@contextmanager
def needing_database(url: str) -> Iterator[None]:
    """Raises CannotStart if the database cannot be reached, or refuses the connection."""
    host = urlsplit(url).netloc.rpartition("@")[2]  # without a password; empty for a socket
    database = f"the database at {host}" if host else "the database"
    try:
        yield
    except DatabaseAway as error:
        if error.cause.meaning is Meaning.SETTING:
            raise CannotStart(
                f"{database} refuses the connection ({error.__cause__}); "
                "correct IMGGEN_DATABASE_URL"
            ) from error
        raise CannotStart(
            f"cannot reach {database} ({_why(error.__cause__)}); "
            "start Postgres or set IMGGEN_DATABASE_URL"
        ) from error


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


def _why(cause: BaseException | None) -> str:
    if isinstance(cause, ConnectionRefusedError):
        return "Connection refused"
    return str(cause) or type(cause).__name__
