"""What of a provider's manifest may be handed on: an allow-list, since others may hold a prompt."""

import json
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeAlias

_Check: TypeAlias = Callable[[Any], bool]

_HIDDEN = (b"bidb", b"c2pa.databoxes", b"c2pa.credentials")
"""Boxes with files, with other data and with credentials of people: the reader tells of none."""


def _matches(pattern: str, value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(pattern, value, re.ASCII) is not None


def _has(fields: Mapping[str, _Check], value: Any) -> bool:
    return isinstance(value, dict) and all(
        name in fields and fields[name](one) for name, one in value.items()
    )


def _each(check: _Check, value: Any) -> bool:
    return isinstance(value, list) and all(map(check, value))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | bool)


def _is_program(value: Any) -> bool:
    """Returns whether a value names a program, as a text or with its version."""
    if isinstance(value, list):
        return all(map(_is_program, value))
    if not isinstance(value, dict):
        return _NAME(value)
    # Libraries add their own names and versions.
    return all(_PROGRAM(name) and _NAME(one) for name, one in value.items())


def _is_bytes(value: Any) -> bool:
    return _BASE64(value) or _each(_is_number, value)


_NAME = partial(_matches, r"[\w./+()·-]+( [\w./+()·-]+){0,3}")
"""A program's name, of four words at most."""
_PROGRAM = partial(_matches, r"name|version|operating_system|[a-z]+(\.\w+)+")
_BASE64 = partial(_matches, r"[A-Za-z0-9+/=]*")
_WORD = partial(_matches, r"[\w.+/-]{1,64}")
_WHEN = partial(_matches, r"[\dTZ:.+-]{10,40}")
_LINK = partial(_matches, r"(self#jumbf=)?[\w:./-]{1,300}")
_SOURCE = partial(
    _matches, r"https?://(cv\.iptc\.org|c2pa\.org)/(newscodes/)?digital-?source-?type/\w{1,64}"
)
_ID = partial(_matches, r"([a-z0-9]+[.:]){0,3}[0-9a-fA-F-]{32,36}(:[\w.-]{1,32}){0,2}")
_TITLE = partial(_matches, r"(image|picture)?([ _-]?[0-9a-fA-F-]{32,36})?(\.(png|jpe?g|webp))?")
"""What is no description: `image.png`, or an id. A file's name may be its prompt."""
_SAID = partial(_matches, r"[\w .,:;/#=()'+-]{0,300}")
"""What the library says of a check."""

_HASHED = partial(_has, {"url": _LINK, "hash": _is_bytes, "alg": _WORD})
_LINKS = partial(_each, _HASHED)
_ACTION = partial(
    _has,
    {
        "action": _WORD,
        "when": _WHEN,
        "softwareAgent": _is_program,
        "softwareAgentIndex": _is_number,
        "digitalSourceType": _SOURCE,
        "parameters": partial(_has, {"ingredient": _HASHED, "ingredients": _LINKS}),
    },
)
_ACTIONS = partial(
    _has,
    {
        "actions": partial(_each, _ACTION),
        "allActionsIncluded": _is_number,
        "softwareAgents": _is_program,
    },
)
_STATUS = partial(
    _each,
    partial(_has, {"code": _WORD, "url": _LINK, "explanation": _SAID, "success": _is_number}),
)
_RESULT = partial(
    _has, {"success": _STATUS, "informational": _STATUS, "failure": _STATUS, "specVersion": _WORD}
)
_DELTA = partial(_has, {"ingredientAssertionURI": _LINK, "validationDeltas": _RESULT})
_RESULTS = partial(
    _has,
    {
        "activeManifest": _RESULT,
        "ingredientDeltas": partial(_each, _DELTA),
        "specVersion": _WORD,
    },
)
_INGREDIENT = partial(
    _has,
    {
        "dc:title": _TITLE,
        "dc:format": _WORD,
        "instanceID": _ID,
        "documentID": _ID,
        "relationship": _WORD,
        "c2pa_manifest": _HASHED,
        "activeManifest": _HASHED,
        "claimSignature": _HASHED,
        "validationStatus": _STATUS,
        "validationResults": _RESULTS,
    },
)
_RANGE = partial(_has, {"start": _is_number, "length": _is_number})
_DATA_HASH = partial(
    _has,
    {
        "exclusions": partial(_each, _RANGE),
        "name": partial(_matches, "jumbf manifest"),
        "alg": _WORD,
        "hash": _is_bytes,
        "pad": _is_bytes,
        "pad2": _is_bytes,
    },
)
_BOX = partial(
    _has,
    {
        "names": partial(_each, _WORD),
        "alg": _WORD,
        "hash": _is_bytes,
        "pad": _is_bytes,
        "excluded": _is_number,
    },
)
_USES = partial(_has, {"use": partial(_matches, "allowed|notAllowed|constrained")})


def _are_uses(value: Any) -> bool:
    return isinstance(value, dict) and all(
        _WORD(name) and _USES(use) for name, use in value.items()
    )


_MINING = partial(_has, {"entries": _are_uses})
_ASSERTIONS: Mapping[str, _Check] = {
    "c2pa.actions": _ACTIONS,
    "c2pa.actions.v2": _ACTIONS,
    "c2pa.hash.data": _DATA_HASH,
    "c2pa.hash.boxes": partial(_has, {"boxes": partial(_each, _BOX), "alg": _WORD}),
    "c2pa.training-mining": _MINING,
    "cawg.training-mining": _MINING,
    "c2pa.ingredient": _INGREDIENT,
    "c2pa.ingredient.v2": _INGREDIENT,
    "c2pa.ingredient.v3": _INGREDIENT,
}
_CLAIM = partial(
    _has,
    {
        "instanceID": _ID,
        "claim_generator": _is_program,
        "claim_generator_info": _is_program,
        "signature": _LINK,
        "assertions": _LINKS,
        "created_assertions": _LINKS,
        "gathered_assertions": _LINKS,
        "dc:title": _TITLE,
        "dc:format": _WORD,
        "alg": _WORD,
        "claim_version": _is_number,
    },
)


def _are_assertions(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    # Several of one kind are numbered: `c2pa.ingredient.v3__1`.
    named = ((_ASSERTIONS.get(re.sub(r"__\d+$", "", label)), one) for label, one in value.items())
    return all(check is not None and check(one) for check, one in named)


_MANIFEST = partial(
    _has,
    {
        "claim": _CLAIM,
        "assertion_store": _are_assertions,
        # Of its certificate: an organization has signed, with its name.
        "signature": lambda _: True,
    },
)


def is_carried(given: bytes, manifests: str) -> bool:
    """Returns whether a picture's manifests, as the reader tells them in detail, hold no texts.

    They may say how and when the picture was made, with which programs, from which other pictures,
    what it may be used for, and who signed it. Anything else may be a prompt, or a name, and a file
    inside a picture at which no classifier has looked.
    """
    if any(mark in given for mark in _HIDDEN):
        return False
    told = json.loads(manifests).get("manifests", {})
    return bool(told) and all(_ID(label) and _MANIFEST(one) for label, one in told.items())
