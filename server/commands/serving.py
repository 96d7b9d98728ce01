"""`python -m server` without a command: serves."""

import argparse
import asyncio
import json
from dataclasses import asdict
from pathlib import Path

from server.settings import GatewaySettings


def _serve(options: argparse.Namespace) -> int:
    # Imported here, since it takes a moment and the other commands do not need it.
    from server.edge.addresses import Addresses
    from server.logs import configure_logs
    from server.start_errors import refuse_unused
    from server.storage.settings import StorageSettings

    given = {} if options.processes is None else {"processes": options.processes}
    settings = GatewaySettings(**given)
    storage = StorageSettings()
    refuse_unused(settings, storage)
    if options.part:
        from server.app import serve_part
        from server.processes.part import Orders

        orders = Orders.read(options.part)
        configure_logs(settings.log_level, process=orders.number)
        asyncio.run(serve_part(settings, storage, orders))
        return 0
    configure_logs(settings.log_level)

    def announce(addresses: Addresses) -> None:
        if options.ready_file:
            _write_whole(options.ready_file, json.dumps(asdict(addresses)) + "\n")

    if settings.processes > 1:
        from server.processes.supervisor import supervise

        return asyncio.run(supervise(settings, storage, announce))
    from server.app import serve

    asyncio.run(serve(settings, storage, announce))
    return 0


def _write_whole(path: Path, text: str) -> None:
    """Writes a file atomically, so that no reader sees half of it."""
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(text)
    partial.replace(path)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds what goes for serving."""
    parser.add_argument(
        "--ready-file",
        type=Path,
        metavar="PATH",
        help="write the addresses to this file, as JSON, once calls are served",
    )
    parser.add_argument(
        "--processes",
        type=int,
        metavar="N",
        help="serve by N processes on the same ports, for N cores (default: IMGGEN_PROCESSES, or "
        "1); Linux only",
    )
    # For the processes of a supervisor.
    parser.add_argument("--part", default="", help=argparse.SUPPRESS)
    parser.set_defaults(command=_serve)
