"""docs/settings.md is what the settings classes say."""

from pathlib import Path

import pytest

from actors.settings import DATA_PLANE_SETTINGS, WorkerSettings
from server.settings import GatewaySettings
from server.settings_reference import all_settings, settings_page, settings_table

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


def test_the_page_is_what_the_settings_classes_say() -> None:
    assert PAGE.read_text() == settings_page(all_settings(), DATA_PLANE_SETTINGS), (
        "run `make settings`"
    )


def test_every_setting_has_a_row_with_its_default_and_meaning() -> None:
    rows = settings_table(all_settings()).splitlines()[2:]

    assert len(rows) == len({row.split("`")[1] for row in rows})
    assert {f"IMGGEN_{name.upper()}" for name in GatewaySettings.model_fields} <= {
        row.split("`")[1] for row in rows
    }
    assert all(row.split("|")[3].strip() for row in rows)
    assert "| `IMGGEN_DRAIN_S` | `20` |" in settings_table([GatewaySettings])


def test_a_default_can_be_pasted_into_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    [row] = [row for row in settings_table([WorkerSettings]).splitlines() if "IMGGEN_SLOTS" in row]

    monkeypatch.setenv("IMGGEN_SLOTS", row.split("|")[2].strip(" `"))

    assert WorkerSettings().slots == WorkerSettings.model_fields["slots"].default


def test_the_table_shows_no_secret() -> None:
    secret = GatewaySettings.model_fields["jwt_secret"].default.get_secret_value()

    assert secret not in settings_table([GatewaySettings])
