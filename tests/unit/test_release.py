"""The version of a release: one number, wherever files and pages name it."""

import re

import pytest

from imggen.release import VERSION
from tests.markdown import ROOT

# An image's tag, kustomize's new tag, the Job that migrates the database.
NAMED = re.compile(r"imggen/[\w$-]+:(\d[\w.-]*)|newTag: (\d[\w.-]*)|migrate-(\d[\w.-]*\d)")


@pytest.mark.parametrize(
    "path",
    [
        "cluster/compose.yaml",
        "cluster/images/Dockerfile",
        "cluster/kubernetes/overlays/dev/kustomization.yaml",
        "cluster/kubernetes/overlays/prod/kustomization.yaml",
        "docs/clusters.md",
    ],
)
def test_images_have_the_version_of_the_client(path: str) -> None:
    named = {"".join(found) for found in NAMED.findall((ROOT / path).read_text())}
    assert named == {VERSION}
