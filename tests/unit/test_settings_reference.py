"""The README's table of settings is the one that the classes give."""

from pathlib import Path

import pytest

from server.settings import GatewaySettings
from server.settings_reference import BEGIN, END, all_settings, between_markers, settings_table

README = Path(__file__).parents[2] / "README.md"


def test_the_readme_has_the_table_of_the_settings_as_they_are() -> None:
    assert between_markers(README.read_text()) == settings_table(all_settings()), (
        "put the output of `python -m server settings --markdown` between the README's markers"
    )


def test_every_setting_has_a_row_with_its_default_and_meaning() -> None:
    rows = settings_table(all_settings()).splitlines()[2:]

    assert len(rows) == len({row.split("`")[1] for row in rows})
    assert {f"IMGGEN_{name.upper()}" for name in GatewaySettings.model_fields} <= {
        row.split("`")[1] for row in rows
    }
    assert all(row.split("|")[3].strip() for row in rows)
    assert "| `IMGGEN_DRAIN_S` | `20` |" in settings_table([GatewaySettings])


def test_the_table_tells_no_secret() -> None:
    secret = GatewaySettings.model_fields["jwt_secret"].default.get_secret_value()

    assert secret not in settings_table([GatewaySettings])


def test_a_document_without_markers_is_refused() -> None:
    assert between_markers(f"before\n{BEGIN}\nrow\n{END}\nafter") == "row\n"
    with pytest.raises(ValueError, match="lacks the markers"):
        between_markers("no markers")
