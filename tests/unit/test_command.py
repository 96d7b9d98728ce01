"""The subcommands of `python -m server` that do not serve."""

import time

import jwt
import pytest

from server.__main__ import main
from server.settings import DEVELOPMENT_SECRET
from server.settings_reference import all_settings, settings_table

STORAGE = {
    "IMGGEN_STORAGE_URL": "file:///pixels",
    "IMGGEN_URL_SECRET": "a-secret-of-our-own-with-enough-bytes",
    "IMGGEN_PUBLIC_URL": "http://127.0.0.1:8080",
}


def test_a_token_is_minted_for_a_subject_with_roles(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["token", "--subject", "mia", "--role", "admin", "--ttl", "60"])

    token = capsys.readouterr().out.strip()
    claims = jwt.decode(token, DEVELOPMENT_SECRET, ["HS256"], audience="imggen")
    assert status == 0
    assert (claims["sub"], claims["iss"], claims["roles"]) == ("mia", "imggen-dev", ["admin"])
    assert claims["exp"] <= time.time() + 60


def test_no_token_is_minted_where_an_issuer_signs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMGGEN_JWKS_URL", "https://issuer.example/keys.json")

    assert main(["token"]) == 2
    assert "https://issuer.example/keys.json" in capsys.readouterr().err


def test_an_unknown_role_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["token", "--role", "cook"])

    assert "reviewer" in capsys.readouterr().err


def test_the_table_of_settings_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["settings", "--markdown"]) == 0
    assert capsys.readouterr().out == settings_table(all_settings())


def test_settings_are_printed_as_they_are_without_secrets(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in STORAGE.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("IMGGEN_DATABASE_URL", "postgresql://imggen:hunter2@db/imggen")
    monkeypatch.setenv("IMGGEN_MODELS", "storybook,sdxl")

    status = main(["settings"])

    output = capsys.readouterr().out
    assert status == 0
    assert "IMGGEN_MODELS=storybook,sdxl\n" in output
    assert "IMGGEN_JWKS_FILE=\n" in output
    assert "IMGGEN_DATABASE_URL=postgresql://imggen:********@db/imggen\n" in output
    assert "IMGGEN_STORAGE_URL=file:///pixels\n" in output
    for secret in ("hunter2", DEVELOPMENT_SECRET, STORAGE["IMGGEN_URL_SECRET"]):
        assert secret not in output


def test_settings_that_do_not_fit_are_explained_by_their_variables(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMGGEN_HTTP_PORT", "web")
    monkeypatch.setenv("IMGGEN_DRAIN_S", "-1")

    status = main(["token"])

    lines = capsys.readouterr().err.splitlines()
    assert status == 2
    assert [line.split(":")[1].strip() for line in lines] == ["IMGGEN_HTTP_PORT", "IMGGEN_DRAIN_S"]


def test_a_database_that_is_away_cannot_be_migrated(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMGGEN_DATABASE_URL", "postgresql://127.0.0.1:1/imggen")

    assert main(["migrate"]) == 1
    assert capsys.readouterr().err.startswith("error: the database is away")


def test_help_explains_the_first_start(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])

    assert "python -m server migrate" in capsys.readouterr().out
