"""A picture that is refused for several categories counts in each, so that labels are few."""

from uuid import uuid4

import pytest

from actors.testing.classifying import KeptRefusedPictures, ScriptedPictures
from actors.worker.pictures import JobPictures, PictureNotAllowed
from server.domain.ids import ImageId, JobId, UserId
from server.domain.jobs import Claim
from server.domain.states import Lane
from tests.builders import render_spec


async def test_each_category_of_a_refused_picture_counts() -> None:
    counted = KeptRefusedPictures()
    pictures = JobPictures(ScriptedPictures({0: ("sexual", "violence")}), counted)
    job, user, image = JobId(uuid4()), UserId(uuid4()), ImageId(uuid4())
    claim = Claim(job, user, image, 1, render_spec(), Lane.LOCAL, "local", 0)
    with pytest.raises(PictureNotAllowed, match="refused for sexual, violence"):
        await pictures.check(claim, b"drawn", [b"stored"])
    assert counted.counts == {("scripted", "sexual"): 1, ("scripted", "violence"): 1}
