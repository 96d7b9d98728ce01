"""The errors that the service raises: those that its callers catch, each with a code and a reason.

A message says what was wrong and what would be right. An error that no caller sees is a subclass
of `ImggenError` where it is raised.
"""

from imggen.errors import (
    Aborted,
    AlreadyExists,
    DeadlineExceeded,
    FailedPrecondition,
    ImggenError,
    Internal,
    InvalidRequest,
    NotFound,
    ResourceExhausted,
    Unauthenticated,
    Unavailable,
    Violation,
)

__all__ = [
    "Aborted",
    "AlreadyExists",
    "DeadlineExceeded",
    "FailedPrecondition",
    "ImggenError",
    "Internal",
    "InvalidRequest",
    "NotFound",
    "ResourceExhausted",
    "Unauthenticated",
    "Unavailable",
    "Violation",
]
