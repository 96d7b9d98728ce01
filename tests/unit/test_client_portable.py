"""The client runs where Python does: it has no code for one system, but where that is looked at."""

import ast
from collections.abc import Iterator
from pathlib import Path

import imggen

UNIX = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"}
UNIX_CALLS = {
    *("fork", "forkpty", "geteuid", "getuid", "getpgid", "killpg", "mkfifo", "setsid", "uname"),
    *("pthread_sigmask", "sigwait", "alarm", "setitimer", "pause"),
}
PLACES = ("/proc", "/tmp", "/dev/", "/etc/", "/var/")


def sources() -> Iterator[tuple[Path, ast.AST]]:
    """Yields the modules of the client that are written by hand."""
    for file in sorted(Path(imggen.__file__).parent.rglob("*.py")):
        if not file.name.endswith(("_pb2.py", "_pb2_grpc.py")):
            yield file, ast.parse(file.read_text("utf-8"))


def test_the_client_imports_nothing_that_only_unix_has() -> None:
    for file, tree in sources():
        for node in ast.walk(tree):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {name.partition(".")[0] for name in names} & UNIX, file


def test_the_client_calls_nothing_that_only_unix_has() -> None:
    for file, tree in sources():
        used = {
            node.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id in ("os", "signal")
        }
        assert not used & UNIX_CALLS, file


LINUX_ALONE = ("forks.py", "/proc/self/task")
"""Where there is no such place, forks do not wait for the end of gRPC's threads."""


def test_the_client_names_no_place_of_one_system() -> None:
    for file, tree in sources():
        documented = {
            ast.get_docstring(node, clean=False)
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                named = [place for place in PLACES if place in node.value]
                allowed = node.value in documented or (file.name, node.value) == LINUX_ALONE
                assert not named or allowed, (file, node.value)


def test_files_are_read_and_written_with_an_encoding() -> None:
    """Python's own is that of the locale, which is not UTF-8 on Windows."""
    for file, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                keywords = {each.arg for each in node.keywords}
                arguments = {"read_text": 1, "write_text": 2}.get(node.func.attr, 0)
                assert len(node.args) >= arguments or "encoding" in keywords, file
