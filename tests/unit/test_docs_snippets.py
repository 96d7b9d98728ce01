"""The Python blocks of the two README files run as they stand."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from imggen.testing import FakeService
from tests.markdown import ROOT, blocks

TOKEN = "a-token"


def snippets() -> Iterator[tuple[str, str]]:
    """Yields where each Python block is, and its text on its own lines of the page."""
    for name in ("README.md", "client/README.md"):
        for block in blocks((ROOT / name).read_text()):
            if block.language == "python":
                yield f"{name}:{block.line}", "\n" * block.line + block.text


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeService]:
    """A service at the address, and for the token, that the blocks read."""
    with FakeService(token=TOKEN) as fake:
        monkeypatch.setenv("IMGGEN_SERVER", fake.target)
        monkeypatch.setenv("IMGGEN_TOKEN", TOKEN)
        yield fake


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(("where", "text"), [pytest.param(*one, id=one[0]) for one in snippets()])
def test_a_python_block_runs(
    where: str,
    text: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)  # some save pictures
    exec(compile(text, ROOT / where.partition(":")[0], "exec"), {"__name__": "__main__"})
    assert capsys.readouterr().out  # each prints what it found
