"""Errors as the command says them on stderr: a line for people, an object for programs."""

import json
from collections.abc import Sequence

import click

from imggen.cli.consoles import echo
from imggen.cli.durations import spoken
from imggen.cli.exits import FAILED, INTERRUPTED
from imggen.cli.progress import Interrupted
from imggen.errors import ImggenError, Violation, reason_name
from imggen.v1.errors_pb2 import ErrorReason

Wrong = click.ClickException | click.Abort | Interrupted | ImggenError | OSError

_NO_TOKEN = "give --token, set IMGGEN_TOKEN, or keep it in a profile: imggen config set --help"


def asks_json(words: Sequence[str]) -> bool:
    """Returns whether the words of a command ask for JSON, before or after its name.

    They are asked as they are: what is wrong with them may be found before they are read.
    """
    options = words[: words.index("--")] if "--" in words else words
    return "--json" in options


def report(wrong: Wrong, *, as_json: bool) -> int:
    """Says on stderr what went wrong, and returns the exit code.

    As JSON it is one object in one line, the last one of stderr.
    """
    code = exit_code(wrong)
    if as_json:
        echo(json.dumps({"error": _plain(wrong, code)}, ensure_ascii=False), err=True)
    elif isinstance(wrong, click.ClickException):
        wrong.show()
    elif code == INTERRUPTED:
        echo(f"\nimggen: {_interruption(wrong)}", err=True)
    else:
        assert isinstance(wrong, ImggenError | OSError)
        echo(f"imggen: {describe(wrong)}", err=True)
    return code


def exit_code(wrong: Wrong) -> int:
    """Returns the exit code of a command that ended so."""
    match wrong:
        case click.ClickException():
            return wrong.exit_code
        case click.Abort() | Interrupted():
            return INTERRUPTED
        case _:
            return FAILED


def describe(error: ImggenError | OSError) -> str:
    """Returns an error as one line: its reason, every bad field, when to retry, and its notes."""
    if not isinstance(error, ImggenError):
        return str(error)
    # The server's last violation has no field if it counts the violations left out.
    what = "; ".join(
        f"{bad.field}: {bad.description}" if bad.field else bad.description
        for bad in error.violations
    )
    line = f"{reason_name(error.reason) or error.code.name}: {what or error.message}"
    if error.about:
        line += f" [{', '.join(error.about)}]"
    if error.retry_after is not None:
        line += f" (try again in {spoken(error.retry_after)})"
    return "; ".join([" ".join(line.split()), *_hints(error)])  # a hint may hold a quoted word


def _hints(error: ImggenError) -> list[str]:
    """Returns what to do about an error, as far as only this command knows."""
    told = list(getattr(error, "__notes__", ()))
    missing = error.reason == ErrorReason.ERROR_REASON_TOKEN_MISSING
    return [_NO_TOKEN, *told] if missing else told


def _interruption(wrong: Wrong) -> str:
    return "interrupted" if isinstance(wrong, click.Abort) else str(wrong)


def _plain(wrong: Wrong, code: int) -> dict[str, object]:
    """Returns an error as plain JSON types; each has the keys code, message and exitCode."""
    match wrong:
        case ImggenError():
            seconds = wrong.retry_after and wrong.retry_after.total_seconds()
            return {
                "code": wrong.code.name,
                "reason": reason_name(wrong.reason),
                "message": wrong.message,
                "violations": [_violation(bad) for bad in wrong.violations],
                "metadata": wrong.metadata,
                "retryAfterSeconds": seconds,
                "hints": _hints(wrong),
                "exitCode": code,
            }
        case click.ClickException():
            name, message = "INVALID_ARGUMENT", wrong.format_message()
        case OSError():
            name, message = "FILE", str(wrong)
        case _:
            name, message = "INTERRUPTED", _interruption(wrong)
    return {"code": name, "message": message, "exitCode": code}


def _violation(bad: Violation) -> dict[str, str]:
    return {
        "field": bad.field,
        "description": bad.description,
        "reason": reason_name(bad.reason),
    }
