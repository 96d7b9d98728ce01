"""What the command says where another model stands for the one that was asked for."""

import pytest

from imggen.batches import BatchSnapshot
from imggen.cli.batches import print_end
from imggen.cli.progress import notes
from imggen.v1.batch_pb2 import BATCH_STATUS_COMPLETED, Batch, BatchImage
from imggen.v1.job_pb2 import Job

HEIR = "dall-e-3 is not served any more, gpt-image-2.5-flare draws for it"
JOB = Job(model="gpt-image-2.5-flare")


def test_a_picture_says_which_model_draws_for_the_one_asked_for() -> None:
    assert notes(JOB, "dall-e-3") == [HEIR]


@pytest.mark.parametrize("asked", ["", JOB.model])
def test_a_model_that_was_asked_for_draws_without_a_word(asked: str) -> None:
    assert notes(JOB, asked) == []


def test_a_story_says_it_once(capsys: pytest.CaptureFixture[str]) -> None:
    batch = Batch(batch_id="b", status=BATCH_STATUS_COMPLETED)
    last = BatchSnapshot(batch=batch, images=[BatchImage(job=JOB)] * 2)
    print_end(last, {}, "dall-e-3")
    assert capsys.readouterr().out.splitlines().count(HEIR) == 1
    print_end(last, {})
    assert HEIR not in capsys.readouterr().out
