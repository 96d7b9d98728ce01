"""The short names of enum values."""

from typing import Any

import pytest

from imggen.fields import short_name, short_names
from imggen.v1 import admin_pb2, batch_pb2, budget_pb2, image_pb2, job_pb2
from tests.markdown import ROOT

ENUMS: list[Any] = [
    *(admin_pb2.AdminActionKind, admin_pb2.Lane, batch_pb2.BatchStatus, budget_pb2.CallKind),
    *(image_pb2.ImageStatus, image_pb2.ImageType, job_pb2.JobKind, job_pb2.JobStatus),
    job_pb2.Stage,
]


@pytest.mark.parametrize("enum", ENUMS, ids=lambda enum: enum.DESCRIPTOR.name)
def test_a_value_that_only_a_newer_server_knows_has_a_name(enum: Any) -> None:
    assert short_name(enum, 99) == "unknown_99"
    assert {short_name(enum, value) for value in enum.values()} == set(short_names(enum))


def test_no_command_names_a_value_in_a_way_that_fails_for_a_newer_one() -> None:
    commands = ROOT / "client" / "imggen" / "cli"
    assert [path.name for path in commands.rglob("*.py") if ".Name(" in path.read_text()] == []
