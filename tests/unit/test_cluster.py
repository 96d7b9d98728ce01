"""The shared data and locks of the processes on one machine."""

import os
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

from cluster.embedded.local import main
from cluster.embedded.node import ray_node, token_in
from cluster.embedded.processes import (
    MARK,
    StartFailed,
    end_leftovers,
    end_users,
    free_port,
    kept_port,
    kept_secret,
    only_one,
)


def test_a_secret_is_created_once_and_readable_only_by_its_owner(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    secret = kept_secret(file)
    assert len(secret) >= 32
    assert kept_secret(file) == secret
    assert file.stat().st_mode & 0o077 == 0


def test_a_second_process_on_the_same_data_is_refused_with_the_first_ones_pid(
    tmp_path: Path,
) -> None:
    second = only_one(tmp_path)
    already = pytest.raises(StartFailed, match=r"already runs on .*, as process \d+; stop it first")
    with only_one(tmp_path), already, second:
        pass
    with only_one(tmp_path):
        pass


def test_a_free_port_is_taken_by_no_other_socket_meanwhile() -> None:
    ephemeral, _ = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()
    ports = {free_port() for _ in range(50)}
    assert len(ports) > 40  # two processes that ask at once get different ones
    assert all(1024 < port < int(ephemeral) for port in ports)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", ports.pop()))


def test_a_kept_port_is_the_same_until_another_program_listens_there(tmp_path: Path) -> None:
    file = tmp_path / "media-port"
    first = kept_port(file)
    assert kept_port(file) == first
    with socket.socket() as other:
        other.bind(("127.0.0.1", first))
        other.listen()
        second = kept_port(file)
    assert second != first
    assert kept_port(file) == second
    file.write_text("none")
    assert kept_port(file) > 1024


def test_the_command_says_what_it_can_do(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "--folder" in capsys.readouterr().out


def test_a_start_on_data_in_use_ends_with_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with only_one(tmp_path):
        assert main(["up", "--folder", str(tmp_path)]) == 1
    shown = capsys.readouterr().err
    assert "error: imggen already runs on" in shown
    assert f"logs: {tmp_path / 'logs'}" in shown


def test_only_processes_left_by_a_killed_one_are_ended(tmp_path: Path) -> None:
    def sleeper(folder: Path) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(["sleep", "600"], env={**os.environ, MARK: str(folder)})

    with sleeper(tmp_path) as leftover, sleeper(tmp_path / "another") as another:
        end_leftovers(tmp_path)
        assert leftover.wait(30) == -signal.SIGKILL
        assert another.poll() is None
        another.kill()


def test_processes_with_files_open_in_a_folder_are_ended_whatever_their_environment(
    tmp_path: Path,
) -> None:
    sleepers = []
    for name in ("ray", "ray-of-another"):
        (tmp_path / name).mkdir()
        with (tmp_path / name / "log").open("w") as log:
            sleepers.append(subprocess.Popen(["sleep", "600"], env={}, stdout=log))
    (tmp_path / "ray" / "log").unlink()
    with sleepers[0] as inside, sleepers[1] as beside:
        end_users(tmp_path / "ray")
        assert inside.wait(30) == -signal.SIGKILL
        assert beside.poll() is None
        beside.kill()


def test_a_ray_that_does_not_start_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("folder" * 20)  # too long for the sockets that Ray keeps in it
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    refused = pytest.raises(StartFailed, match=r"Ray did not start: .* run the command again")
    with refused, ray_node(tmp_path / "logs"):
        pass
    assert list(long.iterdir()) == []
    assert not (tmp_path / "logs").is_symlink()


def test_rays_token_is_not_written_below_the_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "RAY_AUTH_TOKEN_PATH"
    monkeypatch.delenv(name, raising=False)
    with token_in(tmp_path):
        token = Path(os.environ[name])
        assert token.parent == tmp_path
        assert token.stat().st_mode & 0o077 == 0
        assert len(token.read_text()) == 64
    assert name not in os.environ
    monkeypatch.setenv(name, "/my/token")
    with token_in(tmp_path):
        assert os.environ[name] == "/my/token"
