"""The subcommands of `python -m server` that do not serve."""

import os
import subprocess
import sys
import time
from importlib.metadata import version

import jwt
import pytest

from server.__main__ import main
from server.routing.catalogue import KNOWN
from server.settings import DEVELOPMENT_SECRET
from server.settings_reference import all_settings, settings_table

WRONG = {
    "IMGGEN_DRAIN_S": "-1",
    "IMGGEN_HEALTH_INTERVAL_S": "abc",
    "IMGGEN_HTTP_PORT": "web",
    "IMGGEN_JWT_ALGORITHMS": "HS256",
    "IMGGEN_JWT_ISSUER": "",
    "IMGGEN_METRICS_PORT": "99999",
    "IMGGEN_MODELS": "dall-e-9",
}
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


def test_the_server_has_the_version_of_the_client(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--version"])
    assert left.value.code == 0
    assert capsys.readouterr().out == f"imggen {version('imggen')}\n"


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


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("DATABASE_URL", "postgres://u@db/x?password=hush", "postgres://u@db/x?password=********"),
        ("JWKS_URL", "https://i.example/keys?k=hush", "https://i.example/keys?k=********"),
        ("ALERT_WEBHOOK_URL", "https://hooks.example/T1/hush", "https://hooks.example/********"),
    ],
)
def test_secrets_in_urls_are_hidden_wherever_they_are(
    name: str, value: str, shown: str,
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv(f"IMGGEN_{name}", value)
    if "WEBHOOK" in name:
        monkeypatch.setenv("IMGGEN_ALERT_WEBHOOK_SECRET", "a-secret-of-our-own-with-enough-bytes")

    assert main(["settings"]) == 0
    assert f"IMGGEN_{name}={shown}\n" in capsys.readouterr().out


def test_a_port_that_a_bucket_leaves_without_effect_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMGGEN_STORAGE_URL", "s3://pictures")
    monkeypatch.setenv("IMGGEN_HTTP_PORT", "8081")

    assert main([]) == 2
    assert capsys.readouterr().err.startswith("error: IMGGEN_HTTP_PORT: without effect")


def test_settings_that_do_not_fit_are_explained_by_their_variables(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in WRONG.items():
        monkeypatch.setenv(name, value)

    assert main(["token"]) == 2
    assert sorted(capsys.readouterr().err.splitlines()) == [
        "error: IMGGEN_DRAIN_S: must be 0 or more, is -1",
        'error: IMGGEN_HEALTH_INTERVAL_S: "abc" is not a number; use seconds, like 2',
        'error: IMGGEN_HTTP_PORT: "web" is not a whole number; use a number like 8080',
        'error: IMGGEN_JWT_ALGORITHMS: "HS256" is not offered; '
        "use RS256, RS384, RS512, PS256, ES256, ES384 or EdDSA",
        "error: IMGGEN_JWT_ISSUER: must not be empty",
        "error: IMGGEN_METRICS_PORT: must be 65535 or less, is 99999",
        f"error: IMGGEN_MODELS: dall-e-9: not offered; use some of {', '.join(KNOWN)}",
    ]


def test_settings_that_are_missing_are_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert capsys.readouterr().err == (
        "error: IMGGEN_STORAGE_URL: is required; set s3://bucket/folder or file:///folder\n"
    )


def test_settings_that_are_missing_are_printed_as_unset(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMGGEN_URL_SECRET", STORAGE["IMGGEN_URL_SECRET"])
    monkeypatch.setenv("IMGGEN_PUBLIC_URL", STORAGE["IMGGEN_PUBLIC_URL"])

    assert main(["settings"]) == 0
    output = capsys.readouterr().out
    assert "IMGGEN_STORAGE_URL=unset\n" in output
    assert "IMGGEN_PUBLIC_URL=http://127.0.0.1:8080\n" in output
    assert STORAGE["IMGGEN_URL_SECRET"] not in output


def test_a_reader_that_goes_away_ends_the_command_quietly() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "server", "settings"]
    ended = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)

    assert (ended.returncode, ended.stderr) == (1, b"")


def test_a_database_that_is_away_cannot_be_migrated(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMGGEN_DATABASE_URL", "postgresql://imggen:hunter2@127.0.0.1:1/imggen")

    assert main(["migrate"]) == 1
    assert capsys.readouterr().err == (
        'error: cannot reach the database "imggen" at 127.0.0.1:1 (Connection refused); '
        "start Postgres or set IMGGEN_DATABASE_URL\n"
    )


def test_help_explains_the_first_start(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])

    assert "python -m server migrate" in capsys.readouterr().out
