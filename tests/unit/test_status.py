"""The conversion of an exception to a Status."""

from datetime import timedelta

import grpc
import pytest
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, QuotaFailure, RetryInfo
from google.rpc.status_pb2 import Status

from imggen.errors import reason_name
from imggen.rules.refusals import refusal
from imggen.v1 import errors_pb2 as reasons
from imggen.v1.errors_pb2 import ErrorReason
from server.edge.status import explain
from server.errors import Internal, InvalidRequest, NotFound, Unavailable, Violation
from server.money.budgets import OverBudget


def test_every_status_has_error_info_with_the_reason_and_the_domain() -> None:
    answer = refusal(NotFound("no such job", reasons.ERROR_REASON_JOB_NOT_FOUND))

    status, info = Status.FromString(answer.details), ErrorInfo()
    assert (status.code, status.message) == (5, "no such job")
    assert status.details[0].Unpack(info)
    assert (info.reason, info.domain) == ("JOB_NOT_FOUND", "imggen.dev")


def test_retry_info_says_how_long_to_wait() -> None:
    answer = refusal(
        Unavailable(
            "away",
            reasons.ERROR_REASON_DATABASE_UNAVAILABLE,
            retry_after=timedelta(milliseconds=1500),
        )
    )

    retry = RetryInfo()
    assert Status.FromString(answer.details).details[1].Unpack(retry)
    assert retry.retry_delay.ToMilliseconds() == 1500


def test_a_refused_price_names_the_budget_that_is_used_up() -> None:
    answer = refusal(OverBudget(40_000, "provider:openai", retry_after=timedelta(hours=5)))

    quota = QuotaFailure()
    details = Status.FromString(answer.details).details
    assert [detail.Unpack(quota) for detail in details] == [False, False, True]
    assert [violation.subject for violation in quota.violations] == ["provider:openai"]


def test_a_violation_has_its_field_its_reason_and_what_would_be_right() -> None:
    violation = Violation("style", '"oil" is not a style', reasons.ERROR_REASON_STYLE_UNKNOWN)

    bad = BadRequest()
    answer = refusal(InvalidRequest.of([violation]))
    assert Status.FromString(answer.details).details[1].Unpack(bad)
    [found] = bad.field_violations
    assert (found.field, found.reason) == ("style", "STYLE_UNKNOWN")
    assert found.description == '"oil" is not a style'


@pytest.mark.parametrize("letter", ["x", "ä", "猫"])
def test_a_status_fits_into_the_metadata_limit_of_clients(letter: str) -> None:
    violations = [
        Violation(f"pages[{n}].text", letter * 3000, reasons.ERROR_REASON_TEXT_TOO_LONG)
        for n in range(300)
    ]
    error = InvalidRequest.of(violations)
    error.metadata["text"] = letter * 3000

    answer = refusal(error)

    encoded_message = len(answer.message.encode()) * 3
    assert len(answer.details) + encoded_message < 8 * 1024


def test_an_unknown_exception_reveals_only_where_to_look() -> None:
    explained = explain(ValueError("password=hunter2"), "abc")

    assert explained.code is grpc.StatusCode.INTERNAL
    assert explained.reason == reasons.ERROR_REASON_INTERNAL
    assert "hunter2" not in explained.message
    assert explained.metadata == {"request_id": "abc"}


def test_a_timeout_is_deadline_exceeded() -> None:
    assert explain(TimeoutError(), "abc").code is grpc.StatusCode.DEADLINE_EXCEEDED


def test_an_error_of_the_service_keeps_its_code() -> None:
    error = Internal("the model failed", reasons.ERROR_REASON_RENDER_FAILED)

    assert explain(error, "abc") is error


def test_every_reason_travels_without_its_prefix() -> None:
    assert reason_name(reasons.ERROR_REASON_TOKEN_EXPIRED) == "TOKEN_EXPIRED"
    assert not [name for name in map(reason_name, ErrorReason.values()) if "REASON" in name]
