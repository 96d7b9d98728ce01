"""The README's tables of settings match the classes."""

from pathlib import Path

import pytest
from pydantic_settings import BaseSettings

from actors.settings import DATA_PLANE_SETTINGS
from server.settings import GatewaySettings
from server.settings_reference import (
    END,
    all_settings,
    begin,
    between_markers,
    settings_table,
    with_table,
)

README = Path(__file__).parents[2] / "README.md"


@pytest.mark.parametrize(
    ("name", "classes"), [("gateway", all_settings()), ("data plane", DATA_PLANE_SETTINGS)]
)
def test_the_readme_has_the_tables_of_the_settings_as_they_are(
    name: str, classes: list[type[BaseSettings]]
) -> None:
    assert between_markers(README.read_text(), name) == settings_table(classes), (
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


def test_the_table_shows_no_secret() -> None:
    secret = GatewaySettings.model_fields["jwt_secret"].default.get_secret_value()

    assert secret not in settings_table([GatewaySettings])


def test_a_document_without_markers_is_refused() -> None:
    document = f"before\n{begin('gateway')}\nrow\n{END}\nafter"

    assert between_markers(document, "gateway") == "row\n"
    assert "row" not in with_table(document, "gateway", "other\n")
    with pytest.raises(ValueError, match="lacks the markers"):
        between_markers("no markers", "gateway")
