"""Every variable that a config of `cluster` names is a setting, wherever it is built."""

import re
from pathlib import Path

import pytest

from cluster.embedded.processes import MARK
from tests.markdown import ROOT
from tests.settings_names import DATA_PLANE, GATEWAY

FOLDERS = ("kubernetes", "ray", "serve", "observe", "images")
FILES = [
    pytest.param(path, id=path.relative_to(ROOT).as_posix())
    for folder in FOLDERS
    for path in sorted((ROOT / "cluster" / folder).rglob("*"))
    if path.suffix in (".yaml", ".env", ".md") or path.name == "Dockerfile"
]


@pytest.mark.parametrize("path", FILES)
def test_every_variable_that_is_named_is_a_setting(path: Path) -> None:
    text = path.read_text()
    named = set(re.findall(r"\bIMGGEN_[A-Z][A-Z_]*[A-Z]\b", text))
    assert named - (GATEWAY | DATA_PLANE | {MARK}) == set()
