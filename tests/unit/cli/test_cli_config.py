"""Profiles, versions and completion of the `imggen` command."""

import io
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from imggen import SyncClient
from imggen.errors import Unauthenticated
from imggen.testing import FakeService
from imggen.tokens import no_token
from tests.unit.cli.conftest import Command


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    for name in ("IMGGEN_SERVER", "IMGGEN_TOKEN", "IMGGEN_CA", "IMGGEN_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    return Command(capsys)


def test_a_value_comes_from_its_option_else_the_environment_else_the_profile(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FakeService() as option, FakeService() as variable, FakeService() as profile:
        command("config", "set", "home", "--server", profile.target)

        def called() -> list[int]:
            return [len(one.requests("ListStyles")) for one in (option, variable, profile)]

        command("styles")
        assert called() == [0, 0, 1]
        monkeypatch.setenv("IMGGEN_SERVER", variable.target)
        command("styles")
        monkeypatch.setenv("IMGGEN_PROFILE", "home")
        command("styles")
        assert f"note: {variable.target} is used" in command.err
        assert called() == [0, 2, 1]
        command("--profile", "home", "styles")
        assert called() == [0, 2, 2]
        command("--profile", "home", "styles", "--server", option.target)
        assert f"note: {option.target} is used" in command.err
        assert called() == [1, 2, 2]


def test_no_token_goes_to_a_server_that_another_source_names(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FakeService(token="prod") as prod, FakeService(token="stage") as stage:
        command("config", "set", "stage", "--server", stage.target, "--token", "stage")
        command("config", "set", "bare", "--server", stage.target)
        monkeypatch.setenv("IMGGEN_TOKEN", "prod")
        command("--profile", "stage", "styles")
        command("styles", "--profile", "bare", code=1)
        assert "TOKEN_MISSING" in command.err
        assert 'IMGGEN_TOKEN is not sent to the server of the profile "bare"' in command.err
        command("styles", "--profile", "bare", "--token", "stage")
        monkeypatch.setenv("IMGGEN_SERVER", prod.target)
        command("--profile", "stage", "styles")
        command("--profile", "bare", "styles", code=1)
        command("styles")
        assert [len(one.requests("ListStyles")) for one in (prod, stage)] == [
            1,
            5,
        ]  # with those refused


def test_an_empty_server_is_refused(command: Command) -> None:
    command("styles", "--server", "", code=2)
    assert "is no address" in command.err


def test_a_client_without_a_token_takes_none_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("IMGGEN_TOKEN", "secret")
    with FakeService(token="secret") as fake:
        with SyncClient(fake.target) as client:
            assert list(client.styles())
        tokenless = SyncClient(fake.target, token=no_token)
        with tokenless, pytest.raises(Unauthenticated, match="token"):
            list(tokenless.styles())


def test_a_profile_is_named_before_or_after_the_command_or_by_the_environment(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FakeService(token="one") as first, FakeService(token="two") as second:
        command("config", "set", "first", "--server", first.target, "--token", "one")
        command("config", "set", "second", "--server", second.target, "--token", "two")
        command("styles")  # the first one is the default
        command("--profile", "second", "styles")
        command("styles", "--profile", "second")
        monkeypatch.setenv("IMGGEN_PROFILE", "second")
        command("styles")
        command("--profile", "first", "styles")
        command("styles", "--profile", "first")
        assert [len(one.requests("ListStyles")) for one in (first, second)] == [3, 3]
        monkeypatch.delenv("IMGGEN_PROFILE")
        command("config", "use", "second")
        command("styles")
        assert len(second.requests("ListStyles")) == 4


def test_the_token_of_a_profile_goes_to_its_own_server_only(command: Command) -> None:
    with FakeService(token="kept") as own, FakeService(token="kept") as other:
        command("config", "set", "own", "--server", own.target, "--token", "kept")
        command("styles")
        command("styles", "--server", other.target, code=1)
        assert "TOKEN_MISSING" in command.err
        command("styles", "--token", "another", code=1)
        assert "TOKEN_INVALID" in command.err


def test_tokens_are_readable_by_their_user_alone_and_never_shown(
    command: Command, no_profiles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("a-secret\n"))
    command("config", "set", "home", "--server", "127.0.0.1:1", "--token", "-")
    assert stat.S_IMODE(no_profiles.stat().st_mode) == 0o600
    assert stat.S_IMODE(no_profiles.parent.stat().st_mode) == 0o700
    assert "a-secret" in no_profiles.read_text()
    shown = command("config", "list") + str(command.json("config", "list"))
    assert "home" in shown
    assert "a-secret" not in shown
    no_profiles.chmod(0o644)
    command("config", "list", code=2)
    assert f"chmod 600 {no_profiles}" in command.err


def test_profiles_are_changed_and_removed(command: Command, no_profiles: Path) -> None:
    command("config", "set", "home", "--server", "127.0.0.1:1")
    command("config", "set", "home", "--insecure")
    [one] = command.json("config", "list")["profiles"]
    assert (one["server"], one["tls"], one["default"]) == ("127.0.0.1:1", "no", "yes")
    command("config", "remove", "home")
    assert command.json("config", "list")["profiles"] == []
    command("styles", "--profile", "home", code=2)
    assert '"home" is not a profile' in command.err
    command("config", "set", "home", code=2)
    command("config", "set", " ", "--server", "127.0.0.1:1", code=2)
    command("config", "set", "home", "--token", "x", code=2)
    assert "a profile needs a server" in command.err
    assert [path.name for path in no_profiles.parent.iterdir()] == ["config.json"]


@pytest.mark.parametrize(
    "text",
    [
        *("{", "[]", "\xff", "[" * 100_000, '{"default": 5}', '{"profiles": []}'),
        *('{"profiles": {"a": {"port": 1}}}', '{"profiles": {"a": 5}}'),
        *('{"profiles": {"a": {"server": 5}}}', '{"profiles": {"a": {"ca": 5}}}'),
        *('{"profiles": {"a": {"insecure": "no"}}}', '{"profiles": {"a": {"insecure": 1}}}'),
    ],
)
def test_a_file_that_holds_no_profiles_is_named(
    command: Command, no_profiles: Path, text: str
) -> None:
    no_profiles.parent.mkdir()
    no_profiles.write_bytes(text.encode("latin-1"))
    command("config", "list", code=2)
    [line] = command.err.splitlines()[-1:]
    assert line.startswith(f"Error: {no_profiles} ")
    command("styles", "--profile", "a", code=2)
    assert str(no_profiles) in command.err
    with FakeService() as fake:
        command("styles", "--server", fake.target, code=2)
        command("styles", "--server", fake.target, "--token", "t")  # it is not needed


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--server", "bad addr"), "--server 'bad addr' is no address; use HOST:PORT"),
        (("--server", "a\tb:1"), "is no address"),
        (("--token", "x y"), "--token has a character that no token has: ' '"),
        (("--token", "Bearer abc"), "--token begins with 'Bearer'"),
        (("--token", "-"), "no token came from the pipe"),
        (("--insecure", "--ca", "some.pem"), "--insecure uses no certificates"),
        (("--ca", "some.pem"), "some.pem holds no CA certificates in PEM"),
    ],
)
def test_a_profile_that_could_not_be_used_is_not_kept(
    command: Command,
    no_profiles: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("some.pem").write_text("none")
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    command("config", "set", "home", "--server", "127.0.0.1:1", "--token", "kept")
    before = no_profiles.read_text()
    command("config", "set", "home", *words, code=2)
    assert said in command.err
    assert no_profiles.read_text() == before


def test_profiles_are_written_through_a_link(
    command: Command, no_profiles: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "dotfiles" / "imggen.json"
    no_profiles.parent.mkdir()
    no_profiles.symlink_to(kept)
    command("config", "set", "home", "--server", "127.0.0.1:1", "--token", "secret")
    command("config", "set", "other", "--server", "127.0.0.1:2")
    assert no_profiles.is_symlink()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert [path.name for path in kept.parent.iterdir()] == ["imggen.json"]
    assert [one["name"] for one in command.json("config", "list")["profiles"]] == ["home", "other"]


def test_the_versions_of_client_and_server_need_no_token(
    command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    with FakeService(token="secret") as fake, SyncClient(fake.target) as client:
        shown = command("version", "--server", fake.target).splitlines()
        assert shown == ["client 0.1.0", f"server 0.1.0 ({fake.target})"]
        both = command.json("version", "--server", fake.target)
        assert both == {"client": "0.1.0", "server": "0.1.0"}
        assert client.server_version() == "0.1.0"
    assert "0.1.0" in command("--version")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_what_completes_the_command(command: Command, shell: str) -> None:
    assert "_IMGGEN_COMPLETE" in command("completion", shell)


def test_the_words_of_a_command_are_completed() -> None:
    asking = {
        **os.environ,
        "_IMGGEN_COMPLETE": "bash_complete",
        "COMP_WORDS": "imggen batch do",
        "COMP_CWORD": "2",
    }
    code = "import sys; sys.argv[0] = 'imggen'; from imggen.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], env=asking, capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines() == ["plain,download"]
