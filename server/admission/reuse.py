"""Reuse: which jobs of a request stored pictures answer."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from server.domain.batches import NewBatch
from server.domain.jobs import Copy, NewJob
from server.domain.reuse import Reuse
from server.requests.pictures import Picture
from server.requests.stories import Storyboard
from server.store.store import Statements


async def copies_of(tx: Statements, jobs: Sequence[NewJob], *, checked: bool) -> tuple[Copy, ...]:
    """Returns the jobs that stored pictures answer; those pictures stay until the commit.

    `checked` is whether only pictures will do that a classifier has looked at.
    """
    found = await tx.reuses.find(jobs, checked=checked)
    return tuple(Copy(job, found[job.id]) for job in jobs if job.id in found)


async def with_copies(tx: Statements, batch: NewBatch, *, checked: bool) -> NewBatch:
    """Returns a batch that draws only what no stored picture answers, as `copies_of` finds them."""
    copies = await copies_of(tx, batch.jobs, checked=checked)
    answered = {copy.job.id for copy in copies}
    drawn = tuple(job for job in batch.jobs if job.id not in answered)
    return replace(batch, jobs=drawn, copies=copies)


def reusing(board: Storyboard) -> Iterator[Picture]:
    """Yields the pictures of a storyboard; equal ones are answered by different pictures.

    One that is drawn from a portrait of the same batch is always drawn: what it is drawn from
    does not exist yet.
    """
    needing = {place for place, _ in board.needs}
    equal: Counter[bytes] = Counter()
    for place, picture in enumerate(board.pictures):
        if picture.reuse is None:
            yield picture
        elif place in needing and picture.spec.use_references:
            yield replace(picture, reuse=None)
        else:
            content = picture.spec.content_digest()
            yield replace(picture, reuse=Reuse(place=equal[content]))  # a story asks for no seeds
            equal[content] += 1
