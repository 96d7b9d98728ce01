"""What a batch cost, by the models that drew it."""

from collections import Counter
from collections.abc import Iterable, Iterator

from imggen.rules.money import dollars
from imggen.v1.batch_pb2 import Batch, BatchImage
from imggen.v1.job_pb2 import JOB_STATUS_COMPLETED


def cost_lines(batch: Batch, images: Iterable[BatchImage]) -> Iterator[str]:
    """Yields the cost of a batch, then the pictures and the cost of each model.

    The cost of what failed belongs to the model of its last attempt. Reused pictures are not drawn
    by any.
    """
    yield f"cost {dollars(batch.actual_cost_micros, 'nothing')}"
    drawn: Counter[tuple[str, str]] = Counter()
    paid: Counter[tuple[str, str]] = Counter()
    for job in (image.job for image in images if not image.job.reused_from_image_id):
        who = job.model, job.provider
        drawn[who] += job.status == JOB_STATUS_COMPLETED
        paid[who] += job.actual_cost_micros
    for who in drawn:
        if drawn[who] or paid[who]:
            yield f"  {drawn[who]} by {who[0]} ({who[1]}), {dollars(paid[who])}"
