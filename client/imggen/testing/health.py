"""The fake's health, which also says its version; it needs no token."""

from typing import Any, TypeAlias, cast

import grpc
import grpc.aio

from imggen.release import VERSION
from imggen.status import VERSION_KEY

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"

SERVICE = "grpc.health.v1.Health"
_SERVING = b"\x08\x01"  # HealthCheckResponse{status: SERVING}


async def _check(_request: bytes, context: Context) -> bytes:
    context.set_trailing_metadata(((VERSION_KEY, VERSION),))
    return _SERVING


def health_handler() -> grpc.GenericRpcHandler:
    """Returns the handler of health checks; messages are bytes, since no stub is needed."""
    check: Handler = grpc.unary_unary_rpc_method_handler(cast(Any, _check))
    return grpc.method_handlers_generic_handler(SERVICE, {"Check": check})
