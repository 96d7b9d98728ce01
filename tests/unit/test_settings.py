"""The gateway refuses settings that do not fit together, and says how to fix them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from server.settings import DEVELOPMENT_SECRET, GatewaySettings, is_loopback

OWN_SECRET = "a-secret-of-our-own-with-enough-bytes"


@pytest.mark.parametrize(
    "listen", ["0.0.0.0:50051", "10.0.0.7:50051", "[::]:50051", "gateway.internal:50051"]
)
def test_the_development_secret_is_refused_where_others_can_reach_it(listen: str) -> None:
    with pytest.raises(ValidationError, match="development secret; set IMGGEN_JWKS_URL"):
        GatewaySettings(listen=listen)


@pytest.mark.parametrize("listen", ["127.0.0.1:0", "127.8.0.1:1", "localhost:50051", "[::1]:50051"])
def test_the_development_secret_is_taken_on_a_loopback_address(listen: str) -> None:
    settings = GatewaySettings(listen=listen)

    assert settings.jwt_secret.get_secret_value() == DEVELOPMENT_SECRET
    assert is_loopback(settings.host)


@pytest.mark.parametrize(
    "keys", [{"jwt_secret": OWN_SECRET}, {"jwks_url": "https://issuer.example/keys.json"}]
)
def test_a_gateway_with_its_own_keys_listens_anywhere(keys: dict[str, Any]) -> None:
    # Of keys alone: its pictures are checked.
    settings = GatewaySettings(listen="0.0.0.0:50051", image_safety="local", **keys)

    assert settings.host == "0.0.0.0"


ELSEWHERE = [
    *("0.0.0.0:50051", "10.0.0.7:50051", "*:50051"),
    *("[::]:50051", "[2001:db8::7]:50051", "[fe80::1%eth0]:50051", "[::ffff:0.0.0.0]:50051"),
    *("gateway.internal:50051", "localhost.example:50051", "127.0.0.1.example:50051"),
    *("dns:///localhost:50051", "unix:/run/imggen:1"),
]
"""Addresses that others may reach, or of which it is not certain that they cannot."""


@pytest.mark.parametrize("listen", ELSEWHERE)
def test_unchecked_pictures_are_not_served_where_others_can_reach_them(listen: str) -> None:
    with pytest.raises(ValidationError, match="not a loopback address") as refused:
        GatewaySettings(listen=listen, jwt_secret=SecretStr(OWN_SECRET))
    for name in ("IMGGEN_IMAGE_SAFETY", "IMGGEN_SERVE_UNCHECKED_PICTURES=anywhere", listen):
        assert name in str(refused.value)


@pytest.mark.parametrize("listen", ELSEWHERE)
@pytest.mark.parametrize(
    ("chosen", "warns"),
    [({"image_safety": "openai"}, False), ({"serve_unchecked_pictures": "anywhere"}, True)],
)
def test_an_operator_may_have_them_checked_or_served_on_purpose(
    listen: str, chosen: dict[str, Any], warns: bool
) -> None:
    settings = GatewaySettings(listen=listen, jwt_secret=SecretStr(OWN_SECRET), **chosen)
    assert settings.serves_unchecked_pictures is warns


@pytest.mark.parametrize("listen", ["127.0.0.1:0", "127.8.0.1:1", "localhost:50051", "[::1]:50051"])
def test_unchecked_pictures_are_served_on_a_loopback_address(listen: str) -> None:
    settings = GatewaySettings(listen=listen)
    assert settings.image_safety == "none"
    assert not settings.serves_unchecked_pictures


def test_a_unix_socket_is_no_address_of_a_gateway() -> None:
    # Its pictures and metrics are served over HTTP, on the same host.
    with pytest.raises(ValidationError, match="use host:port"):
        GatewaySettings(listen="unix:/run/imggen.sock", image_safety="local")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"listen": "50051"}, "use host:port"),
        ({"listen": "127.0.0.1:http"}, "use host:port"),
        ({"listen": "127.0.0.1:70000"}, "use host:port"),
        ({"listen": "::1:50051"}, r"use \[host\]:port, like \[::1\]:50051"),
        ({"listen": "2001:db8::7"}, "IPv6 address without brackets"),
        ({"listen": "fe80::1%eth0:50051"}, "IPv6 address without brackets"),
        ({"listen": "[::1:50051"}, "IPv6 address without brackets"),
        ({"database_url": "host=db password=x"}, "is not a URL of Postgres"),
        ({"jwt_secret": OWN_SECRET, "jwks_file": "/keys"}, "IMGGEN_JWT_SECRET: without effect"),
        ({"jwks_cooldown_s": 1}, "IMGGEN_JWKS_COOLDOWN_S: without effect"),
        ({"alert_webhook_secret": OWN_SECRET}, "IMGGEN_ALERT_WEBHOOK_SECRET: without effect"),
        ({"jwt_secret": "short"}, "has 5 bytes; HS256 needs 32"),
        ({"jwks_url": "file:///etc/keys"}, "must start with https://"),
        ({"jwks_url": "https://a.example", "jwks_file": "/keys"}, "not both"),
        ({"jwt_algorithms": "HS256"}, "RS256"),
        ({"jwt_algorithms": ""}, "jwt_algorithms"),
        ({"tls_cert_file": "/a.crt"}, "go together"),
        ({"tls_key_file": "/a.key"}, "go together"),
        ({"tls_client_ca_file": "/ca.crt"}, "needs IMGGEN_TLS_CERT_FILE"),
        ({"drain_s": -1}, "drain_s"),
        ({"models": "storybook,dall-e-9"}, "dall-e-9: not offered; use some of .*storybook"),
        ({"daily_budget_usd": "inf"}, "daily_budget_usd"),
        ({"daily_budget_usd": "nan"}, "daily_budget_usd"),
        ({"daily_budget_usd": "1e15"}, "daily_budget_usd"),
        ({"gpu_usd_per_hour": "inf"}, "gpu_usd_per_hour"),
        ({"drain_s": "inf"}, "drain_s"),
        ({"sweep_interval_s": "nan"}, "sweep_interval_s"),
        ({"catalogue_file": "/no/such.toml"}, "catalogue_file.*\\n.*cannot be read"),
    ],
)
def test_settings_that_do_not_fit_are_refused(values: Mapping[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        GatewaySettings.model_validate(values)


def test_a_refusal_does_not_print_secrets() -> None:
    with pytest.raises(ValidationError) as refused:
        GatewaySettings.model_validate({"jwt_secret": "hush-hush"})

    assert "hush-hush" not in str(refused.value)


@pytest.mark.parametrize(
    "values",
    [
        {"database_url": "postgresql://u:hush-hush/4@db/x"},
        {"database_url": "user=u password=hush-hush"},
        {"jwks_url": "ftp://u:hush-hush@issuer.example"},
    ],
)
def test_a_refusal_does_not_print_the_secrets_of_urls(values: Mapping[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        GatewaySettings.model_validate(values)
    assert "hush-hush" not in str(refused.value)


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMGGEN_LISTEN", "127.0.0.1:7")
    monkeypatch.setenv("IMGGEN_MODELS", "storybook, sdxl")
    monkeypatch.setenv("IMGGEN_JWT_ALGORITHMS", "ES256")

    settings = GatewaySettings()

    assert settings.listen == "127.0.0.1:7"
    assert settings.models == ("storybook", "sdxl")
    assert settings.jwt_algorithms == ("ES256",)


def test_an_operators_catalogue_adds_models(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text('[models.storybook]\nsuccessor_of = ["dall-e-3"]\n')
    settings = GatewaySettings.model_validate({"catalogue_file": own, "models": "dall-e-3"})
    assert [model.name for model in settings.catalogue().models] == ["storybook"]
    own.write_text("[models.storybook]\nspeed = 1\n")
    with pytest.raises(ValidationError, match="catalogue_file") as refused:
        GatewaySettings.model_validate({"catalogue_file": own, "models": "dall-e-9"})
    assert "models.storybook.speed: is not known here" in str(refused.value)
    assert refused.value.error_count() == 1


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        setattr(GatewaySettings(), "listen", "127.0.0.1:1")  # noqa: B010 - mypy forbids the plain one
