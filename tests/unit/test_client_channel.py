"""How the client connects: clear text on loopback, TLS elsewhere, light imports."""

import datetime
import subprocess
import sys
from collections.abc import AsyncIterator

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from imggen import Client
from imggen.channel import SERVICE_CONFIG, credentials_for
from imggen.errors import BadArgument, Unavailable
from imggen.targets import is_loopback, spoken, target_of
from imggen.testing.library import Styles
from imggen.v1.style_pb2_grpc import add_StyleServiceServicer_to_server
from tests.contract import methods

Pair = tuple[bytes, bytes]


def self_signed(name: str) -> Pair:
    """Returns a certificate for a host, and its key, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return (
        certificate.public_bytes(Encoding.PEM),
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    )


@pytest.fixture(scope="module")
def of_server() -> Pair:
    return self_signed("localhost")


@pytest.fixture(scope="module")
def of_client() -> Pair:
    return self_signed("caller")


@pytest.fixture
async def port(of_server: Pair, of_client: Pair) -> AsyncIterator[int]:
    """Yields the port of a server with mutual TLS."""
    server = grpc.aio.server()
    add_StyleServiceServicer_to_server(Styles(), server)
    certificate, key = of_server
    credentials = grpc.ssl_server_credentials(
        [(key, certificate)], root_certificates=of_client[0], require_client_auth=True
    )
    port = server.add_secure_port("localhost:0", credentials)
    await server.start()
    yield port
    await server.stop(grace=None)


@pytest.mark.parametrize(
    "target",
    [
        *("localhost", "localhost:50051", "127.0.0.1:1", "127.8.9.1:1", "[::1]:1", "::1"),
        *("dns:///localhost:1", "dns:localhost:1", "ipv4:127.0.0.1:1", "unix:/run/imggen.sock"),
    ],
)
def test_loopback_needs_no_tls(target: str) -> None:
    assert is_loopback(target)


@pytest.mark.parametrize(
    "target",
    [
        *("imggen.example:443", "10.0.0.7:1", "dns:///imggen.example", "[2001:db8::1]:1"),
        *("localhost.example:1", "dns://127.0.0.1/imggen.example:443"),
    ],
)
def test_other_targets_have_tls(target: str) -> None:
    assert not is_loopback(target)
    options = {"root_certificates": None, "client_certificate": None, "client_key": None}
    assert credentials_for(target, insecure=False, **options) is not None
    assert credentials_for(target, insecure=True, **options) is None


def test_options_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(ValueError, match="go together"):
        Client("imggen.example:443", client_certificate=b"PEM")
    with pytest.raises(ValueError, match="insecure=True uses no certificates"):
        Client("imggen.example:443", root_certificates=b"PEM", insecure=True)


def test_what_is_no_certificate_or_key_is_refused_by_name(of_client: Pair) -> None:
    certificate, key = of_client
    broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    for roots in (b"", b"PEM", broken, key):
        with pytest.raises(BadArgument) as raised:
            Client("imggen.example:443", root_certificates=roots)
        [bad] = raised.value.violations
        assert (bad.field, bad.description[:21]) == ("root_certificates", "holds no certificates")
    locked = key.replace(b"BEGIN PRIVATE", b"BEGIN ENCRYPTED PRIVATE")
    for pair, word in ((of_client[::-1], "holds no"), ((certificate, locked), "is encrypted")):
        with pytest.raises(BadArgument, match=f"client_key.*{word}"):
            Client("x.example", client_certificate=pair[0], client_key=pair[1])
    all_three = ("root_certificates", "client_certificate", "client_key")
    broken = b"-----BEGIN PRIVATE KEY-----\n?\n-----END"
    with pytest.raises(BadArgument) as raised:
        Client("x.example", root_certificates=b"", client_certificate=b"", client_key=broken)
    assert [bad.field for bad in raised.value.violations] == [*all_three]


def test_a_bundle_with_names_in_any_script_is_taken(of_server: Pair) -> None:
    bundle = "# Főtanúsítvány\n".encode() + of_server[0] + of_server[0]
    assert Client("imggen.example:443", root_certificates=bundle) is not None


async def test_certificates_of_both_sides_are_checked(
    port: int, of_server: Pair, of_client: Pair
) -> None:
    certificate, key = of_client
    async with Client(
        f"localhost:{port}",
        root_certificates=of_server[0],
        client_certificate=certificate,
        client_key=key,
    ) as client:
        assert [style.id async for style in client.styles()]


async def test_a_server_of_another_authority_is_not_trusted(port: int, of_client: Pair) -> None:
    async with Client(f"localhost:{port}", root_certificates=of_client[0]) as client:
        with pytest.raises(Unavailable, match="TLS"):
            await anext(client.styles())


def test_grpc_retries_every_call_but_the_watches_which_resume_by_themselves() -> None:
    all_calls, watches = SERVICE_CONFIG["methodConfig"]
    assert all_calls["name"] == [{}]
    assert all_calls["retryPolicy"]["retryableStatusCodes"] == ["UNAVAILABLE"]
    assert "retryPolicy" not in watches
    exempt = {(one["service"], one["method"]) for one in watches["name"]}
    assert exempt == {
        (method.containing_service.full_name, method.name)
        for method in methods().values()
        if method.server_streaming and method.name.startswith("Watch")
    }


async def test_a_client_without_calls_opens_no_channel() -> None:
    async with Client("imggen.example:443"):
        pass


def test_importing_the_package_imports_neither_grpc_nor_protobuf() -> None:
    code = (
        "import sys, imggen; "
        "assert not {'grpc', 'google.protobuf', 'click', 'rich'} & sys.modules.keys(); "
        "from imggen import *; assert Client and SyncClient and Page; "
        "assert not {'click', 'rich', 'imggen.rules', 'imggen.testing'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_unknown_name_is_an_attribute_error() -> None:
    import imggen

    with pytest.raises(AttributeError, match="no attribute 'Painter'"):
        imggen.Painter  # type: ignore[attr-defined] # noqa: B018
    assert "Client" in dir(imggen)


@pytest.mark.parametrize(
    "target", ["127.0.0.1:99999", "[::1]:65536", "dns:///a.example:65536", "a:1,b:7777777"]
)
def test_a_port_that_is_none_is_refused(target: str) -> None:
    with pytest.raises(BadArgument, match="has a port above 65535"):
        target_of(target, {})


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("127.0.0.1", "127.0.0.1, port 443, since it names none,"),
        ("dns:///a.example", "dns:///a.example, port 443, since it names none,"),
        *((one, one) for one in ("a:1", "[::1]:5", "unix:/tmp/x", "unix:///x", "xds:///a")),
        *((one, one) for one in ("dns:///a:65535", "ipv6:[::1]:5", "a:https")),
    ],
)
def test_a_message_has_the_port_that_a_target_does_not_name(target: str, said: str) -> None:
    assert spoken(target_of(target, {})) == said
