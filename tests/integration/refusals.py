"""Requests that must be refused, and their check."""

from dataclasses import dataclass
from typing import Any

import grpc
import grpc.aio

from tests.integration.callers import Caller

ALL_STYLES = "3d_render, anime, cartoon, painterly, realistic, storybook, watercolor"


@dataclass(frozen=True)
class Bad:
    """A bad request, and the expected field, reason, words and code of its refusal."""

    request: Any
    field: str
    reason: str
    words: str
    code: grpc.StatusCode = grpc.StatusCode.INVALID_ARGUMENT


async def check(caller: Caller, method: Any, cases: dict[str, Bad]) -> None:
    """Makes each bad request and checks its refusal."""
    wrong = {}
    for name, bad in cases.items():
        refused = await caller.refused(method, bad.request)
        found = (refused.code, refused.reason, refused.fields)
        fields = [bad.field] if bad.field else []
        if found != (bad.code, bad.reason, fields) or bad.words not in refused.message:
            wrong[name] = (*found, refused.message)
    assert wrong == {}
