"""Options that would change nothing are refused, and nothing is asked for."""

from pathlib import Path

import pytest

from imggen.testing import FakeService
from tests.unit.cli.conftest import Command

TALE = "title: The Map\nstyle: anime\npages: [{text: a cat}]\n"
ID = "68f9b9c8-4f3e-4c2a-8d5a-0f7a1f6f2b11"
JOBS = (("portrait", ID, "--style", "anime"), ("scene", ID, "1"), ("regenerate", ID))
STORY = ("story", "tale.yaml")
UPDATE = ("stories", "update", ID)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        *(((*job, "--no-wait", "-o", "x.png"), "--output saves nothing") for job in JOBS),
        *(((*job, "--no-wait", "--kind", "print"), "--kind saves nothing") for job in JOBS),
        *(((*job, "--kind", "display"), "--kind is for a picture") for job in JOBS),
        *(((*job, "--force"), "--force is for a picture") for job in JOBS),
        (("batch", "watch", ID, "--kind", "print"), "--kind is for a picture"),
        (("batch", "watch", ID, "--force"), "--force is for a picture"),
        ((*STORY, "--no-wait", "-o", "here"), "--output saves nothing"),
        ((*STORY, "--no-wait", "--kind", "print"), "--kind saves nothing"),
        ((*STORY, "--no-wait", "--again", "--force"), "--force saves nothing"),
        ((*STORY, "--no-wait", "--strict"), "--strict is for the end"),
        ((*STORY, "--quote", "--plan"), "give --quote or --plan"),
        ((*STORY, "--quote", "--again", "--no-wait"), "--again is for drawing"),
        ((*STORY, "--plan", "--no-wait"), "--no-wait is for drawing"),
        ((*STORY, "--plan", "-o", "here"), "--output is for drawing"),
        ((*STORY, "--quote", "--strict"), "--strict is for drawing"),
        ((*UPDATE, "--page", "1=x", "--remove-page", "1"), "page 1 is both changed and removed"),
        ((*UPDATE, "--scene", "1=", "--remove-page", "1"), "page 1 is both changed and removed"),
        ((*UPDATE, "--page", "1=a", "--page", "01=b"), "names page 1 twice"),
    ],
)
def test_what_would_be_ignored_is_refused(
    command: Command,
    fake: FakeService,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("tale.yaml").write_text(TALE)
    command(*words, code=2)
    assert said in command.err
    assert not fake.received
    assert [path.name for path in tmp_path.iterdir()] == ["tale.yaml"]
