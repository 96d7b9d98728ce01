"""Requests as they come: a JSON object, or a form with files."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import BodyPartReader, web

from tests.wire.contract import Operation
from tests.wire.errors import Refused, error, refused
from tests.wire.parts import FILES, Part

_NUMBERS = ("n", "output_compression", "partial_images")
_WHOLE = re.compile(r"-?[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Received:
    """A request's content; `fields` are as they were sent, `typed` as the contract reads them."""

    fields: Mapping[str, object]
    typed: Mapping[str, object]
    parts: tuple[Part, ...] = ()
    order: tuple[str, ...] = ()


NOTHING = Received({}, {})


async def read(request: web.Request, operation: Operation) -> Received:
    """Reads a request, or raises Refused."""
    wanted = "multipart/form-data" if operation is Operation.EDIT else "application/json"
    if request.content_type != wanted:
        message = f"Unsupported content type '{request.content_type}': expected '{wanted}'."
        raise Refused(error(400, message, code="unsupported_content_type"))
    return await (_form(request) if operation is Operation.EDIT else _object(request))


async def _object(request: web.Request) -> Received:
    try:
        fields = json.loads(await request.read(), object_pairs_hook=_unique)
    except ValueError as broken:
        raise Refused(error(400, "We could not parse the JSON body of your request.")) from broken
    if not isinstance(fields, dict):
        raise Refused(error(400, "The body of your request must be a JSON object."))
    return Received(fields, fields, (), tuple(fields))


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Raises ValueError for a name that an object has twice."""
    unique = dict(pairs)
    if len(unique) < len(pairs):
        raise ValueError("a name appears twice")
    return unique


async def _form(request: web.Request) -> Received:
    fields: dict[str, object] = {}
    parts: list[Part] = []
    order: list[str] = []
    async for field in await request.multipart():
        if not isinstance(field, BodyPartReader):
            raise Refused(error(400, "A part of the form is a form itself."))
        name, data = field.name or "", bytes(await field.read())
        order.append(name)
        media_type = field.headers.get("content-type", "")
        if field.filename is not None or name in FILES:
            parts.append(Part.of(name, field.filename or "", media_type, data))
        elif name in fields:
            raise refused(f"Duplicate parameter: '{name}'.", "invalid_value", name)
        else:
            fields[name] = data.decode()
    typed = {name: _typed(name, str(value)) for name, value in fields.items()}
    return Received(fields, typed, tuple(parts), tuple(order))


def _typed(name: str, value: str) -> object:
    """Returns a form's text as a number or a truth value where the field is one."""
    if name in _NUMBERS and _WHOLE.fullmatch(value):
        return int(value)
    if name == "stream" and value in ("true", "false"):
        return value == "true"
    return value
