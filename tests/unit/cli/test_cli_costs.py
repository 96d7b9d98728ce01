"""What a batch cost, at its end."""

from imggen.cli.costs import cost_lines
from imggen.v1.batch_pb2 import Batch, BatchImage
from imggen.v1.job_pb2 import JOB_STATUS_COMPLETED, JOB_STATUS_FAILED, Job, JobStatus


def image(
    micros: int, model: str, status: JobStatus.ValueType = JOB_STATUS_COMPLETED, origin: str = ""
) -> BatchImage:
    """Returns an image of a batch."""
    provider = "local" if model == "storybook" else "openai"
    job = Job(
        model=model,
        provider=provider,
        status=status,
        actual_cost_micros=micros,
        reused_from_image_id=origin,
    )
    return BatchImage(job=job)


def test_a_cost_is_told_as_a_whole_and_by_model() -> None:
    images = [
        image(0, "storybook"),
        image(57_500, "gpt-image-2"),
        image(0, "storybook"),
        image(40_000, "gpt-image-2", JOB_STATUS_FAILED),
        image(0, "flare", JOB_STATUS_FAILED),
        image(0, "flare", origin="another"),
    ]
    assert list(cost_lines(Batch(actual_cost_micros=97_500), images)) == [
        "cost $0.0975",
        "  2 by storybook (local), free",
        "  1 by gpt-image-2 (openai), $0.0975",
    ]


def test_a_batch_that_drew_nothing_cost_nothing() -> None:
    assert list(cost_lines(Batch(), [])) == ["cost nothing"]
