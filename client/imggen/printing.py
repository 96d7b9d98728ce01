"""What is printed: on any console, in any encoding, whoever has written it."""

import codecs
import io
import os
import re
import sys

_ESCAPING = "imggen.escape"
# Not line breaks and tabs. Among them are those that turn the rest of a line around.
_OBEYED = re.compile(
    "[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def printable(text: str) -> str:
    r"""Returns a text in which escapes, as `\u001b`, stand for characters that a terminal obeys."""
    return _OBEYED.sub(lambda found: _escape(found[0]), text)


def on_one_line(text: str) -> str:
    r"""Returns a printable text whose line breaks and tabs are escaped, too, as `\u000a`.

    What somebody else has written can then not pass for another line of what is told about it.
    """
    return printable(text).replace("\n", _escape("\n")).replace("\t", _escape("\t"))


def fitting(text: str, encoding: str) -> str:
    """Returns a text in which escapes stand for characters that an encoding does not have."""
    return text.encode(encoding, _escaping()).decode(encoding)


def never_raising() -> None:
    """Has stdout and stderr of this process escape what they have no characters for.

    Otherwise a name in another script ends a command whose work is done with a traceback, on
    consoles of Windows, in pipes there, and where the locale is C. Bytes of stdin that are no
    text are replaced.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_escaping())
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")


def all_written() -> bool:
    """Flushes stdout and returns whether that could be done; what could not is dropped.

    Python would say so again when it ends, with a traceback.
    """
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return False
    return True


def _escaping() -> str:
    """Returns the name of a way to encode any text, which it makes known to Python."""
    codecs.register_error(_ESCAPING, _escape_error)
    return _ESCAPING


def _escape_error(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError), "no text is read with it"
    return _escape(error.object[error.start : error.end]), error.end


def _escape(text: str) -> str:
    """Returns characters as JSON escapes them, so that JSON stays what it is."""
    octets = text.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{octets[place : place + 4]}" for place in range(0, len(octets), 4))
