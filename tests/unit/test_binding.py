"""An address that cannot be listened on is named with its setting and the reason."""

import socket
from typing import Any

import pytest

from server.causes import CannotStart
from server.edge.binding import cannot_listen
from tests.endpoint import running_endpoint


async def test_a_port_of_another_process_is_named_and_may_be_free_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(CannotStart) as refused:
            async with running_endpoint(listen=f"127.0.0.1:{port}"):
                pass

    assert str(refused.value) == (
        f"IMGGEN_LISTEN: cannot listen on 127.0.0.1:{port} (Address already in use); "
        "end what uses it, or choose another"
    )
    assert not refused.value.lasting


@pytest.mark.parametrize(
    ("host", "place", "cause"),
    [
        ("192.0.2.1", "192.0.2.1", "Cannot assign requested address"),
        ("[2001:db8::7]", "[2001:db8::7]", "Cannot assign requested address"),
        ("no.such.invalid", "no.such.invalid", "its host is not found"),
    ],
)
async def test_an_address_that_this_machine_does_not_have_is_named_with_the_reason(
    host: str, place: str, cause: str
) -> None:
    settings: dict[str, Any] = {
        "listen": f"{host}:7",
        "jwks_file": "/keys",
        "image_safety": "openai",
    }
    with pytest.raises(CannotStart, match=cause) as refused:
        async with running_endpoint(**settings):
            pass

    assert str(refused.value).startswith(f"IMGGEN_LISTEN: cannot listen on {place}:7 (")
    assert refused.value.lasting


def test_a_port_that_needs_rights_is_named_with_the_reason() -> None:
    refused = cannot_listen("IMGGEN_HTTP_PORT", "127.0.0.1", 80, PermissionError(13, "no"))
    assert str(refused) == (
        "IMGGEN_HTTP_PORT: cannot listen on 127.0.0.1:80 (Permission denied); choose another"
    )
    assert refused.lasting
