"""Who may import whom, as pyproject.toml states it."""

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports


def test_every_import_keeps_to_the_house(
    pytestconfig: pytest.Config, capsys: pytest.CaptureFixture[str]
) -> None:
    config = pytestconfig.rootpath / "pyproject.toml"
    status = lint_imports(config_filename=str(config), no_cache=True)
    assert status == EXIT_STATUS_SUCCESS, capsys.readouterr().out
