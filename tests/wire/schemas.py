"""JSON schemas of structured answers: which ones strict mode takes, and the least they allow.

By the guide to Structured Outputs: the root is an object, every object refuses further properties
and needs all of its own, and keywords beyond a subset of JSON Schema are refused.
"""

import re
from collections.abc import Iterator, Mapping

from tests.wire.errors import refused

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_TYPES = ("string", "number", "integer", "boolean", "null", "object", "array")
_KEYWORDS = frozenset(
    {
        *("type", "description", "title", "enum", "const", "anyOf", "$ref", "$defs"),
        *("properties", "required", "additionalProperties", "items"),
        *("pattern", "format", "multipleOf", "minimum", "maximum", "exclusiveMinimum"),
        *("exclusiveMaximum", "minItems", "maxItems"),
    }
)
_MOST_PROPERTIES = 5000
_MOST_ENUM_VALUES = 1000
_MOST_LEVELS = 10

Schema = Mapping[str, object]


def check_format(name: str, value: object) -> None:
    """Raises Refused for a response format that the contract does not allow."""
    if not isinstance(value, dict):
        raise _invalid_type(name, "an object")
    match value.get("type"):
        case "text" | "json_object":
            return
        case "json_schema":
            _check_json_schema(f"{name}.json_schema", value.get("json_schema"))
        case other:
            known = "'json_object', 'json_schema', and 'text'"
            message = f"Invalid value: {other!r}. Supported values are: {known}."
            raise refused(message, "invalid_value", f"{name}.type")


def schema_of(value: object) -> Schema | None:
    """Returns the schema of a response format that was checked; None for plain text."""
    match value:
        case {"type": "json_schema", "json_schema": {"schema": dict() as schema}}:
            return schema
        case _:
            return None


def filled(schema: Schema, words: str) -> object:
    """Returns the least that a schema allows: `words` where any text may be, and empty lists."""
    choices = schema.get("enum")
    if isinstance(choices, list):
        return choices[0]
    match schema.get("type"):
        case "object":
            return {name: filled(of, words) for name, of in _properties(schema).items()}
        case "array":
            return []
        case "string":
            return words
        case "boolean":
            return False
        case "integer" | "number":
            return 0
        case _:
            return None


def _check_json_schema(name: str, value: object) -> None:
    if not isinstance(value, dict):
        raise refused(f"Missing required parameter: '{name}'.", "missing_required_parameter", name)
    title = value.get("name")
    if not isinstance(title, str):
        at = f"{name}.name"
        raise refused(f"Missing required parameter: '{at}'.", "missing_required_parameter", at)
    if not _NAME.fullmatch(title):
        message = f"Invalid '{name}.name': expected a-z, A-Z, 0-9, underscores and dashes."
        raise refused(message, "invalid_value", f"{name}.name")
    schema, strict = value.get("schema"), value.get("strict")
    if strict not in (None, True, False):
        raise _invalid_type(f"{name}.strict", "a boolean")
    if not isinstance(schema, dict):
        raise _invalid_type(f"{name}.schema", "an object")
    if strict and (fault := _fault(schema)):
        message = f"Invalid schema for response_format '{title}': {fault}"
        raise refused(message, "invalid_json_schema", "response_format")


def _fault(schema: Schema) -> str:
    """Returns why strict mode refuses a schema; empty where it does not."""
    if schema.get("type") != "object":
        return f"schema must be a JSON Schema of 'type: \"object\"', got {schema.get('type')!r}."
    parts = list(_parts(schema, (), 1))
    if faults := [f"In context={path}, {fault}" for path, _, _, fault in parts if fault]:
        return faults[0]
    if sum(len(_properties(part)) for _, part, _, _ in parts) > _MOST_PROPERTIES:
        return f"more than {_MOST_PROPERTIES} properties."
    if sum(len(_listed(part, "enum")) for _, part, _, _ in parts) > _MOST_ENUM_VALUES:
        return f"more than {_MOST_ENUM_VALUES} enum values."
    if max(level for _, _, level, _ in parts) > _MOST_LEVELS:
        return f"more than {_MOST_LEVELS} levels of nesting."
    return ""


def _parts(
    schema: Schema, path: tuple[str, ...], level: int
) -> Iterator[tuple[tuple[str, ...], Schema, int, str]]:
    """Yields a schema and all inside it: where it is, itself, its level, and its own fault."""
    yield path, schema, level, _own_fault(schema)
    for name, part in _properties(schema).items():
        yield from _parts(part, (*path, "properties", name), level + 1)
    items = schema.get("items")
    if isinstance(items, dict):
        yield from _parts(items, (*path, "items"), level + 1)
    for index, choice in enumerate(_listed(schema, "anyOf")):
        if isinstance(choice, dict):
            yield from _parts(choice, (*path, "anyOf", str(index)), level)


def _own_fault(schema: Schema) -> str:
    if unknown := sorted(schema.keys() - _KEYWORDS):
        return f"'{unknown[0]}' is not permitted."
    kinds = schema.get("type")
    if kinds is None and not schema.keys() & {"anyOf", "$ref", "enum", "const"}:
        return "schema must have a 'type' key."
    for kind in kinds if isinstance(kinds, list) else [kinds]:
        if kind is not None and kind not in _TYPES:
            return f"{kind!r} is not valid under any of the given schemas."
    if kinds == "array" and not isinstance(schema.get("items"), dict):
        return "array schema missing items."
    if kinds != "object":
        return ""
    if schema.get("additionalProperties") is not False:
        return "'additionalProperties' is required to be supplied and to be false."
    if set(_listed(schema, "required")) != set(_properties(schema)):
        return "'required' is required to be an array including every key in properties."
    return ""


def _properties(schema: Schema) -> Mapping[str, Schema]:
    found = schema.get("properties")
    return found if isinstance(found, dict) else {}


def _listed(schema: Schema, keyword: str) -> list[object]:
    found = schema.get(keyword)
    return found if isinstance(found, list) else []


def _invalid_type(name: str, wanted: str) -> Exception:
    return refused(f"Invalid type for '{name}': expected {wanted}.", "invalid_type", name)
