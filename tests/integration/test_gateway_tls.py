"""TLS and mTLS, with certificates that a test authority signs."""

from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from server.causes import CannotStart
from tests.endpoint import running_endpoint
from tests.integration.certificates import Authority, Pair

AUTHORITY = Authority("imggen tests")
SERVER = AUTHORITY.sign("gateway")


@pytest.fixture
def tls(tmp_path: Path) -> dict[str, Any]:
    certificate, key = SERVER.write(tmp_path, "gateway")
    return {"tls_cert_file": certificate, "tls_key_file": key}


@pytest.fixture
def mtls(tls: dict[str, Any], tmp_path: Path) -> dict[str, Any]:
    authorities = tmp_path / "clients.pem"
    authorities.write_bytes(AUTHORITY.pem)
    return tls | {"tls_client_ca_file": authorities}


async def test_a_caller_that_trusts_the_authority_is_served(tls: dict[str, Any]) -> None:
    async with running_endpoint(**tls) as gateway:
        assert await _health_code(gateway.endpoint.address, AUTHORITY) is grpc.StatusCode.OK


async def test_a_caller_that_trusts_another_authority_does_not_connect(tls: dict[str, Any]) -> None:
    async with running_endpoint(**tls) as gateway:
        code = await _health_code(gateway.endpoint.address, Authority("somebody else"))

    assert code is grpc.StatusCode.UNAVAILABLE


async def test_plain_text_is_refused_by_a_server_with_tls(tls: dict[str, Any]) -> None:
    async with running_endpoint(**tls) as gateway:
        assert await (await gateway.list_styles()).code() is grpc.StatusCode.UNAVAILABLE


async def test_a_caller_with_a_certificate_is_served_under_mtls(mtls: dict[str, Any]) -> None:
    async with running_endpoint(**mtls) as gateway:
        client = AUTHORITY.sign("caller")
        code = await _health_code(gateway.endpoint.address, AUTHORITY, client)

    assert code is grpc.StatusCode.OK


@pytest.mark.parametrize("client", [None, Authority("somebody else").sign("caller")])
async def test_a_caller_without_a_good_certificate_is_refused_under_mtls(
    mtls: dict[str, Any], client: Pair | None
) -> None:
    async with running_endpoint(**mtls) as gateway:
        code = await _health_code(gateway.endpoint.address, AUTHORITY, client)

    assert code is grpc.StatusCode.UNAVAILABLE


async def test_a_renewed_certificate_is_used_without_a_restart(
    tls: dict[str, Any], tmp_path: Path
) -> None:
    renewed = Authority("renewed")
    async with running_endpoint(**tls) as gateway:
        address = gateway.endpoint.address
        before = await _health_code(address, AUTHORITY)
        certificate, key = renewed.sign("gateway").write(tmp_path, "new")
        key.replace(tls["tls_key_file"])
        certificate.replace(tls["tls_cert_file"])
        after = await _health_code(address, renewed)

    assert (before, after) == (grpc.StatusCode.OK, grpc.StatusCode.OK)


async def _health_code(
    address: str, trusted: Authority, client: Pair | None = None
) -> grpc.StatusCode:
    credentials = grpc.ssl_channel_credentials(
        trusted.pem,
        private_key=client.key if client else None,
        certificate_chain=client.certificate if client else None,
    )
    # By default the channels of one process share connections.
    options = [("grpc.use_local_subchannel_pool", 1)]
    async with grpc.aio.secure_channel(address, credentials, options=options) as channel:
        call = health_pb2_grpc.HealthStub(channel).Check(
            health_pb2.HealthCheckRequest(), timeout=10
        )
        code: grpc.StatusCode = await call.code()
        return code


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("tls_key_file", None, "IMGGEN_TLS_KEY_FILE: .*: No such file or directory"),
        ("tls_cert_file", None, "IMGGEN_TLS_CERT_FILE: .*: No such file or directory"),
        ("tls_key_file", b"", "IMGGEN_TLS_KEY_FILE: .*: Is a directory"),
        ("tls_key_file", Authority("x").sign("other").key, "key values mismatch"),
        ("tls_key_file", b"nothing", "are no PEM certificate and its key"),
        ("tls_cert_file", b"nothing", "are no PEM certificate and its key"),
        ("tls_client_ca_file", b"nothing", "IMGGEN_TLS_CLIENT_CA_FILE: .* has no certificates"),
    ],
)
async def test_files_that_do_not_fit_end_the_start_and_are_named(
    mtls: dict[str, Any], tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    file = tmp_path / "wrong"
    if content:
        file.write_bytes(content)
    elif content is not None:
        file.mkdir()
    with pytest.raises(CannotStart, match=message) as refused:
        async with running_endpoint(**{**mtls, name: file}):
            pass
    assert refused.value.lasting
