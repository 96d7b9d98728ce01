"""Secrets of URLs are not shown."""

import pytest

from server.hidden import without_secrets

S3 = "https://s3.example/b/k.png?X-Amz-Algorithm=AWS4&X-Amz-Signature=hush&X-Amz-Credential=hush"


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://u:hush@db/x",
        "postgresql://u:hu@hush@db/x",
        "postgresql://u:hu/hush@db/x",
        "postgresql://u@db/x?password=hush",
        "postgresql://u@db/x?sslmode=require&sslpassword=hush&password=hush",
        "https://hush@issuer.example/keys",
        "https://user:hush@issuer.example/keys",
        "https://issuer.example/keys?token=hush",
        "https://issuer.example/keys#hush",
        f'Bad status line: b"GET {S3} HTTP/1.1"',
        "GET /media/u/j/1/a.png?expires=1&signature=hush",
    ],
)
def test_a_secret_of_a_url_is_hidden(text: str) -> None:
    shown = without_secrets(text)
    assert "hush" not in shown
    assert "********" in shown


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://u@db:5432/x?sslmode=require&application_name=web",
        "postgresql:///x?host=/run/postgresql",
        "s3://bucket/folder",
        "file:///pixels",
        "http://127.0.0.1:8080",
        "what? nothing = nothing",
    ],
)
def test_what_is_no_secret_is_shown(text: str) -> None:
    assert without_secrets(text) == text


@pytest.mark.parametrize("end", [")", "'", "').", "'), then", '"', ""])
def test_a_secret_with_brackets_is_hidden_to_its_end(end: str) -> None:
    shown = without_secrets(f"postgresql://u@db/x?password=hu)s'h{end}")
    assert shown == f"postgresql://u@db/x?password=********{end}"
