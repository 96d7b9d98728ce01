"""A command that is printed for its user to go on works as it is pasted."""

import os
import shlex
from collections.abc import Callable
from pathlib import Path
from string import Template
from threading import Event

import click
import pytest

from imggen import SyncClient
from imggen.cli.events import events
from imggen.cli.pasting import pasted
from imggen.cli.progress import StoppedWatching
from imggen.cli.reports import describe
from imggen.cli.session import Session, connected, kept_options
from imggen.cli.waiting import explained
from imggen.errors import Unavailable
from imggen.testing import FakeService
from imggen.v1.errors_pb2 import ErrorReason
from tests.unit.cli.conftest import Command

TOKEN = "a.secret.token"
pytestmark = pytest.mark.skipif(os.name == "nt", reason="the words are quoted for POSIX shells")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def ran(act: Callable[[], object], *words: str, path: tuple[str, ...] = ("batch", "watch")) -> None:
    """Runs a function as the command of a path that was typed with these words."""

    @click.command(path[-1])
    @click.argument("id", required=False)
    @click.option("--output", "-o", type=click.Path(path_type=Path))
    @click.option("--kind", "kinds", multiple=True)
    @connected
    def command(*_: object, **__: object) -> None:
        act()

    command.params.extend(kept_options())
    root = click.Group("imggen")
    group = root
    for name in path[:-1]:
        group.add_command(inner := click.Group(name))
        group = inner
    group.add_command(command)
    root.main([*path, *words], prog_name="imggen", standalone_mode=False)


def printed(*words: str, of: tuple[str, ...] = ("batch", "watch")) -> str:
    lines: list[str] = []
    ran(lambda: lines.append(pasted(*of, "b1")), *words)
    return lines[0]


def test_what_reaches_the_server_is_in_the_command() -> None:
    line = printed("--server", "[::1]:1", "--insecure", of=("batch", "retry"))
    assert line == "imggen batch retry b1 --server '[::1]:1' --insecure"


def test_nothing_is_added_that_was_not_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMGGEN_SERVER", "127.0.0.1:1")
    monkeypatch.setenv("IMGGEN_TOKEN", TOKEN)
    assert printed() == "imggen batch watch b1"
    assert pasted("watch", "a b") == "imggen watch 'a b'"


def test_options_beside_the_connection_stay_with_the_same_command_alone() -> None:
    typed = ("-o", "the map", "--kind", "a", "--kind", "b", "--json")
    assert printed(*typed) == ("imggen batch watch b1 --output 'the map' --kind a --kind b --json")
    assert printed(*typed, of=("batch", "cancel")) == "imggen batch cancel b1"


def test_a_token_is_named_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMGGEN_TOKEN", "another")
    line = printed("--server", "127.0.0.1:1", "--token", TOKEN)
    assert line == 'imggen batch watch b1 --server 127.0.0.1:1 --token "${YOUR_TOKEN:?}"'
    monkeypatch.setenv("MIAS_TOKEN", TOKEN)
    assert '--token "$MIAS_TOKEN"' in printed("--token", TOKEN)


def test_a_profile_stays(command: Command, fake: FakeService) -> None:
    command("config", "set", "my desk", "--server", fake.target)
    line = printed("--profile", "my desk")
    assert line == "imggen batch watch b1 --profile 'my desk'"


def test_an_interrupt_says_both_commands() -> None:
    def interrupt() -> None:
        raise StoppedWatching("batch", "b1", "batch")

    with pytest.raises(StoppedWatching) as stopped:
        ran(interrupt, "--server", "127.0.0.1:1", "-o", "the-map")
    assert "imggen batch cancel b1 --server 127.0.0.1:1 -" in str(stopped.value)
    assert str(stopped.value).endswith("watch b1 --output the-map --server 127.0.0.1:1")


def test_the_thread_that_explains_a_wait_knows_the_command() -> None:
    said: list[str] = []

    told = Event()

    def say(text: str) -> None:
        said.append(text)
        told.set()

    def wait() -> None:
        with explained(lambda: pasted("providers"), say, quiet_s=0.001):
            assert told.wait(30)

    ran(wait, "--server", "127.0.0.1:1")
    assert said == ["imggen providers --server 127.0.0.1:1"]


def test_the_command_of_a_failed_batch_works_as_it_is_pasted(
    command: Command, fake: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("tale.yaml").write_text("title: The Map\nstyle: anime\npages: [{text: One.}]\n")
    monkeypatch.delenv("IMGGEN_SERVER")
    fake.fail_next_job()
    at = ("--server", fake.target, "--token", TOKEN)
    out = command("story", "tale.yaml", *at, code=1)
    line = out.rpartition("retry the missing pictures: ")[2].splitlines()[0]
    assert TOKEN not in out + command.err
    words = shlex.split(Template(line.replace(":?", "")).substitute(YOUR_TOKEN=TOKEN))
    assert words[0] == "imggen"
    assert "processing" in command(*words[1:])


def test_a_lost_feed_of_events_says_how_to_go_on(fake: FakeService) -> None:
    for _ in range(20):
        fake.fail_next(ErrorReason.ERROR_REASON_DATABASE_UNAVAILABLE, method="WatchEvents")
    follow = events.callback.__wrapped__  # type: ignore[union-attr] # that of `connected`
    with SyncClient(fake.target, patience=0.1) as client, pytest.raises(Unavailable) as gone:
        follow(Session(client, json=False), "event-7", ())
    assert describe(gone.value).endswith("; resume with: imggen events --after event-7")
