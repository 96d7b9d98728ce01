"""Runs a stand-in for OpenAI's images API on this machine, which draws pictures of its own.

It needs no account and costs nothing. It refuses what the API would refuse, and answers with a
real picture of the size asked for, and with the token usage of the published prices. Point any
client of the API at the address that it prints.
"""

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.wire.behaviours import BEHAVIOURS
from tests.wire.models import OFFERED
from tests.wire.script import HEADER, named
from tests.wire.server import API_KEY, WireServer

_USE = """\
example:
  python -m tests.wire --port 8123 &
  curl http://127.0.0.1:8123/v1/images/generations \\
    -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' \\
    -d '{{"model": "gpt-image-2.5-flare", "prompt": "A hill", "size": "1536x864"}}'

scripted failures:
  --then rate_limit       the next request for a picture is answered so, those after it are good
  --always gpt-image-2=server_error
                          every request for that model is answered so
  {header}: NAME
                          a header of a request, which is answered so
  POST /wire/behaviours   {{"then": [NAME, ...]}} or {{"always": NAME, "model": ID}}
  GET /wire/requests      what was received, with the true usage and cost
  (the routes under /wire take the same key)

models: {models}

behaviours:
{behaviours}
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Serves until it is interrupted or terminated."""
    options = _parser().parse_args(arguments)
    server = WireServer(
        api_key=options.api_key,
        port=options.port,
        serves=options.serve,
        retired_is_invalid=options.retired_is_invalid,
    )
    server.script.then(*options.then)
    for rule in options.always:
        model, _, name = rule.rpartition("=")
        server.script.always(name, model=model or None)
    wanted = {signal.SIGINT, signal.SIGTERM}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
    try:
        with server:
            if options.port_file:
                options.port_file.write_text(f"{server.port}\n")
            print(f"The images API is at {server.base_url} (Ctrl-C ends it).", flush=True)
            signal.sigwait(wanted)
    except OSError as failed:
        print(f"python -m tests.wire: port {options.port}: {failed.strerror}", file=sys.stderr)
        return 1
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return 0


def _parser() -> argparse.ArgumentParser:
    width = max(map(len, BEHAVIOURS))
    rows = [f"  {name:<{width}}  {one.about}" for name, one in BEHAVIOURS.items()]
    parser = argparse.ArgumentParser(
        prog="python -m tests.wire",
        description=__doc__,
        epilog=_USE.format(
            key=API_KEY, header=HEADER, models=", ".join(OFFERED), behaviours="\n".join(rows)
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--port", type=int, default=0, help="the port on 127.0.0.1 (default: a free one)")
    add("--port-file", type=Path, metavar="FILE", help="write the port into FILE once it listens")
    add("--api-key", default=API_KEY, metavar="KEY", help=f"the key to accept (default: {API_KEY})")
    add(
        "--serve",
        action="append",
        default=[],
        metavar="MODEL",
        help="offer another model, for instance dall-e-3; may be repeated",
    )
    add(
        "--retired-is-invalid",
        action="store_true",
        help="answer 400 invalid_value for a retired model, rather than 404 model_not_found",
    )
    add(
        "--then",
        action="append",
        default=[],
        type=_known,
        metavar="NAME",
        help="answer the next request so; may be repeated",
    )
    add(
        "--always",
        action="append",
        default=[],
        type=_rule,
        metavar="[MODEL=]NAME",
        help="answer all other requests, or those for a model, so; may be repeated",
    )
    return parser


def _known(name: str) -> str:
    try:
        named(name)
    except ValueError as unknown:
        raise argparse.ArgumentTypeError(str(unknown)) from unknown
    return name


def _rule(rule: str) -> str:
    _known(rule.rpartition("=")[2])
    return rule


if __name__ == "__main__":
    sys.exit(main())
