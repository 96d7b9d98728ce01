"""Headers of safetensors that nobody may be hurt by: each is refused with the file's name."""

import json
from pathlib import Path

import pytest

from actors.engine.headers import read_header, read_metadata
from actors.engine.refusal import CheckpointRefused


def _written(folder: Path, header: bytes, length: int | None = None) -> Path:
    file = folder / "odd.safetensors"
    file.write_bytes((len(header) if length is None else length).to_bytes(8, "little") + header)
    return file


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (b"[" * 200_000, "odd.safetensors: its header is damaged"),
        (b"[1, 2]", "odd.safetensors: its header is damaged"),
        (b'{"a"', "odd.safetensors: its header is damaged"),
        (b'{"a": {"dtype": "F32"}}', "odd.safetensors: its header is damaged"),
    ],
    ids=["deep", "list", "cut", "incomplete"],
)
def test_a_header_that_is_none_is_refused(tmp_path: Path, header: bytes, words: str) -> None:
    with pytest.raises(CheckpointRefused, match=words):
        read_header(_written(tmp_path, header))


def test_a_header_longer_than_safetensors_reads_is_not_read(tmp_path: Path) -> None:
    file = _written(tmp_path, b"{}", length=150_000_000)
    with file.open("r+b") as stream:
        stream.truncate(200_000_000)  # no bytes of it lie on the disk
    with pytest.raises(CheckpointRefused, match="are no safetensors"):
        read_header(file)


def test_what_a_file_says_of_itself_is_read(tmp_path: Path) -> None:
    told = json.dumps({"__metadata__": {"format": "pt"}}).encode()
    assert read_metadata(_written(tmp_path, told)) == {"format": "pt"}
    assert read_metadata(_written(tmp_path, b"{}")) == {}
    with pytest.raises(CheckpointRefused, match="its metadata are no object"):
        read_metadata(_written(tmp_path, b'{"__metadata__": [1]}'))
