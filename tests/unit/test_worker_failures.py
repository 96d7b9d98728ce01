"""The reason of an error in a worker, and whether another attempt may succeed."""

import pytest

from actors.worker.attempt import explain
from imggen.v1.errors_pb2 import ErrorReason
from server.errors import FailedPrecondition, Unavailable
from server.storage import KeyTaken, ObjectMissing, StorageUnavailable

AWAY = StorageUnavailable("store it", "is away")


@pytest.mark.parametrize(
    ("error", "reason", "retryable"),
    [
        (RuntimeError("boom"), "RENDER_FAILED", True),
        (OSError("out of memory"), "RENDER_FAILED", True),
        (ValueError("no such style"), "CONTENT_INVALID", False),
        (AWAY, "STORE_FAILED", True),
        (ExceptionGroup("", [AWAY]), "STORE_FAILED", True),
        (ExceptionGroup("", [AWAY, AWAY]), "STORE_FAILED", True),
        (Unavailable("gone", ErrorReason.ERROR_REASON_RENDER_FAILED), "RENDER_FAILED", True),
        (
            Unavailable("away", ErrorReason.ERROR_REASON_DATABASE_UNAVAILABLE),
            "DATABASE_UNAVAILABLE",
            True,
        ),
        (
            FailedPrecondition("no", ErrorReason.ERROR_REASON_MODEL_UNKNOWN),
            "MODEL_UNKNOWN",
            False,
        ),
    ],
)
def test_a_failure_has_its_reason_and_whether_another_attempt_may_succeed(
    error: Exception, reason: str, retryable: bool
) -> None:
    failure, again = explain(error)
    assert (failure.reason, again) == (reason, retryable)


KEY = "5f1c9a52-0d59-4f3b-9e57-6f2a0c3f2b11/7/1/0a1b.png"


@pytest.mark.parametrize(
    "error",
    [
        StorageUnavailable(f"write {KEY}", "No space left on device"),
        StorageUnavailable("list 5f1c9a52-0d59-4f3b-9e57-6f2a0c3f2b11/", "AccessDenied"),
        KeyTaken(KEY),
        ObjectMissing(KEY),
    ],
)
def test_a_failure_does_not_show_the_key_of_a_users_picture(error: Exception) -> None:
    failure, _ = explain(error)
    assert "5f1c9a52" not in failure.message
