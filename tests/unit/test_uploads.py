"""Pictures from others: files that are refused, and the processes that read the rest."""

import os
import signal
import threading
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from actors.pictures.reader import ProcessLimits, UploadReader
from actors.pictures.uploads import Header, UploadLimits, UploadRefused, check_upload
from tests.unit.bad_files import BAD, JPEG, PNG, WEBP
from tests.unit.picture_files import saved, turned

SAID = {
    "empty": "no picture that is read; send a PNG, a JPEG or a WebP",
    "text": "no picture that is read",
    "gif": "no picture that is read",
    "bmp": "no picture that is read",
    "tiff": "no picture that is read",
    "svg": "no picture that is read",
    "sound": "no picture that is read",
    "png signature alone": "cut off",
    "png cut in its header": "cut off",
    "png cut in its pixels": "cut off",
    "png without an end": "cut off",
    "png with a wrong checksum": "checksum of its b'IDAT' chunk is wrong",
    "png whose header is second": "its header is not its first chunk",
    "png of no width": "0x9 pixels",
    "png of too long a side": "a side may have 12,000",
    "png bomb": "121,000,000 pixels; it may have 36,000,000",
    "png that says it is huge": "a side may have 12,000",
    "png of too many chunks": "more than 10,000 chunks",
    "png of too many pictures": "1,000 pictures; it may hold 8",
    "png and zip": "ZIP archive, too",
    "png and zip in one": "ZIP archive, too",
    "png and web page": "<script",
    "jpeg cut off": "cut off",
    "jpeg without a frame": "cut off",
    "jpeg that says it is huge": "a side may have 12,000",
    "jpeg of no height": "40x0 pixels",
    "jpeg of too many segments": "more than 10,000 chunks",
    "jpeg and pdf": "%pdf-",
    "jpeg and program": "after the end of its picture",
    "webp cut off": "cut off",
    "webp and more": "after the end of its picture",
    "webp that says it is huge": "a side may have 12,000",
    "webp of too many pictures": "9 pictures; it may hold 8",
    "webp without a picture": "cut off",
}
"""What is said of files that are refused before they are decoded."""


@pytest.fixture(scope="module")
def reader() -> Iterator[UploadReader]:
    with UploadReader(processes=1) as reader:
        yield reader


def test_there_are_thirty_bad_files() -> None:
    assert len(BAD) >= 30
    assert len(set(BAD.values())) == len(BAD)


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_and_the_next_one_is_read(name: str, reader: UploadReader) -> None:
    with pytest.raises(UploadRefused, match=SAID.get(name, "bytes are no picture")):
        reader.read(BAD[name])
    assert reader.read(PNG).format == "PNG"


@pytest.mark.parametrize("name", SAID)
def test_it_is_refused_before_it_is_decoded(name: str) -> None:
    with pytest.raises(UploadRefused):
        check_upload(BAD[name])


@pytest.mark.parametrize("data", [PNG, JPEG, WEBP], ids=["png", "jpeg", "webp"])
def test_no_beginning_of_a_picture_is_taken_for_one(data: bytes) -> None:
    for length in range(len(data)):
        with pytest.raises(UploadRefused):
            check_upload(data[:length])


@pytest.mark.parametrize(("kind", "data"), {"PNG": PNG, "JPEG": JPEG, "WEBP": WEBP}.items())
def test_a_good_file_is_read_to_its_pixels(kind: str, data: bytes, reader: UploadReader) -> None:
    assert check_upload(data) == Header(kind, 40, 40)
    found = reader.read(data)
    assert (found.format, found.width, found.height) == (kind, 40, 40)
    with Image.open(BytesIO(data)) as given, Image.open(BytesIO(found.png)) as shown:
        assert shown.tobytes() == given.convert("RGB").tobytes()
        assert shown.info == {}


def test_a_picture_is_upright_and_keeps_its_alpha(reader: UploadReader) -> None:
    image = Image.new("RGBA", (30, 20), "#00800040")
    found = reader.read(saved(image, "WEBP", lossless=True, exif=turned(6)))
    assert (found.width, found.height) == (20, 30)
    with Image.open(BytesIO(found.png)) as shown:
        assert shown.getpixel((0, 0)) == (0, 128, 0, 64)


def test_a_jpeg_may_hold_more_pictures_where_it_says_so() -> None:
    several = saved(
        Image.new("RGB", (40, 30)), "MPO", save_all=True, append_images=[Image.new("RGB", (9, 9))]
    )
    assert check_upload(several) == Header("JPEG", 40, 30, 2)
    with pytest.raises(UploadRefused, match="2 pictures; it may hold 1"):
        check_upload(several, UploadLimits(frames=1))
    with pytest.raises(UploadRefused, match="after the end"):
        check_upload(several + b"more")


def test_the_limits_are_those_that_were_given() -> None:
    with pytest.raises(UploadRefused, match=f"it has {len(PNG):,} bytes; it may have 99"):
        check_upload(PNG, UploadLimits(bytes=99))
    with pytest.raises(UploadRefused, match="1,600 pixels; it may have 1,599"):
        check_upload(PNG, UploadLimits(pixels=1599))


def test_a_picture_that_needs_too_much_memory_is_refused() -> None:
    large = saved(Image.new("RGB", (3000, 3000), "teal"))
    with (
        UploadReader(process=ProcessLimits(memory=1 << 20), processes=1) as reader,
        pytest.raises(UploadRefused, match=r"memory|MiB"),
    ):
        reader.read(large)


def test_a_picture_that_takes_too_long_is_refused() -> None:
    with (
        UploadReader(process=ProcessLimits(wall_s=0), processes=1) as reader,
        pytest.raises(UploadRefused, match=r"could not be decoded within .* and 0 s"),
    ):
        reader.read(PNG)


def test_a_process_that_has_died_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMGGEN_OPENAI_API_KEY", "a secret")
    with UploadReader(processes=1) as reader:
        others = children()
        reader.read(PNG)
        (before,) = children() - others
        secrets = Path(f"/proc/{before}/environ").read_bytes()
        assert b"a secret" not in secrets
        os.kill(before, signal.SIGKILL)
        os.waitid(os.P_PID, before, os.WEXITED | os.WNOWAIT)
        assert reader.read(JPEG).format == "JPEG"
        (after,) = children() - others
        assert after != before
    assert children() == others


def test_a_picture_of_which_a_process_dies_takes_no_second_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = tmp_path / "started"
    (tmp_path / "sitecustomize.py").write_text(
        f"import os\nwith open({str(started)!r}, 'a') as file:\n    file.write('one ')\n"
        "os._exit(9)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with (
        UploadReader(processes=2) as reader,
        pytest.raises(UploadRefused, match="could not be decoded within"),
    ):
        reader.read(PNG)
    assert started.read_text() == "one "


def children() -> set[int]:
    """Returns the readers that this thread has started, and that have not been waited for."""
    task = Path(f"/proc/{os.getpid()}/task/{threading.get_native_id()}/children")
    return {
        int(one)
        for one in task.read_text().split()
        if b"actors.pictures.reading" in Path(f"/proc/{one}/cmdline").read_bytes()
    }
