"""A process that is killed in the middle of a line has ended: nobody waits for the rest of it."""

import asyncio
import socket
from typing import cast

from server.processes.member import Member
from server.processes.part import Orders, Part


async def ends() -> tuple[asyncio.StreamReader, asyncio.StreamWriter, socket.socket]:
    """Returns one end of a cord, and the socket of the other."""
    ours, theirs = socket.socketpair()
    reader, writer = await asyncio.open_unix_connection(sock=ours)
    return reader, writer, theirs


async def test_a_question_to_a_process_that_is_killed_as_it_answers_ends_with_it() -> None:
    reader, writer, theirs = await ends()
    member = Member(cast(asyncio.subprocess.Process, None), writer, lambda: None)
    hearing = asyncio.create_task(member.hear(reader))
    asked = asyncio.create_task(member.ask(metrics=True))
    await asyncio.sleep(0)
    theirs.sendall(b'{"ready": true}\n{"id": 0, "serving": tr')
    theirs.close()
    await hearing
    assert member.listens
    assert await asked is None
    assert await member.ask() is None
    writer.close()


async def test_a_process_drains_whose_supervisor_is_killed_as_it_asks() -> None:
    reader, writer, theirs = await ends()
    part = Part(Orders(0, 0, "127.0.0.1:1", 0), writer)
    theirs.sendall(b'{"id": 0, "metr')
    theirs.close()
    await part.follow(reader)
    assert part.stop.is_set()
    writer.close()
