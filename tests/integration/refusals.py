"""Requests that are refused, and how that is checked."""

from dataclasses import dataclass
from typing import Any

import grpc
import grpc.aio

from tests.integration.callers import Caller

ALL_STYLES = "3d_render, anime, cartoon, painterly, realistic, storybook, watercolor"


@dataclass(frozen=True)
class Bad:
    """A request that is refused: for which field, for which reason, in which words."""

    request: Any
    field: str
    reason: str
    words: str
    code: grpc.StatusCode = grpc.StatusCode.INVALID_ARGUMENT


async def check(who: Caller, method: Any, cases: dict[str, Bad]) -> None:
    """Makes each bad request and compares how it is refused."""
    wrong = {}
    for name, bad in cases.items():
        refused = await who.refused(method, bad.request)
        told = (refused.code, refused.reason, refused.fields)
        fields = [bad.field] if bad.field else []
        if told != (bad.code, bad.reason, fields) or bad.words not in refused.message:
            wrong[name] = (*told, refused.message)
    assert wrong == {}
