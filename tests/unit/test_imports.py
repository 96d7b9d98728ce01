"""The import rules in pyproject.toml."""

import pytest
from importlinter import configuration
from importlinter.application.use_cases import lint_imports


def test_every_import_keeps_to_the_rules(
    pytestconfig: pytest.Config, capsys: pytest.CaptureFixture[str]
) -> None:
    # Not by `importlinter.cli`, which sets the logging of the whole process.
    configuration.configure()
    config = pytestconfig.rootpath / "pyproject.toml"
    assert lint_imports(str(config), cache_dir=None, no_logo=True), capsys.readouterr().out
