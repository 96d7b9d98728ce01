"""What forked processes do with clients: `python -m tests.forked SCENARIO TARGET` prints JSON.

A process of its own, since a fork of the tests would take their threads and connections along.
"""

import asyncio
import json
import multiprocessing
import os
import sys
import threading
from collections.abc import Callable
from typing import Any

from imggen import Client, SyncClient, forks
from imggen.errors import ImggenError

# Far more than anything takes here: whoever needs it hangs.
HANGS_S = float(os.environ.get("HANGS_S", "60"))
TARGET = sys.argv[2]
CONTEXT = multiprocessing.get_context("fork")


def said(call: Callable[[], Any]) -> str:
    """Returns what a call gave: "done", or the class of its error."""
    try:
        call()
    except ImggenError as error:
        return type(error).__name__
    return "done"


def in_child(work: Callable[[], Any]) -> Any:
    """Returns what a forked process says, or how it ended without a word."""
    return together([work])[0]


def together(works: list[Callable[[], Any]]) -> list[Any]:
    """Returns what forked processes say that work at the same time."""
    children = []
    for work in works:
        answers = CONTEXT.SimpleQueue()
        child = CONTEXT.Process(target=lambda work=work, answers=answers: answers.put(work()))
        child.start()
        children.append((child, answers))
    said = []
    for child, answers in children:
        child.join(HANGS_S)
        if child.exitcode is None:
            child.kill()
            said.append("hangs")
        else:
            said.append(f"ends with {child.exitcode}" if answers.empty() else answers.get())
    return said


def create(client: SyncClient) -> Callable[[], str]:
    return lambda: said(lambda: client.create_character(name="Mia"))


def used_before() -> Any:
    """The parent has used its client, which is idle at the fork."""
    with SyncClient(TARGET) as client:
        first = create(client)()
        return [first, in_child(create(client)), create(client)(), in_child(create(client))]


def first_used_in_child() -> Any:
    """A client of a module, made before the fork."""
    client = SyncClient(TARGET)
    return [in_child(create(client)), create(client)(), in_child(create(client))]


def new_in_child() -> Any:
    """The child makes a client of its own; the parent's is open, or was closed."""

    def fresh() -> str:
        with SyncClient(TARGET) as client:
            return create(client)()

    with SyncClient(TARGET) as client:
        open_ = [create(client)(), in_child(fresh), create(client)()]
    return [*open_, in_child(fresh)]


def closed_in_child() -> Any:
    """The child closes the parent's client."""
    with SyncClient(TARGET) as client:
        create(client)()

        def close() -> list[str]:
            client.close()
            return [create(client)(), said(client.close)]

        return [in_child(close), create(client)()]


def under_way() -> Any:
    """The parent watches a held job in another thread."""
    with SyncClient(TARGET, timeout=5) as client:
        mia = client.create_character(name="Mia")
        job = client.generate_portrait(mia, style="anime")
        watch = client.watch(job)
        next(watch)
        watching = threading.Thread(target=lambda: said(lambda: next(watch)), daemon=True)
        watching.start()

        def child() -> list[str]:
            with SyncClient(TARGET) as fresh:
                return [
                    create(client)(),
                    said(lambda: next(client.watch(job))),
                    create(fresh)(),
                    said(client.close),
                ]

        answers = in_child(child)
        running = watching.is_alive()
        return [answers, running, create(client)(), said(lambda: client.cancel(job))]


def asyncio_client() -> Any:
    """The parent's client is asyncio's, in a loop that runs as it forks."""

    async def run(client: Client) -> str:
        try:
            await client.create_character(name="Mia")
        except ImggenError as error:
            return type(error).__name__
        return "done"

    async def both() -> Any:
        async with Client(TARGET) as client:
            first = await run(client)
            inherited = in_child(lambda: asyncio.run(run(client)))
            fresh = in_child(lambda: asyncio.run(run(Client(TARGET))))
            closed = in_child(lambda: said(lambda: asyncio.run(client.close())))
            return [first, inherited, fresh, closed, await run(client)]

    open_ = asyncio.run(both())
    return [*open_, in_child(lambda: asyncio.run(run(Client(TARGET))))]


def eight_children() -> Any:
    """Eight children use their parent's client at once, and so does the parent."""
    with SyncClient(TARGET) as client:
        create(client)()
        return [*together([create(client)] * 8), create(client)()]


def busy() -> Any:
    """Threads of the parent make calls all the time, so that a fork meets them anywhere."""
    with SyncClient(TARGET) as client:
        ended = threading.Event()
        of_parent: set[str] = set()

        def work() -> None:
            while not ended.wait(0.02):
                of_parent.add(create(client)())

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        of_children = {in_child(create(client)) for _ in range(12)}
        ended.set()
        for thread in threads:
            thread.join()
        return [sorted(of_parent), sorted(of_children)]


def ends() -> Any:
    """Children end by themselves: by `os._exit`, by `sys.exit`, with clients in use or not."""
    client = SyncClient(TARGET)
    create(client)()
    codes = []
    for used in (False, True):
        for leave in (os._exit, sys.exit):
            child = os.fork()
            if not child:
                if used:
                    create(client)()
                leave(7)
            codes.append(_code_of(child))
    watch = client.events()
    threading.Thread(target=lambda: said(lambda: next(watch)), daemon=True).start()
    for leave in (os._exit, sys.exit):
        child = os.fork()
        if not child:
            create(client)()
            leave(7)
        codes.append(_code_of(child))
    return [codes, create(client)()]


def ends_with_a_channel() -> Any:
    """A child ends while it keeps a channel of its parent, which must not notice."""
    client = SyncClient(TARGET)
    create(client)()
    watch = client.events()
    threading.Thread(target=lambda: said(lambda: next(watch)), daemon=True).start()
    while not forks._process.channels:
        create(client)()
    child = os.fork()
    if not child:
        forks.abandon(_Noticed())
        sys.exit(7)
    return _code_of(child)


class _Noticed:
    """What a child must not end; a channel would use gRPC."""

    def __del__(self, exit_: Callable[[int], None] = os._exit) -> None:
        exit_(3)


def _code_of(child: int) -> int | str:
    ended = CONTEXT.SimpleQueue()
    waiting = threading.Thread(
        target=lambda: ended.put(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])), daemon=True
    )
    waiting.start()
    waiting.join(HANGS_S)
    if waiting.is_alive():
        os.kill(child, 9)
        return "hangs"
    code: int = ended.get()
    return code


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[1]]()), flush=True)
